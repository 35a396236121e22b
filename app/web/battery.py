"""One battery, live: its numbers, every cell, the BMS, and the way the data take."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from app.clients import catalogue
from app.clients.catalogue import AssetFilter
from app.clients.models import Battery
from app.core.access import Permission, requires
from app.core.models import Collector
from app.database.base import now_ms
from app.gateway.context import core_session, current_principal, tenant_session
from app.processor.history import recent
from app.processor.live import snapshot
from app.processor.state import LIVE, OFFLINE, STALE

from . import board
from .board import Row
from .cells import panel
from .chain import chain
from .outlook import Outlook, outlook
from .page import live, shell
from .spark import Line, spark

blueprint = Blueprint("battery", __name__)

TREND_MS = 3_600_000
TREND_POINTS = 60
TRENDS = ("pack_voltage", "current", "power", "temperature_max")
REST_AMPERES = 0.05
"""Less than this is neither charge nor discharge."""
METER_LOW, METER_HIGH = -20.0, 70.0
"""Ends of the temperature meters, °C."""
SWITCHES = (
    "contactor",
    "contactor_charge",
    "contactor_discharge",
    "precharge",
    "heater",
    "cooling",
)
ACTIVITIES = ("charging", "discharging")
"""What the pack does, not what it may do: the mode says the same where there is one."""


@dataclass(frozen=True, slots=True)
class Meter:
    """One temperature: a sensor of an array (`index` from 0) or a single metric."""

    code: str
    index: int | None
    value: float

    @property
    def of_cells(self) -> bool:
        """Whether the type's limit, which is the cells', holds for it."""
        return self.code in ("cell_temperature", "temperature_max", "temperature_min")

    @property
    def width(self) -> float:
        """Percent of the meter filled."""
        part = (self.value - METER_LOW) / (METER_HIGH - METER_LOW)
        return round(100 * min(max(part, 0), 1), 1)


@blueprint.get("/batteries/<int:asset_id>")
@requires(Permission.SEE_FLEET)
def page(asset_id: int) -> ResponseReturnValue:
    """The live page; offline it shows the last known values, greyed and timed."""
    now = now_ms()
    shown = frame(asset_id, "live", now)
    row: Row = shown["row"]
    arrays = row.entry["arrays"]
    limits = catalogue.limits_of(row.asset.type)
    trends = _trends(row, now)
    return render_template(
        "fleet/battery.html",
        limits=limits,
        frozen=row.connection == OFFLINE,
        late=row.connection == STALE,
        flow=flow(row),
        cells=panel(
            arrays.get("cell_voltage", ()), arrays.get("balancing", ()), limits.get("spread")
        ),
        hottest=_hottest(arrays.get("cell_temperature", ())),
        meters=_meters(row),
        meter_limit=_meter_limit(limits.get("temperature_high")),
        trends=trends,
        outlook=Outlook()
        if row.connection == OFFLINE
        else outlook(row, trends.get("power"), limits["reserve"]),
        soh=None if row.entry["states"].get("soh_provided") is False else row.values.get("soh"),
        switches=_switches(row.entry["states"]),
        chain=chain(row, _collector(row.asset), now),
        **shown,
        **live(f"?asset={asset_id}", meter=[METER_LOW, METER_HIGH]),
    )


def frame(asset_id: int, tab: str, now: int) -> dict[str, Any]:
    """The context that every page of a battery has: what it is, how it is, and its neighbours.

    `tab` is the page's own among them.
    """
    battery = catalogue.asset(tenant_session(), asset_id)
    before, after = _neighbours(battery)
    row = board.row(battery, _entry(asset_id), now)
    more = {"battery": battery, "row": row, "before": before, "after": after, "tab": tab}
    return {**more, **shell("batteries")}


def flow(row: Row) -> str:
    """`charging`, `discharging`, `idle`, or nothing when the current is unknown."""
    current = row.values.get("current")
    if current is None:
        return ""
    if abs(current) < REST_AMPERES:
        return "idle"
    return "charging" if current > 0 else "discharging"


def _entry(asset_id: int) -> dict[str, Any]:
    found = snapshot(tenant_session(), [asset_id])
    if not found:  # retired: nothing live is said of it
        return {
            "ts": None,
            "received_at": None,
            "interval_ms": 0,
            "live_ms": 0,
            "severity": "",
            "values": {},
            "arrays": {},
            "states": {},
            "alarms": [],
        }
    return found[0]


def _trends(row: Row, now: int) -> dict[str, Line | None]:
    if row.connection != LIVE:
        return {}
    minutes = TREND_MS // 60_000
    found = recent(tenant_session(), row.asset.id, TRENDS, now, minutes, TREND_POINTS)
    step = max(TREND_MS // TREND_POINTS, row.entry["interval_ms"])
    return {code: spark(points, now - TREND_MS, now, step) for code, points in found.items()}


def _switches(states: Mapping[str, Any]) -> list[str]:
    """The states that are yes or no, as far as they are known and nothing else says them."""
    shown = SWITCHES if "mode" in states else (*SWITCHES, *ACTIVITIES)
    return [code for code in shown if code in states]


def _hottest(temperatures: tuple[float | None, ...]) -> int | None:
    """The number, from 1, of the warmest sensor."""
    known = [(value, i) for i, value in enumerate(temperatures) if value is not None]
    return max(known)[1] + 1 if known else None


def _meters(row: Row) -> list[Meter]:
    sensors = row.entry["arrays"].get("cell_temperature", ())
    meters = [
        Meter("cell_temperature", i, value) for i, value in enumerate(sensors) if value is not None
    ]
    singles = ("mosfet_temperature", "bms_temperature", "ambient_temperature")
    if not meters:
        singles = ("temperature_max", "temperature_min", *singles)
    return meters + [Meter(code, None, row.values[code]) for code in singles if code in row.values]


def _meter_limit(limit: float | None) -> float | None:
    return None if limit is None else Meter("", None, limit).width


def _collector(battery: Battery) -> Collector | None:
    """The collector that last sent data of it. Of this client only: ids come from elsewhere."""
    if battery.collector_id is None:
        return None
    tenant = current_principal().tenant
    collector = core_session().get(Collector, battery.collector_id)
    return collector if collector and tenant and collector.tenant_id == tenant.id else None


def _neighbours(battery: Battery) -> tuple[int | None, int | None]:
    """The batteries before and after it, in its location, by name."""
    wanted = AssetFilter(location_id=battery.location_id)
    ids = [asset.id for asset in tenant_session().scalars(catalogue.find_assets(wanted))]
    if battery.id not in ids:
        return None, None
    at = ids.index(battery.id)
    return (ids[at - 1] if at else None), (ids[at + 1] if at + 1 < len(ids) else None)
