"""What is believed of a batch: each item alone, so that one bad reading spoils nothing else."""

from dataclasses import replace
from functools import lru_cache
from math import ceil, floor

import numpy as np

from app.processor.grid import Grid
from collector.wire.block import MAX_INTEGER
from collector.wire.envelope import Faulty
from collector.wire.metrics import METRICS
from collector.wire.reading import Reading, digits_of

FUTURE_MS = 24 * 3_600_000
PAST_MS = 3653 * 24 * 3_600_000
"""Ten years: older than any battery that is still read."""


_Bounds = tuple[tuple[int, ...], np.ndarray | None, np.ndarray, np.ndarray]


def fault_of(item: Reading | Grid | Faulty, now: int) -> str | None:
    """Why an item is rejected, as a stable code; None for what can be stored."""
    if isinstance(item, Faulty):
        return item.reason
    first, last = (item.times[0], item.times[-1]) if isinstance(item, Grid) else (item.ts,) * 2
    if last > now + FUTURE_MS:
        return "future"
    return "too_old" if first < now - PAST_MS else None


def plausible(grid: Grid) -> tuple[Grid, int]:
    """The block at the registry's resolution, without the numbers that cannot be true.

    Also says how many those were. What is kept can be stored at full resolution beside any other
    block of the asset, whatever decimals that one came with.
    """
    digits, steps, low, high = _bounds(tuple(code for code, _ in grid.keys), grid.digits)
    numbers, known = grid.numbers, grid.known
    if steps is not None:  # halves are rounded up
        numbers = np.where(steps > 1, (2 * numbers + steps) // (2 * steps), numbers)
    wrong = (numbers.min(axis=1) < low) | (numbers.max(axis=1) > high) if len(numbers) else low
    if not wrong.any():
        return replace(grid, digits=digits, numbers=numbers), 0
    fits = (low[:, None] <= numbers) & (numbers <= high[:, None])
    kept = fits if known is None else fits & known
    dropped = numbers.size if known is None else int(known.sum())
    return replace(grid, digits=digits, numbers=numbers, known=kept), dropped - int(kept.sum())


@lru_cache(maxsize=512)
def _bounds(codes: tuple[str, ...], digits: tuple[int, ...]) -> _Bounds:
    """For the series of a block: decimals kept; what to divide by, if anything has more; limits."""
    kept = tuple(min(have, digits_of(code)) for code, have in zip(codes, digits, strict=True))
    steps = [10 ** (have - keep) for have, keep in zip(digits, kept, strict=True)]
    limits = [_limits(code, keep) for code, keep in zip(codes, kept, strict=True)]
    low, high = np.array(limits, np.int64).reshape(-1, 2).T
    column = np.array(steps, np.int64)[:, None]
    return kept, column if any(step > 1 for step in steps) else None, low, high


def _limits(code: str, digits: int) -> tuple[int, int]:
    """The integers that a series of so many decimals may hold."""
    most = (MAX_INTEGER - 1) // 10 ** (digits_of(code) - digits)
    metric = METRICS.get(code)
    if metric is None:
        return -most, most
    unit = 10**digits
    return max(ceil(metric.low * unit), -most), min(floor(metric.high * unit), most)
