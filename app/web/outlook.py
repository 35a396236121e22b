"""How long a battery will last at the pace of the last hour, or take to be full."""

from dataclasses import dataclass

from .board import Row
from .spark import Line

HOUR_MS = 3_600_000
STANDBY_PART = 0.002
"""Below this part of its energy an hour a battery stands by: months are not a forecast."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """Milliseconds from the last reading; what does not apply or is not known is None."""

    reserve: float | None = None
    empty: float | None = None
    full: float | None = None


def outlook(row: Row, trend: Line | None, reserve_percent: float) -> Outlook:
    """Extrapolate the mean power of the trend, unless it has turned since or there is none."""
    power = _pace(row.values.get("power"), trend)
    energy, capacity = row.energy_wh, row.capacity_wh
    if power is None or energy is None or not capacity or abs(power) < STANDBY_PART * capacity:
        return Outlook()
    if power > 0:
        return Outlook(full=(capacity - energy) / power * HOUR_MS if row.within_nameplate else None)
    above = energy - capacity * reserve_percent / 100
    return Outlook(
        reserve=above / -power * HOUR_MS if above > 0 else None, empty=energy / -power * HOUR_MS
    )


def _pace(power: float | None, trend: Line | None) -> float | None:
    """Watts; a battery that charges now is not said to be empty soon."""
    if trend is None or (power is not None and power * trend.mean < 0):
        return power
    return trend.mean
