"""Statistics of the day: what one battery did from midnight to midnight of its site.

Energy is the integral of power over time, charge that of current, each split by its sign; the
readings' weights (`weighing`) say how long each stands for, so that nothing is invented across a
gap. Equivalent full cycles are the charge that went through, in and out, over twice the battery's
capacity. All of it comes from whole numbers kept in the tier of days, and a record is made anew
whenever one of its parts is: it does not depend on when it was made.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from app.clients.models import Battery, BatteryType
from collector.wire.metrics import METRICS
from collector.wire.reading import digits_of

from .bands import Band, Stat, fold_band, integral
from .chunks import Key
from .daily import SOC_EDGES, TEMPERATURE_EDGES
from .days import DAY_MS, date_at, midnights
from .models import BatteryDay
from .readings import Values
from .shelf import read
from .tiers import DAY

HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class _Bands:
    code: str
    edges: Sequence[float]


BANDS = {
    "soc": _Bands("soc_band", SOC_EDGES),
    "temperature_max": _Bands("temperature_band", TEMPERATURE_EDGES),
}
FLOWS = {"power": "power_in", "current": "current_in"}
"""Of these the part that flows in is kept beside the whole; what flowed out is the difference."""


def shares(key: Key, series: Values, weights: np.ndarray) -> Iterator[tuple[Key, Stat]]:
    """What only days keep of a series of readings: flow into the battery, time in bands."""
    code, index = key
    if index is not None or code not in BANDS.keys() | FLOWS.keys():
        return
    held = weights if series.known is None else weights * series.known
    if code in FLOWS:
        yield (FLOWS[code], None), integral(np.maximum(series.numbers, 0), held)
        return
    edges = np.array(BANDS[code].edges) * 10 ** digits_of(code)
    places = np.searchsorted(edges, series.numbers, "right")
    for place in np.unique(places).tolist():
        yield (BANDS[code].code, place), integral((places == place).astype(np.int64), held)


def record(session: Session, asset_id: int, start: int, zone: ZoneInfo, compiled_to: int) -> None:
    """Write the records of the site's days that the UTC day from `start` (ms) on has a part in."""
    bounds = midnights(start, start + DAY_MS, zone)
    capacity = _capacity(session, asset_id)
    rows = []
    for begins, ends in zip(bounds, bounds[1:], strict=False):
        band = read(session, asset_id, DAY, begins, ends)
        if band is not None:
            whole = fold_band(band, np.array([0]), band.times[:1])
            day = date_at(begins, zone).isoformat()
            through = min(ends, max(compiled_to, start + DAY_MS))
            row = {"asset_id": asset_id, "day": day, "start": begins, "end": ends}
            rows.append(row | {"through": through} | _row(whole, capacity))
    session.execute(
        delete(BatteryDay).where(
            BatteryDay.asset_id == asset_id,
            BatteryDay.day.in_([date_at(begins, zone).isoformat() for begins in bounds[:-1]]),
        )
    )
    if rows:
        session.execute(insert(BatteryDay), rows)


def _capacity(session: Session, asset_id: int) -> float | None:
    found = session.execute(
        select(Battery.capacity_ah, BatteryType.capacity_ah)
        .outerjoin(BatteryType, Battery.type_id == BatteryType.id)
        .where(Battery.id == asset_id)
    ).one_or_none()
    return next((ah for ah in found or () if ah), None)


def _row(whole: Band, capacity: float | None) -> dict[str, Any]:
    energy_in, energy_out = _flow(whole, "power", 3)
    charge_in, charge_out = _flow(whole, "current", 4)
    cycles = None
    if capacity and charge_in is not None:
        cycles = round((charge_in + charge_out) / (2 * capacity), 5)
    return {
        "covered_ms": int(whole.covered[0]),
        "energy_in_wh": energy_in,
        "energy_out_wh": energy_out,
        "charge_in_ah": charge_in,
        "charge_out_ah": charge_out,
        "cycles": cycles,
        "bands": {code: _times(whole, bands) for code, bands in BANDS.items()},
        "metrics": {
            code: _extremes(stat, code)
            for (code, index), stat in whole.stats.items()
            if index is None and code in METRICS and stat.low is not None and stat.weight[0]
        },
    }


def _flow(whole: Band, code: str, digits: int) -> tuple[float | None, float | None]:
    """What flowed in and out in a day, per hour of flow: Wh of W, Ah of A."""
    net, inward = whole.stats.get((code, None)), whole.stats.get((FLOWS[code], None))
    if net is None or inward is None or not net.weight[0]:
        return None, None
    unit = HOUR_MS * 10 ** digits_of(code)
    into = int(inward.total[0])
    return round(into / unit, digits), round((into - int(net.total[0])) / unit, digits)


def _times(whole: Band, bands: _Bands) -> list[int]:
    """Milliseconds in each band."""
    found = (whole.stats.get((bands.code, place)) for place in range(len(bands.edges) + 1))
    return [0 if stat is None else int(stat.total[0]) for stat in found]


def _extremes(stat: Stat, code: str) -> dict[str, float]:
    unit, digits = 10 ** digits_of(code), digits_of(code)
    low, high, last = (int(each[0]) / unit for each in (stat.low, stat.high, stat.last))
    if stat.total is None:
        return {"low": low, "high": high, "last": last}
    mean = round(int(stat.total[0]) / int(stat.weight[0]) / unit, digits)
    return {"low": low, "mean": mean, "high": high, "last": last}
