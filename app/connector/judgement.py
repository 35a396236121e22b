"""What is believed of a batch: each item alone, so that one bad reading spoils nothing else."""

from dataclasses import replace

from collector.wire.block import MAX_INTEGER, Block, Column
from collector.wire.envelope import Faulty
from collector.wire.metrics import METRICS
from collector.wire.reading import Reading, digits_of

FUTURE_MS = 24 * 3_600_000
PAST_MS = 3653 * 24 * 3_600_000
"""Ten years: older than any battery that is still read."""


def fault_of(item: Reading | Block | Faulty, now: int) -> str | None:
    """Why an item is rejected, as a stable code; None for what can be stored."""
    if isinstance(item, Faulty):
        return item.reason
    first, last = (item.times[0], item.times[-1]) if isinstance(item, Block) else (item.ts,) * 2
    if last > now + FUTURE_MS:
        return "future"
    return "too_old" if first < now - PAST_MS else None


def plausible(block: Block) -> tuple[Block, int]:
    """The block at the registry's resolution, without the numbers that cannot be true.

    Also says how many those were. What is kept can be stored at full resolution beside any other
    block of the asset, whatever decimals that one came with.
    """
    values = {code: _kept(code, column) for code, column in block.values.items()}
    arrays = {
        code: tuple(_kept(code, column) for column in columns)
        for code, columns in block.arrays.items()
    }
    kept = replace(
        block,
        values={code: column for code, (column, _) in values.items()},
        arrays={code: tuple(column for column, _ in columns) for code, columns in arrays.items()},
    )
    dropped = sum(number for _, number in values.values())
    return kept, dropped + sum(number for columns in arrays.values() for _, number in columns)


def _kept(code: str, column: Column) -> tuple[Column, int]:
    column = _at_resolution(column, digits_of(code))
    low, high = _limits(code, column.digits)
    known = column.integers
    if None in known:
        known = [i for i in known if i is not None]
    if not known or (low <= min(known) and max(known) <= high):
        return column, 0
    integers = tuple(i if i is not None and low <= i <= high else None for i in column.integers)
    return replace(column, integers=integers), integers.count(None) - column.integers.count(None)


def _at_resolution(column: Column, digits: int) -> Column:
    """No more decimals than are kept of the metric; halves are rounded up."""
    if column.digits <= digits:
        return column
    step = 10 ** (column.digits - digits)
    rounded = (None if i is None else (2 * i + step) // (2 * step) for i in column.integers)
    return Column(digits, tuple(rounded))


def _limits(code: str, digits: int) -> tuple[float, float]:
    """The integers that a column of so many decimals may hold."""
    most = (MAX_INTEGER - 1) // 10 ** (digits_of(code) - digits)
    metric = METRICS.get(code)
    if metric is None:
        return -most, most
    return max(metric.low * 10**digits, -most), min(metric.high * 10**digits, most)
