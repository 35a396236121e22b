"""A block on its way into the history: all its numbers as one matrix, a series in each row.

What is done to a minute of a pack is done to all its series at once, which is what makes a push
cheap. The common block (nothing unknown, no astronomical number) goes from the wire into the
matrix directly; any other by way of `collector.wire.block`, whose judgement is the same.
"""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from collector.wire import block as blocks
from collector.wire.block import MAX_INTEGER, Block, Change, Outline
from collector.wire.reading import Reading

Key = tuple[str, int | None]
"""A metric, and the element when the metric is an array."""

_PLAIN = {int}


@dataclass(frozen=True, slots=True)
class Grid:
    """`numbers` (int64, a row per series, a column per reading) are `10**digits` times the value.

    Where `known` is False the number is not known and means nothing; None: all of them are.
    """

    asset: str
    seq: int
    times: tuple[int, ...]
    keys: tuple[Key, ...]
    digits: tuple[int, ...]
    numbers: np.ndarray
    known: np.ndarray | None
    changes: tuple[Change, ...]

    def last(self) -> Reading:
        """The newest reading."""
        row = (self.numbers[:, -1] / np.power(10.0, self.digits)).tolist()
        here = [True] * len(row) if self.known is None else self.known[:, -1].tolist()
        values: dict[str, float] = {}
        arrays: dict[str, list[float | None]] = {}
        for (code, index), value, known in zip(self.keys, row, here, strict=True):
            if index is not None:
                arrays.setdefault(code, []).append(value if known else None)
            elif known:
                values[code] = value
        change = self.changes[-1] if self.changes else Change(0, {}, ())
        told = {c: tuple(a) for c, a in arrays.items() if any(v is not None for v in a)}
        return Reading(self.asset, self.times[-1], values, told, change.states, change.alarms)


def from_json(data: Any) -> Grid:
    """Parse a block on the wire; raises WireError as `collector.wire.block.from_json` does."""
    outline = blocks.outline(data)
    numbers = _numbers(outline)
    if numbers is None:
        return from_block(blocks.from_outline(outline))
    return Grid(
        asset=outline.asset,
        seq=outline.seq,
        times=outline.times,
        keys=tuple([(code, index) for code, index, _, _ in outline.series]),
        digits=tuple([digits for _, _, digits, _ in outline.series]),
        numbers=numbers,
        known=None,
        changes=outline.changes,
    )


def from_block(block: Block) -> Grid:
    """The grid of any block."""
    columns = dict(_columns(block.values, block.arrays))
    shape = len(columns), len(block.times)
    given = np.array([c.integers for c in columns.values()], dtype=object).reshape(shape)
    known = np.not_equal(given, None)
    given[~known] = 0
    return Grid(
        asset=block.asset,
        seq=block.seq,
        times=block.times,
        keys=tuple(columns),
        digits=tuple(column.digits for column in columns.values()),
        numbers=given.astype(np.int64),
        known=None if known.all() else known,
        changes=block.changes,
    )


def _columns(values: Mapping, arrays: Mapping) -> Any:
    yield from (((code, None), column) for code, column in values.items())
    for code, each in arrays.items():
        yield from (((code, i), column) for i, column in enumerate(each))


def _numbers(outline: Outline) -> np.ndarray | None:
    """The matrix, if every series is what it should be; None when that takes a closer look."""
    count, series = len(outline.times), [deltas for _, _, _, deltas in outline.series]
    if not series or not all(type(each) is list and len(each) == count for each in series):
        return None
    flat: Sequence[Any] = list(chain.from_iterable(series))
    if set(map(type, flat)) != _PLAIN:
        return None
    try:
        deltas = np.frombuffer(array("q", flat), np.int64).reshape(len(series), count)
    except OverflowError:
        return None
    if max(-int(deltas.min()), int(deltas.max())) >= MAX_INTEGER // blocks.MAX_READINGS:
        return None
    return deltas.cumsum(axis=1)  # below MAX_INTEGER now, whatever the signs
