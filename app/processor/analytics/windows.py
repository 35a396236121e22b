"""The moments in which cells can be compared: at rest, near full, near empty under load.

Voltages of equal cells part for many reasons while current flows; a difference means something in
these windows only. Voltages are those of one cell of each chemistry, from data sheets and from the
charging limits that field firmware ships with.
"""

from dataclasses import dataclass

import numpy as np

from .base import Pack
from .day import Array, Day

REST_C, REST_MS = 0.02, 15 * 60_000
"""Below 2 % of the capacity an hour for a quarter of an hour, a cell is at rest."""


@dataclass(frozen=True, slots=True)
class Chemistry:
    """Of one cell, V. `full`: charging tapers here; `knee`: the curve turns up before full;
    `low`: under load, little is left; `empty`: discharging ends; `flat`: the curve says little of
    the state of charge between `low` and `knee`."""

    full: float
    knee: float
    low: float
    empty: float
    flat: bool


CHEMISTRIES = {
    "LFP": Chemistry(3.45, 3.40, 3.20, 2.80, flat=True),
    "NMC": Chemistry(4.12, 4.00, 3.55, 3.20, flat=False),
    "NCA": Chemistry(4.12, 4.00, 3.55, 3.20, flat=False),
    "LTO": Chemistry(2.65, 2.55, 2.20, 2.00, flat=False),
    "LEAD": Chemistry(2.35, 2.25, 2.00, 1.80, flat=False),
}


def chemistry(pack: Pack) -> Chemistry:
    """The voltages of a battery's cells; those of LFP where its chemistry is not known."""
    return CHEMISTRIES.get(pack.chemistry, CHEMISTRIES["LFP"])


def c_rate(pack: Pack, day: Day) -> Array:
    """Current over capacity, 1/h; NaN where either is unknown."""
    return day.current / pack.capacity_ah if pack.capacity_ah else np.full(len(day), np.nan)


def at_rest(pack: Pack, day: Day) -> Array:
    """Where hardly any current has flowed for a quarter of an hour. A gap in the readings is no
    proof of rest."""
    calm = np.abs(c_rate(pack, day)) < REST_C
    return held(day, calm, REST_MS)


def near_full(pack: Pack, day: Day) -> Array:
    """Where the highest cell has passed the knee of the charging curve."""
    return highest(day) >= chemistry(pack).knee


def near_empty(pack: Pack, day: Day) -> Array:
    """Where the battery gives current and little is left in it."""
    little = (day.middle <= chemistry(pack).low) | (day.scalar("soc") <= 20)
    return little & (c_rate(pack, day) < -REST_C)


def highest(day: Day) -> Array:
    """The highest cell voltage of each reading, V; as told, or of the cells."""
    return _extreme(day, "cell_voltage_max", np.fmax)


def lowest(day: Day) -> Array:
    """The lowest cell voltage of each reading, V."""
    return _extreme(day, "cell_voltage_min", np.fmin)


def _extreme(day: Day, code: str, reduce: np.ufunc) -> Array:
    told = day.scalar(code)
    return reduce(told, reduce.reduce(day.cells, axis=1)) if day.cells.shape[1] else told


def held(day: Day, condition: Array, ms: float) -> Array:
    """Where a condition has held, reading after reading, for so long. Gaps break it."""
    if not len(day):
        return condition
    broken = ~condition
    broken[1:] |= np.diff(day.times) > 3 * day.weights[:-1] + 1
    since = np.maximum.accumulate(np.where(broken, np.arange(len(day)), 0))
    return condition & (day.times - day.times[since] >= ms)


def runs(condition: Array) -> list[tuple[int, int]]:
    """Stretches in which a condition holds, each from an index up to another, exclusive."""
    edges = np.diff(np.concatenate(([False], condition, [False])).astype(np.int8))
    return list(
        zip(np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist(), strict=True)
    )


def medians(table: Array, where: Array | slice) -> list[float | None]:
    """The median of each column in a window; None where nothing is known of it."""
    chosen = table[where]
    if not len(chosen):
        return [None] * table.shape[1]
    known = ~np.isnan(chosen).all(axis=0)
    found: list[float | None] = [None] * table.shape[1]
    for cell in np.flatnonzero(known).tolist():
        found[cell] = float(np.nanmedian(chosen[:, cell]))
    return found
