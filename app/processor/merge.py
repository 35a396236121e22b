"""Many chunks of one asset made one: in order of time, each instant once, nothing averaged."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from collector.wire.block import Change

from .chunks import Chunk, Column, Key, encode

PIECE_NUMBERS = 4_000_000
"""Most numbers in one chunk, so that a blob stays far below what a database takes at once."""
LARGEST = 1 << 62

_Standing = tuple[dict, tuple]
"""States and alarms at one moment."""


def merge(chunks: Sequence[Chunk]) -> Iterator[bytes]:
    """Encoded chunks, in order of time, holding every reading of `chunks` exactly once.

    Of two readings at one instant the later chunk's stays. Decimals become those of the finest
    column of each metric. One chunk comes back unless it would be too large.
    """
    times = np.concatenate([np.asarray(chunk.times, dtype=np.int64) for chunk in chunks])
    order = np.argsort(times, kind="stable")
    ordered = times[order]
    kept = order[np.append(np.diff(ordered) > 0, True)]
    times = times[kept]
    sources = list(_sources(chunks))
    columns = {
        key: (digits, *_column(sources, key, digits, kept))
        for key, digits in _keys(sources).items()
    }
    standing, which = _standing(chunks)
    which = which[kept]
    size = max(PIECE_NUMBERS // max(len(columns), 1), 1)
    for low in range(0, len(times), size):
        piece = slice(low, low + size)
        yield encode(
            times[piece],
            {
                key: _cut(digits, known[piece], present[piece])
                for key, (digits, known, present) in columns.items()
            },
            _changes(standing, which[piece]),
        )


@dataclass(frozen=True, slots=True)
class _Run:
    """The numbers of chunks that follow each other and are alike: one table of a few instead of
    one column of each of hundreds."""

    count: int
    layout: Mapping[Key, int]
    numbers: np.ndarray

    @property
    def keys(self) -> list[Key]:
        return list(self.layout)

    def digits(self, key: Key) -> int:
        return self.layout[key]

    def column(self, key: Key) -> Column | None:
        if key not in self.layout:
            return None
        return Column(self.layout[key], self.numbers[self.keys.index(key)])


def _sources(chunks: Sequence[Chunk]) -> Iterator[Chunk | _Run]:
    """The same readings in the same order, alike chunks put together."""
    waiting: list[np.ndarray] = []
    layout: Mapping[Key, int] = {}
    for chunk in chunks:
        numbers = chunk.matrix()
        if waiting and (numbers is None or list(chunk.layout.items()) != list(layout.items())):
            yield _run(layout, waiting)
            waiting = []
        if numbers is None:
            yield chunk
        else:
            layout = chunk.layout
            waiting.append(numbers)
    if waiting:
        yield _run(layout, waiting)


def _run(layout: Mapping[Key, int], numbers: list[np.ndarray]) -> _Run:
    whole = np.concatenate(numbers, axis=1)
    return _Run(whole.shape[1], layout, whole)


def _keys(chunks: Sequence[Chunk | _Run]) -> dict[Key, int]:
    """Every series and its decimals: as many as the finest column of the metric has."""
    finest: dict[str, int] = {}
    keys = sorted({key for chunk in chunks for key in chunk.keys}, key=_by_name)
    for chunk in chunks:
        for key in chunk.keys:
            finest[key[0]] = max(finest.get(key[0], 0), chunk.digits(key))
    return {key: finest[key[0]] for key in keys}


def _by_name(key: Key) -> tuple[str, int]:
    return key[0], -1 if key[1] is None else key[1]


def _column(
    chunks: Sequence[Chunk | _Run], key: Key, digits: int, kept: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    columns = [chunk.column(key) for chunk in chunks]
    if all(c and c.present is None and c.digits == digits for c in columns):
        known = np.concatenate([np.asarray(c.known, dtype=np.int64) for c in columns])[kept]
        return known, np.ones(len(known), bool)
    total = sum(chunk.count for chunk in chunks)
    known, present = np.zeros(total, np.int64), np.zeros(total, bool)
    at = 0
    for chunk, column in zip(chunks, columns, strict=True):
        here = slice(at, at + chunk.count)
        at += chunk.count
        if column is None:
            continue
        mask = np.ones(chunk.count, bool) if column.present is None else np.asarray(column.present)
        present[here] = mask
        known[here][mask] = _scaled(column, digits)
    return known[kept], present[kept]


def _scaled(column: Column, digits: int) -> np.ndarray:
    known, factor = np.asarray(column.known, dtype=np.int64), 10 ** (digits - column.digits)
    if factor > 1 and len(known) and np.abs(known).max() > LARGEST // factor:
        raise OverflowError(f"a number does not fit with {digits} decimals")
    return known * factor


def _cut(digits: int, known: np.ndarray, present: np.ndarray) -> Column:
    return Column(digits, known[present], None if present.all() else present)


def _standing(chunks: Sequence[Chunk]) -> tuple[list[_Standing], np.ndarray]:
    """The different states and alarms there are, and which of them each reading has."""
    found: list[_Standing] = [({}, ())]
    which = np.zeros(sum(chunk.count for chunk in chunks), np.int64)
    at = 0
    for chunk in chunks:
        for change in chunk.changes:
            now = (dict(change.states), tuple(change.alarms))
            if now not in found:
                found.append(now)
            which[at + change.at : at + chunk.count] = found.index(now)
        at += chunk.count
    return found, which


def _changes(standing: list[_Standing], which: np.ndarray) -> list[Change]:
    before = np.concatenate(([0], which[:-1]))
    return [Change(int(at), *standing[which[at]]) for at in np.flatnonzero(which != before)]
