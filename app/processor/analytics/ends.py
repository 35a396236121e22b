"""How far each cell is behind its neighbours at the two ends of the battery, in Ah.

Where the voltage curve is steep, a difference of voltage is a difference of charge: a cell that
lags at the end of a charge has now the voltage that the median cell had a few Ah earlier. The
day's own curve says how many, so that no table of a chemistry is needed. Voltages are freed of the
ohmic part, since the current falls while a charge ends. Behind is positive: charge that is missing.
"""

from dataclasses import dataclass

import numpy as np

from .base import Pack
from .day import MS_PER_HOUR, Array, Day
from .windows import c_rate, chemistry, held, highest, lowest, runs

STILL_C = 0.005
FULL_C, FULL_MS = 0.05, 60_000
REACH_FULL, REACH_EMPTY = 0.12, 0.25
"""Of the capacity: how far back from an end the curve is followed."""
STRETCHES = 160
"""Into which that part of the curve is averaged, equal in charge."""
LAST_MS = 90_000
"""What the voltages at an end are averaged over."""
SOON_MS = 10 * 60_000
"""A battery that is full so soon after a charge was filled by it."""
SETTLED_C = 0.05
RESOLVED_V = 0.0005


@dataclass(frozen=True, slots=True)
class End:
    """Per cell: Ah behind the median cell, None where not known.

    `reach`: beyond so many Ah it is only known to be that much. `noise`: Ah that half a millivolt
    means here. `spread_mv`: between the highest and the lowest cell. `at`: epoch ms.
    """

    behind: list[float | None]
    reach: float
    noise: float
    spread_mv: float
    at: int


def charge_end(pack: Pack, day: Day) -> End | None:
    """The last end of a charge that filled the battery; None when none did."""
    if not pack.capacity_ah or day.cells.shape[1] < 2:
        return None
    rate = np.nan_to_num(c_rate(pack, day))
    tapered = (highest(day) >= chemistry(pack).full) & (np.abs(rate) < FULL_C)
    full = held(day, tapered, FULL_MS)
    for low, high in reversed(_flowing(day, rate > STILL_C)):
        soon = int(np.searchsorted(day.times, day.times[high - 1] + SOON_MS, side="right"))
        if full[low:soon].any():
            return _end(pack, day, slice(low, high), REACH_FULL)
    return None


def discharge_end(pack: Pack, day: Day) -> End | None:
    """The last end of a discharge that left little in the battery; None when none did."""
    if not pack.capacity_ah or day.cells.shape[1] < 2:
        return None
    rate = np.nan_to_num(c_rate(pack, day))
    little = (lowest(day) <= chemistry(pack).low) | (day.scalar("soc") <= 20)
    for low, high in reversed(_flowing(day, rate < -STILL_C)):
        if little[high - 1]:
            return _end(pack, day, slice(low, high), REACH_EMPTY)
    return None


def _flowing(day: Day, condition: Array) -> list[tuple[int, int]]:
    """Stretches of one direction, without gaps, of ten readings or more."""
    joined = condition.copy()
    joined[1:] &= np.diff(day.times) <= 3 * day.weights[:-1] + 1
    return [(low, high) for low, high in runs(joined) if high - low >= 10]


def _end(pack: Pack, day: Day, part: slice, reach: float) -> End | None:
    capacity = pack.capacity_ah or 1.0
    current = np.nan_to_num(day.current[part])
    moved = np.abs(np.cumsum(current * day.weights[part])) / MS_PER_HOUR
    near = moved >= moved[-1] - reach * capacity
    cells = day.cells[part][near] - ohmic(pack, day) * current[near, None]
    moved, times = moved[near], day.times[part][near]
    if np.isnan(cells).all() or moved[-1] - moved[0] < 0.01 * capacity:
        return None
    last = np.nanmean(_some(cells[times >= times[-1] - LAST_MS]), axis=0)
    middle = float(np.nanmedian(last))
    rises = bool(current.sum() > 0)
    sign = 1.0 if rises else -1.0
    charge, curves = _averaged(moved, sign * cells)
    median = np.maximum.accumulate(np.nanmedian(curves, axis=1))
    there = float(np.interp(sign * middle, median, charge))
    behind: list[float | None] = []
    for cell, volts in enumerate(last.tolist()):
        lags = sign * volts < sign * middle
        curve = median if lags else np.maximum.accumulate(np.nan_to_num(curves[:, cell], nan=-9.0))
        sought = sign * (volts if lags else middle)
        apart = max(there - float(np.interp(sought, curve, charge)), 0.0)
        # Late to be full is short of charge; late to be empty is the reverse.
        behind.append(round(sign * apart * (1 if lags else -1), 4) if volts == volts else None)
    back = len(charge) - 1 - len(charge) // 10
    steepness = (median[-1] - median[back]) / max(charge[-1] - charge[back], 1e-9)
    noise = RESOLVED_V / max(float(steepness), RESOLVED_V / (moved[-1] - moved[0]))
    return End(
        behind=behind,
        reach=round(float(moved[-1] - moved[0]), 3),
        noise=round(float(noise), 4),
        spread_mv=round(float(np.nanmax(last) - np.nanmin(last)) * 1000, 1),
        at=int(times[-1]),
    )


def _some(table: Array) -> Array:
    """The table without columns of nothing but NaN being averaged: those keep one NaN row."""
    return table[~np.isnan(table).all(axis=1)]


def _averaged(charge: Array, cells: Array) -> tuple[Array, Array]:
    """Charge and voltages of stretches of equal charge, so that noise does not make steps."""
    edges = np.linspace(charge[0], charge[-1], STRETCHES + 1)
    where = np.clip(np.searchsorted(edges, charge, side="right") - 1, 0, STRETCHES - 1)
    counts = np.bincount(where, minlength=STRETCHES)
    kept = counts > 0
    means = np.stack(
        [np.bincount(where, column, STRETCHES)[kept] / counts[kept] for column in cells.T], axis=1
    )
    return np.bincount(where, charge, STRETCHES)[kept] / counts[kept], means


def ohmic(pack: Pack, day: Day) -> float:
    """Ohm of the median cell, from the day's steps of current; 0 where there are none."""
    jumps = np.nan_to_num(np.diff(day.current))
    at = np.flatnonzero(np.abs(jumps) >= SETTLED_C * (pack.capacity_ah or 1.0))
    ratios = np.diff(day.middle)[at] / jumps[at] if len(at) else np.empty(0)
    ratios = ratios[~np.isnan(ratios)]
    return max(float(np.median(ratios)), 0.0) if len(ratios) else 0.0
