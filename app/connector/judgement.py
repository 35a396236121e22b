"""What is believed of a batch: each item alone, so that one bad reading spoils nothing else."""

from dataclasses import replace

from collector.wire.block import Block, Column
from collector.wire.envelope import Faulty
from collector.wire.metrics import METRICS
from collector.wire.reading import Reading

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
    """The block without the numbers that cannot be true, and how many those were."""
    values = {code: _kept(code, column) for code, column in block.values.items()}
    arrays = {
        code: tuple(_kept(code, column) for column in columns)
        for code, columns in block.arrays.items()
    }
    dropped = sum(number for _, number in values.values())
    dropped += sum(number for columns in arrays.values() for _, number in columns)
    if not dropped:
        return block, 0
    return replace(
        block,
        values={code: column for code, (column, _) in values.items()},
        arrays={code: tuple(column for column, _ in columns) for code, columns in arrays.items()},
    ), dropped


def _kept(code: str, column: Column) -> tuple[Column, int]:
    metric = METRICS.get(code)
    if metric is None:
        return column, 0
    unit = 10**column.digits
    low, high = metric.low * unit, metric.high * unit
    known = column.integers
    if None in known:
        known = [i for i in known if i is not None]
    if not known or (low <= min(known) and max(known) <= high):
        return column, 0
    integers = tuple(i if i is not None and low <= i <= high else None for i in column.integers)
    return replace(column, integers=integers), integers.count(None) - column.integers.count(None)
