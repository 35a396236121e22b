"""Buckets: many readings of a few metrics, thinned to rows of time, lowest, mean, highest."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from collector.wire.reading import digits_of

from .history import Row

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
STEPS = (
    *(n * SECOND for n in (1, 2, 5, 10, 15, 30)),
    *(n * MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * HOUR for n in (1, 2, 3, 6, 12)),
    *(n * DAY for n in (1, 2, 7, 14, 28, 56, 112, 224, 448)),
)
"""Widths of a bucket: multiples of one another where it matters, so that tiers fit into them."""

GAP_STEPS = 3
"""Silence longer than this many usual steps is a gap."""


@dataclass(frozen=True, slots=True)
class Part:
    """Readings in order of time, as arrays: of each metric lowest, mean, highest (NaN unknown).

    At full resolution the three are one and the same array.
    """

    times: np.ndarray
    lows: Mapping[str, np.ndarray]
    means: Mapping[str, np.ndarray]
    highs: Mapping[str, np.ndarray]


def step_for(start: int, end: int, points: int) -> int:
    """The narrowest step (ms) that covers the range in at most `points` aligned buckets."""
    for step in STEPS:
        if -(-end // step) - start // step <= points:
            return step
    return STEPS[-1] * -(-(end - start) // (STEPS[-1] * max(points - 1, 1)))


class Buckets:
    """Accumulates parts into aligned buckets of `step` ms; several parts may share a bucket."""

    def __init__(self, metrics: tuple[str, ...], start: int, end: int, step: int) -> None:
        self.step = step
        self._metrics = metrics
        self._origin = start // step * step
        size = max(-(-end // step) - start // step, 1)
        self._first = np.full(size, np.inf)
        self._last = np.full(size, -np.inf)
        self._low = {code: np.full(size, np.inf) for code in metrics}
        self._high = {code: np.full(size, -np.inf) for code in metrics}
        self._sum = {code: np.zeros(size) for code in metrics}
        self._count = {code: np.zeros(size, np.int64) for code in metrics}
        self._steps: list[float] = []

    def add(self, part: Part) -> None:
        """Take in readings that lie within the range."""
        if not len(part.times):
            return
        if len(part.times) > 1:
            self._steps.append(float(np.median(np.diff(part.times))))
        places = (part.times - self._origin) // self.step
        np.minimum.at(self._first, places, part.times)
        np.maximum.at(self._last, places, part.times)
        for code in self._metrics:
            known = ~np.isnan(part.means[code])
            at = places[known]
            np.minimum.at(self._low[code], at, part.lows[code][known])
            np.maximum.at(self._high[code], at, part.highs[code][known])
            size = len(self._first)
            self._sum[code] += np.bincount(at, part.means[code][known], size)
            self._count[code] += np.bincount(at, minlength=size)

    def rows(self) -> dict[str, list[Row]]:
        """Rows per metric. A row of None marks the beginning of a gap, or of not being known."""
        heard = np.flatnonzero(np.isfinite(self._first))
        gaps = self._gaps(heard)
        return {code: self._rows(code, heard, gaps) for code in self._metrics}

    def _gaps(self, heard: np.ndarray) -> set[int]:
        """Places among the buckets heard that a gap follows."""
        usual = float(np.median(self._steps)) if self._steps else 0.0
        silence = self._first[heard[1:]] - self._last[heard[:-1]]
        wide = (silence > GAP_STEPS * usual) & (np.diff(heard) > 1)
        return set(np.flatnonzero(wide).tolist())

    def _rows(self, code: str, heard: np.ndarray, gaps: set[int]) -> list[Row]:
        count, digits = self._count[code][heard], _digits(code)
        means = np.full(len(heard), np.nan)
        np.divide(self._sum[code][heard], count, out=means, where=count > 0)
        columns = (self._low[code][heard], means, self._high[code][heard])
        middles = (self._origin + heard * self.step + self.step // 2).tolist()
        rounded = (np.round(column, digits).tolist() for column in columns)
        rows: list[Row] = []
        for i, row in enumerate(map(list, zip(middles, *rounded, strict=True))):
            if row[2] == row[2]:
                rows.append(row)
            elif rows and rows[-1][2] is not None:
                rows.append(_unknown(row[0]))
            if i in gaps and rows and rows[-1][2] is not None:
                rows.append(_unknown(row[0] + self.step))
        return rows


def raw_rows(part: Part) -> dict[str, list[Row]]:
    """Every reading as its own row, at its own time, with gaps marked."""
    steps = np.diff(part.times)
    usual = int(np.median(steps)) if len(steps) else 0
    gaps = set((np.flatnonzero(steps > GAP_STEPS * usual) + 1).tolist())
    times = part.times.tolist()
    return {code: _raw(code, times, values, gaps, usual) for code, values in part.means.items()}


def _raw(code: str, times: list[int], values: np.ndarray, gaps: set[int], usual: int) -> list[Row]:
    """`gaps`: the readings that silence went before."""
    rounded = np.round(values, _digits(code)).tolist()
    if not gaps and not np.isnan(values).any():
        return [[ts, value, value, value] for ts, value in zip(times, rounded, strict=True)]
    rows: list[Row] = []
    for i, value in enumerate(rounded):
        if i in gaps and rows and rows[-1][2] is not None:
            rows.append(_unknown(times[i - 1] + usual))
        if value == value:
            rows.append([times[i], value, value, value])
        elif rows and rows[-1][2] is not None:
            rows.append(_unknown(times[i]))
    return rows


def _unknown(ts: int) -> Row:
    return [ts, None, None, None]


def _digits(code: str) -> int:
    return digits_of(code.partition(".")[0])
