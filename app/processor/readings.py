"""Readings of one asset out of whatever chunks they lie in: each instant once, as whole numbers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from collector.wire.metrics import DERIVED, METRICS
from collector.wire.reading import digits_of

from .bands import Stat, measured
from .chunks import Chunk, Column, Key
from .derived import derivable, derived
from .weighing import HOUR_MS, weights


@dataclass(frozen=True, slots=True)
class Values:
    """One series: integers at the metric's resolution, `known` where there is one (None: all)."""

    numbers: np.ndarray
    known: np.ndarray | None


@dataclass(frozen=True, slots=True)
class Instants:
    """When readings are, which of the chunks' readings they are, how long each stands for."""

    times: np.ndarray
    chosen: np.ndarray | slice
    weights: np.ndarray

    def __len__(self) -> int:
        return len(self.times)


def instants(chunks: Sequence[Chunk], start: int, end: int) -> Instants:
    """Readings from `start` up to `end`; of two at one instant the later chunk's stays.

    Weights are those of whole hours, so `chunks` must hold all there is of the hours touched.
    """
    if not chunks:
        nothing = np.empty(0, np.int64)
        return Instants(nothing, slice(0, 0), nothing)
    times = np.concatenate([np.asarray(chunk.times, dtype=np.int64) for chunk in chunks])
    chosen: np.ndarray | slice = slice(None)
    if not (np.diff(times) > 0).all():
        order = np.argsort(times, kind="stable")
        ordered = times[order]
        chosen = order[np.append(np.diff(ordered) > 0, True)]
        times = times[chosen]
    wide = slice(*np.searchsorted(times, (_hour(start), _hour(end - 1) + HOUR_MS)).tolist())
    held = weights(times[wide])
    inside = slice(*np.searchsorted(times[wide], (start, end)).tolist())
    which = np.arange(len(times)) if isinstance(chosen, slice) else chosen
    return Instants(times[wide][inside], which[wide][inside], held[inside])


def values(
    chunks: Iterable[Chunk], chosen: np.ndarray | slice, keys: Iterable[Key]
) -> dict[Key, Values]:
    """Series, derived where the device did not send them; each chunk is done with in its turn."""
    keys = list(keys)
    parts = [[_part(chunk, key) for key in keys] for chunk in chunks]
    found = {}
    for key, pieces in zip(keys, zip(*parts, strict=True), strict=True):
        numbers = np.concatenate([numbers for numbers, _ in pieces])[chosen]
        known = np.concatenate([known for _, known in pieces])[chosen]
        found[key] = Values(numbers, None if known.all() else known)
    return found


def statistics(found: Values, instants: Instants, key: Key) -> Stat:
    """What a series adds to the buckets that its readings fall into."""
    return measured(found.numbers, found.known, instants.weights, is_counter(key[0]))


def is_counter(code: str) -> bool:
    """Whether a metric only ever grows: a mean of it says nothing, its last value does."""
    metric = METRICS.get(code)
    return metric is not None and metric.kind == "counter"


def keys_of(chunks: Iterable[Chunk]) -> Mapping[Key, None]:
    """Every series that is rolled up, in the order found: measured ones, then derived ones."""
    held = {key: None for chunk in chunks for key in chunk.keys}
    found = {key: None for key in held if key[0] in METRICS and METRICS[key[0]].rolled}
    for metric in DERIVED:
        if metric.rolled and derivable(metric, held):
            found.setdefault((metric.code, None))
    return found


def _part(chunk: Chunk, key: Key) -> tuple[np.ndarray, np.ndarray]:
    """The integers of one chunk, and where there is one."""
    numbers, known = np.zeros(chunk.count, np.int64), np.zeros(chunk.count, bool)
    digits, column = digits_of(key[0]), chunk.column(key)
    if column is not None:
        where = slice(None) if column.present is None else np.asarray(column.present, bool)
        numbers[where], known[where] = _at(column, digits), True
    elif key[1] is None and key[0] in METRICS:
        value = derived(chunk, key[0])
        where = ~np.isnan(value)
        numbers[where], known[where] = np.rint(value[where] * 10**digits), True
    return numbers, known


def _at(column: Column, digits: int) -> np.ndarray:
    """A column's integers with so many decimals; what a metric cannot resolve is rounded."""
    known, shift = np.asarray(column.known, dtype=np.int64), digits - column.digits
    if shift > 0:
        return known * 10**shift
    return known if shift == 0 else np.rint(known / 10**-shift).astype(np.int64)


def _hour(ts: int) -> int:
    return ts // HOUR_MS * HOUR_MS
