"""Bands: what is kept of many readings in a bucket of time, in whole numbers that add up exactly.

A bucket holds, for each series, the time it is known of (`weight`, ms), the sum of value times
weight (`total`), the lowest, the highest and the last value. Values are integers at the metric's
resolution and so is everything else, hence bands of parts make the band of the whole, whatever the
parts and their order. Means are never kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .chunks import Key

LARGEST = 1 << 62
_HIGHEST, _LOWEST = np.iinfo(np.int64).max, np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class Stat:
    """One series, an array element per bucket (or per reading); where `weight` is 0, all are 0.

    A counter has no `total`: what matters of it is the last value and how far it went. An integral
    or a share of time has nothing but weight and total.
    """

    weight: np.ndarray
    total: np.ndarray | None = None
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    last: np.ndarray | None = None


@dataclass(frozen=True, slots=True)
class Band:
    """Buckets in order of time: where each begins (ms), how long it is covered (ms), its series."""

    times: np.ndarray
    covered: np.ndarray
    stats: Mapping[Key, Stat]


def measured(
    values: np.ndarray, known: np.ndarray | None, weights: np.ndarray, counter: bool = False
) -> Stat:
    """The statistics of single readings. `known`: where there is a value; None: everywhere."""
    weight = weights if known is None else weights * known
    total = None if counter else _product(values, weight)
    return Stat(weight, total, values, values, values)


def integral(values: np.ndarray, weights: np.ndarray) -> Stat:
    """Value times time, and nothing else."""
    return Stat(weights, _product(values, weights))


def fold(stat: Stat, cuts: np.ndarray) -> Stat:
    """Fewer, wider buckets: each begins at one of `cuts`, the first of which is 0."""
    weight = np.add.reduceat(stat.weight, cuts)
    known = None if stat.weight.all() else stat.weight > 0
    total = None if stat.total is None else _sums(stat.total, cuts)
    if stat.low is None:
        return Stat(weight, total)
    last = np.append(cuts[1:], len(stat.weight)) - 1
    if known is None:
        low, high = np.minimum.reduceat(stat.low, cuts), np.maximum.reduceat(stat.high, cuts)
        return Stat(weight, total, low, high, stat.last[last])
    low = np.minimum.reduceat(np.where(known, stat.low, _HIGHEST), cuts)
    high = np.maximum.reduceat(np.where(known, stat.high, _LOWEST), cuts)
    last = np.maximum.reduceat(np.where(known, np.arange(len(known)), 0), cuts)
    some = weight > 0
    return Stat(weight, total, *(np.where(some, each, 0) for each in (low, high, stat.last[last])))


def fold_band(band: Band, cuts: np.ndarray, times: np.ndarray) -> Band:
    """All series at once; `times`: where the wider buckets begin."""
    stats = {key: fold(stat, cuts) for key, stat in band.stats.items()}
    return Band(times, np.add.reduceat(band.covered, cuts), stats)


def picked(stat: Stat, places: np.ndarray | slice) -> Stat:
    """Some of the elements, in the order of `places`."""
    return Stat(*(None if part is None else part[places] for part in _parts(stat)))


def chained(stats: Sequence[tuple[Stat | None, int]]) -> Stat | None:
    """One series out of several, end to end, each with its length; None: unknown throughout."""
    shape = next((stat for stat, _ in stats if stat is not None), None)
    if shape is None:
        return None
    rows = [
        (np.zeros(size, np.int64),) * len(_PARTS) if stat is None else _parts(stat)
        for stat, size in stats
    ]
    columns = zip(_parts(shape), zip(*rows, strict=True), strict=True)
    return Stat(*(None if part is None else np.concatenate(column) for part, column in columns))


def taken(band: Band, places: np.ndarray | slice) -> Band:
    """Some of the buckets."""
    stats = {key: picked(stat, places) for key, stat in band.stats.items()}
    return Band(band.times[places], band.covered[places], stats)


def joined(bands: list[Band]) -> Band:
    """Bands of different times made one, in order of time."""
    times = np.concatenate([band.times for band in bands])
    order = np.argsort(times, kind="stable")
    covered = np.concatenate([band.covered for band in bands])[order]
    sizes = [len(band.times) for band in bands]
    stats = {}
    for key in dict.fromkeys(key for band in bands for key in band.stats):
        found = [band.stats.get(key) for band in bands]
        stats[key] = picked(chained(list(zip(found, sizes, strict=True))), order)
    return Band(times[order], covered, stats)


def cuts_of(places: np.ndarray) -> np.ndarray:
    """Where each run of equal values begins: a new bucket, for the bucket of each element."""
    return np.concatenate(([0], np.flatnonzero(np.diff(places)) + 1))


_PARTS = ("weight", "total", "low", "high", "last")


def _parts(stat: Stat) -> tuple[np.ndarray | None, ...]:
    return tuple(getattr(stat, name) for name in _PARTS)


def _product(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    if len(values) and _most(values) * _most(weights) > LARGEST:
        return values.astype(object) * weights
    return values * weights


def _sums(totals: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    if totals.dtype != object and _most(totals) > LARGEST // len(totals):
        totals = totals.astype(object)  # whole numbers of any size: slow, and right
    sums = np.add.reduceat(totals, cuts)
    return sums.astype(np.int64) if sums.dtype == object and _most(sums) < LARGEST else sums


def _most(array: np.ndarray) -> int:
    return max(abs(int(array.max())), abs(int(array.min())))
