"""Buckets: many readings of a few metrics, thinned to rows of time, lowest, mean, highest.

Readings and roll-ups go through the same whole numbers (`bands`), so a bucket says the same
whichever of them it was made from. A counter's middle number is its last value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import numpy as np

from collector.wire.reading import digits_of

from .bands import Stat, chained, cuts_of, fold, picked
from .days import DAY_MS, date_at, midnight
from .history import Row

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, DAY_MS
STEPS = (
    *(n * SECOND for n in (1, 2, 5, 10, 15, 30)),
    *(n * MINUTE for n in (1, 2, 5, 10, 15, 30, 45)),
    *(n * HOUR for n in (1, 2, 3, 4, 6, 8, 12)),
    *(n * DAY for n in (1, 2, 7, 14, 28, 56, 112, 224, 448)),
)
"""Widths of a bucket: each from the first minute on is a number of whole tiers."""

GAP_STEPS = 3
"""Silence longer than this many usual steps is a gap."""
AROUND = 8
"""Steps before and after that say what is usual there."""


@dataclass(frozen=True, slots=True)
class Part:
    """Statistics in order of time, each of one reading or of one bucket of a tier.

    `ends` is the last moment each speaks of; `usual` the step between readings, where known.
    """

    times: np.ndarray
    ends: np.ndarray
    stats: Mapping[str, Stat]
    usual: float | None = None


def edges_for(
    start: int, end: int, points: int, zone: ZoneInfo, unit: int = 1
) -> tuple[int, np.ndarray]:
    """The narrowest step (ms) that covers the range in at most `points` buckets, and their edges.

    A step is a multiple of `unit`. Buckets are aligned to the clock: days to the site's, anything
    shorter to UTC's.
    """
    steps = (step for step in STEPS if step % unit == 0)
    for step in steps:
        if -(-end // step) - start // step <= points + 2:
            edges = edges_of(start, end, step, zone)
            if len(edges) - 1 <= points:
                return step, edges
    step = STEPS[-1]
    while len(edges := edges_of(start, end, step, zone)) - 1 > points:
        step += STEPS[-1]
    return step, edges


def edges_of(start: int, end: int, step: int, zone: ZoneInfo) -> np.ndarray:
    """Where the buckets of this step that cover the range begin, and where the last one ends."""
    if step < DAY:
        return np.arange(start // step * step, -(-end // step) * step + 1, step)
    days = step // DAY
    first = date_at(start, zone)
    ordinal = first.toordinal() // days * days
    edges = [midnight(first.fromordinal(max(ordinal, 1)), zone)]
    while edges[-1] < end:
        ordinal += days
        edges.append(midnight(first.fromordinal(ordinal), zone))
    return np.array(edges, np.int64)


@dataclass(slots=True)
class Buckets:
    """Accumulates parts into buckets between `edges`; several parts may share a bucket."""

    metrics: Sequence[str]
    edges: np.ndarray
    _parts: list[tuple[np.ndarray, Part]] = field(default_factory=list)
    _usual: list[float] = field(default_factory=list)

    def add(self, part: Part) -> None:
        """Take in what lies within the range."""
        if not len(part.times):
            return
        if part.usual is not None:
            self._usual.append(part.usual)
        places = np.searchsorted(self.edges, part.times, "right") - 1
        cuts = cuts_of(places)
        last = np.append(cuts[1:], len(places)) - 1
        stats = {code: fold(part.stats[code], cuts) for code in self.metrics if code in part.stats}
        self._parts.append((places[cuts], Part(part.times[cuts], part.ends[last], stats)))

    def rows(self) -> dict[str, list[Row]]:
        """Rows per metric. A row of None marks the beginning of a gap, or of not being known."""
        if not self._parts:
            return {code: [] for code in self.metrics}
        places = np.concatenate([places for places, _ in self._parts])
        order = np.argsort(places, kind="stable")
        cuts = cuts_of(places[order])
        heard = places[order][cuts]
        first = np.minimum.reduceat(self._all("times")[order], cuts)
        last = np.maximum.reduceat(self._all("ends")[order], cuts)
        gaps = self._gaps(heard, first, last)
        return {
            code: self._rows(code, fold(self._stat(code, order), cuts), heard, gaps)
            for code in self.metrics
        }

    def _all(self, name: str) -> np.ndarray:
        return np.concatenate([getattr(part, name) for _, part in self._parts])

    def _stat(self, code: str, order: np.ndarray) -> Stat:
        found = chained([(part.stats.get(code), len(places)) for places, part in self._parts])
        if found is None:
            none = np.zeros(len(order), np.int64)
            return Stat(none, none, none, none, none)
        return picked(found, order)

    def _gaps(self, heard: np.ndarray, first: np.ndarray, last: np.ndarray) -> set[int]:
        """Places among the buckets heard that a gap follows."""
        usual = float(np.median(self._usual)) if self._usual else 0.0
        wide = silences(first[1:] - last[:-1], usual)
        return set(wide[np.diff(heard)[wide] > 1].tolist())

    def _rows(self, code: str, stat: Stat, heard: np.ndarray, gaps: set[int]) -> list[Row]:
        begins, ends = self.edges[heard], self.edges[heard + 1]
        columns = [column.tolist() for column in _shown(code, stat)]
        middles = ((begins + ends) // 2).tolist()
        if not gaps and stat.weight.all():
            return list(map(list, zip(middles, *columns, strict=True)))
        known = (stat.weight > 0).tolist()
        rows: list[Row] = []
        for i, row in enumerate(map(list, zip(middles, *columns, strict=True))):
            if known[i]:
                rows.append(row)
            elif rows and rows[-1][2] is not None:
                rows.append(_unknown(row[0]))
            if i in gaps and rows and rows[-1][2] is not None:
                rows.append(_unknown(int(ends[i] + (ends[i] - begins[i]) // 2)))
        return rows


def silences(steps: np.ndarray, usual: float) -> np.ndarray:
    """Which steps (ms, in order) are gaps: longer than is usual throughout and than is around them.

    A device may measure every second now and have measured every ten minutes before, or a site may
    have thinned what it could not send: the slower stretch is no row of gaps.
    """
    found = np.flatnonzero(steps > GAP_STEPS * usual)
    if not len(found) or len(steps) == 1:
        return found
    away = np.arange(1, AROUND + 1)
    before = np.median(steps[np.maximum(found[:, None] - away, 0)], axis=1)
    after = np.median(steps[np.minimum(found[:, None] + away, len(steps) - 1)], axis=1)
    before[found == 0], after[found == len(steps) - 1] = 0, 0  # nothing is there but the step
    return found[steps[found] > GAP_STEPS * np.maximum(before, after)]


def _shown(code: str, stat: Stat) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lowest, mean and highest in the metric's unit; where nothing is known they mean nothing."""
    digits = digits_of(code.partition(".")[0])
    unit = 10**digits
    if stat.total is None:
        middle = stat.last / unit
    else:
        means = np.asarray(stat.total / np.maximum(stat.weight, 1), dtype=float)
        middle = np.round(means / unit, digits)
    return stat.low / unit, middle, stat.high / unit


def raw_rows(part: Part) -> dict[str, list[Row]]:
    """Every reading as its own row, at its own time, with gaps marked."""
    steps = np.diff(part.times)
    usual = int(np.median(steps)) if len(steps) else 0
    gaps = set((silences(steps, usual) + 1).tolist())
    times = part.times.tolist()
    return {code: _raw(code, times, stat, gaps, usual) for code, stat in part.stats.items()}


def _raw(code: str, times: list[int], stat: Stat, gaps: set[int], usual: int) -> list[Row]:
    """`gaps`: the readings that silence went before."""
    values = (stat.low / 10 ** digits_of(code.partition(".")[0])).tolist()
    if not gaps and stat.weight.all():
        return [[ts, value, value, value] for ts, value in zip(times, values, strict=True)]
    known = (stat.weight > 0).tolist()
    rows: list[Row] = []
    for i, value in enumerate(values):
        if i in gaps and rows and rows[-1][2] is not None:
            rows.append(_unknown(times[i - 1] + usual))
        if known[i]:
            rows.append([times[i], value, value, value])
        elif rows and rows[-1][2] is not None:
            rows.append(_unknown(times[i]))
    return rows


def _unknown(ts: int) -> Row:
    return [ts, None, None, None]
