"""What the fleet's pages say of many batteries: rows worst first, counts, sums, the weakest.

Pure: catalogue rows and a live snapshot in, values out. An unknown number is None and takes no
part in a sum; offline batteries take no part either, and the sums say of how many they speak.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.clients.catalogue import limits_of
from app.clients.models import Battery
from app.processor.state import LIVE, STALE, connection_state, status

from .labels import SEVERITIES, STATUSES

Entry = Mapping[str, Any]
_RANK = {code: rank for rank, code in enumerate(STATUSES)}


@dataclass(frozen=True, slots=True)
class Row:
    """One battery with its live state. `age_ms` is None when it was never heard of."""

    asset: Battery
    entry: Entry
    connection: str
    status: str
    age_ms: int | None

    @property
    def ts(self) -> int | None:
        return self.entry["ts"]

    @property
    def values(self) -> Mapping[str, float]:
        return self.entry["values"]

    @property
    def alarms(self) -> list[Mapping[str, Any]]:
        """Its alarms, the gravest first."""
        return sorted(self.entry["alarms"], key=lambda alarm: SEVERITIES.index(alarm["severity"]))

    @property
    def soc(self) -> float | None:
        return self.values.get("soc")

    @property
    def present(self) -> bool:
        """Whether its numbers may be counted as today's."""
        return self.connection in (LIVE, STALE)

    @property
    def limits(self) -> Mapping[str, float]:
        """The limits of its type, by metric: at or beyond them a value stands out."""
        limits = limits_of(self.asset.type)
        codes = {"cell_voltage_spread": "spread", "temperature_max": "temperature_high"}
        return {code: limits[name] for code, name in codes.items() if name in limits}

    def stands_out(self, code: str) -> bool:
        """Whether a value of today is at or beyond its limit."""
        return self.present and code in self.limits and self.values[code] >= self.limits[code]

    @property
    def cells(self) -> int | None:
        """Cells in series: its own number, else its type's."""
        kind = self.asset.type
        return self.asset.cells or (kind.cells if kind else None)

    @property
    def capacity_ah(self) -> float | None:
        """Nameplate capacity: its own, else its type's."""
        kind = self.asset.type
        return self.asset.capacity_ah or (kind.capacity_ah if kind else None)

    @property
    def capacity_wh(self) -> float | None:
        """Nameplate energy: its capacity at its type's nominal voltage."""
        volts = self.asset.type.nominal_voltage if self.asset.type else None
        return volts * self.capacity_ah if volts and self.capacity_ah else None

    @property
    def within_nameplate(self) -> bool:
        """Whether the energy left can be said as a part of its nameplate: a BMS may claim more."""
        known = self.energy_wh is not None and self.capacity_wh is not None
        return known and self.energy_wh <= self.capacity_wh

    @property
    def energy_wh(self) -> float | None:
        """Energy left: measured by the BMS, else nameplate energy times state of charge."""
        if "energy_remaining" in self.values:
            return self.values["energy_remaining"]
        if self.capacity_wh is None or self.soc is None:
            return None
        return self.capacity_wh * self.soc / 100


def rows(assets: Iterable[Battery], entries: Iterable[Entry], now: int) -> list[Row]:
    """Batteries with their live state, worst first, then by name."""
    live = {entry["id"]: entry for entry in entries}
    return sorted(
        (row(asset, live[asset.id], now) for asset in assets if asset.id in live), key=_worst
    )


def row(asset: Battery, entry: Entry, now: int) -> Row:
    """One battery with its live state."""
    age = None if entry["ts"] is None else max(now - entry["ts"], 0)
    connection = connection_state(age, entry["interval_ms"])
    return Row(asset, entry, connection, status(connection, entry["severity"]), age)


def _worst(row: Row) -> tuple[int, str, int]:
    return _RANK[row.status], row.asset.name.casefold(), row.asset.id


@dataclass(frozen=True, slots=True)
class Part:
    """A status in the bar of a group: from `x` on, `width` long, in percent of the bar."""

    status: str
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Summary:
    """A group of batteries in a few numbers. `stored_wh` and `power_w` speak of those present.

    `rated_wh` is the nameplate energy of exactly the batteries that `stored_wh` counts, so that
    their quotient `charge` is true; a BMS that claims more than its nameplate makes it no more
    than 100.
    """

    total: int
    present: int
    counts: Mapping[str, int]
    worst: str
    stored_wh: float | None
    rated_wh: float | None
    power_w: float | None
    charge: float | None
    alarms: int
    newest: int | None

    @property
    def parts(self) -> list[Part]:
        """The bar that shows how many batteries have which status, worst first."""
        found, before = [], 0
        for code in STATUSES:
            if count := self.counts[code]:
                found.append(Part(code, 100 * before / self.total, 100 * count / self.total))
                before += count
        return found

    @property
    def flow(self) -> str:
        """What the group does as a whole: `charging`, `discharging`, `idle`, "" when unknown."""
        if self.power_w is None:
            return ""
        return "charging" if self.power_w > 0 else "discharging" if self.power_w < 0 else "idle"

    @property
    def pull(self) -> Part | None:
        """The bar of the net power: from the middle, charge to the right; full in one hour."""
        if not self.power_w or not self.rated_wh:
            return None
        width = 50 * min(abs(self.power_w) / self.rated_wh, 1)
        return Part(self.flow, 50 if self.power_w > 0 else 50 - width, width)


def summary(group: Iterable[Row]) -> Summary:
    """Sum a group up; a group of none is `wait`ing."""
    group = list(group)
    present = [row for row in group if row.present]
    both = [row for row in present if row.energy_wh is not None and row.capacity_wh]
    known = [row.soc for row in present if row.soc is not None]
    stored = _sum(row.energy_wh for row in both)
    rated = _sum(row.capacity_wh for row in both)
    return Summary(
        total=len(group),
        present=len(present),
        counts={code: sum(row.status == code for row in group) for code in STATUSES},
        worst=min((row.status for row in group), key=_RANK.__getitem__, default="wait"),
        stored_wh=stored,
        rated_wh=rated,
        power_w=_sum(row.values.get("power") for row in present),
        charge=_charge(stored, rated, known),
        alarms=sum(len(row.alarms) for row in present),
        newest=max((row.ts for row in group if row.ts is not None), default=None),
    )


def _charge(stored: float | None, rated: float | None, known: list[float]) -> float | None:
    """Percent: by energy where it is known, else the mean of the states of charge."""
    if rated:
        return min(100 * stored / rated, 100)
    return sum(known) / len(known) if known else None


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def grouped(group: Iterable[Row], key: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    """Rows by what `key` says of them, in the order first seen."""
    found: dict[Any, list[Row]] = {}
    for row in group:
        found.setdefault(key(row), []).append(row)
    return found


WEAKNESS = {"soc": False, "soh": False, "cell_voltage_spread": True}
"""By what batteries are ranked, and whether the largest value is the weakest."""


def weakest(group: Iterable[Row], code: str, count: int = 5) -> list[Row]:
    """The batteries present that do worst by one metric; those that do not say are left out."""
    telling = [row for row in group if row.present and code in row.values]
    return sorted(telling, key=lambda row: row.values[code], reverse=WEAKNESS[code])[:count]


def unwell(group: Iterable[Row]) -> list[Row]:
    """What needs somebody: everything that is neither normal nor waiting for its first reading."""
    return [row for row in group if row.status not in ("ok", "wait")]
