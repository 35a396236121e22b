"""Tiers: the widths of buckets that are kept, and how a row of buckets becomes bytes.

A row is a chunk like any other (`chunks`) whose readings are buckets, timed by their beginnings.
For a series `soc` it holds `soc.total`; `soc.low`, `soc.high` and `soc.last` as distances from the
mean (rounded down to what the device resolves), which are small and hardly vary; and `soc.missing`
where the series is known of for less time than the bucket is `covered`. A counter's are distances
from its lowest. Distances are stored as running totals, because a chunk keeps differences.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

import numpy as np

from .bands import Band, Stat
from .chunks import Chunk, Column, Key, encode

SECOND_MS, DAY_MS = 1_000, 86_400_000
COVERED = ("covered", None)


@dataclass(frozen=True, slots=True)
class Tier:
    """`seconds` is the width of a bucket, `spans` how many days there are in a row: of the first
    as compiled, of the last in the end. Each is a multiple of the one before."""

    seconds: int
    spans: tuple[int, ...]

    @property
    def width(self) -> int:
        """Milliseconds."""
        return self.seconds * SECOND_MS


MINUTE = Tier(60, (1,))
QUARTER = Tier(900, (1, 8, 32))
HOUR = Tier(3600, (1, 8, 64, 384))
DAY = Tier(86_400, (1, 8, 64, 384))
"""Its buckets are days of the site, cut where UTC days meet: parts that add up exactly."""

TIERS = (MINUTE, QUARTER, HOUR, DAY)
SPARSE = (MINUTE, QUARTER)
"""Not kept of days on which a bucket has few readings: the readings themselves cost no more."""
READINGS = 27
"""About thirty readings a bucket, a tenth of which may be missing."""


def pack_row(band: Band) -> bytes:
    """The bytes of a row; at least one bucket."""
    columns: dict[Key, Column] = {COVERED: Column(0, band.covered)}
    for (code, index), stat in band.stats.items():
        for part, column in _columns(stat, band.covered):
            columns[f"{code}.{part}", index] = column
    return encode(band.times, columns)


def unpack_row(data: bytes, wanted: Callable[[Key], bool] = lambda _: True) -> Band:
    """What `pack_row` was given, of the wanted series. Raises ChunkError."""
    chunk = Chunk(data)
    covered = _whole(chunk.column(COVERED), chunk.count)
    parts: dict[Key, set[str]] = {}
    for name, index in chunk.keys:
        code, _, part = name.rpartition(".")
        if code and wanted((code, index)):
            parts.setdefault((code, index), set()).add(part)
    stats = {key: _stat(chunk, key, found, covered) for key, found in parts.items()}
    return Band(np.asarray(chunk.times, dtype=np.int64), covered, stats)


def _columns(stat: Stat, covered: np.ndarray) -> Iterator[tuple[str, Column]]:
    missing = covered - stat.weight
    known = stat.weight > 0
    mask = None if known.all() else known
    if mask is not None and not known.any():
        return
    if missing.any():
        yield "missing", _running(missing, 1, None)
    if stat.total is not None:
        yield "total", _shortest(stat.total[known], mask)
    if stat.low is None:
        return
    low, high, last = (each[known] for each in (stat.low, stat.high, stat.last))
    unit = _unit(low, high, last)
    if stat.total is None:
        yield "low", Column(0, low, mask)
        around = low
    else:
        around = stat.total[known] // stat.weight[known] // unit * unit
        yield "low", _running(around - low, unit, mask)
    yield "high", _running(high - around, unit, mask)
    yield "last", _running(last - around, unit, mask)


def _unit(*columns: np.ndarray) -> int:
    """The power of ten that all are multiples of: a device may resolve less than we keep."""
    unit = 1
    while unit < 1000 and not any((column % (unit * 10)).any() for column in columns):
        unit *= 10
    return unit


def _running(values: np.ndarray, unit: int, mask: np.ndarray | None) -> Column:
    return Column(-len(str(unit)) + 1, np.cumsum(values // unit), mask)


def _shortest(totals: np.ndarray, mask: np.ndarray | None) -> Column:
    """Whole seconds make whole thousands: they need not be kept."""
    digits = 0
    while digits > -9 and not (totals % 10).any():
        totals, digits = totals // 10, digits - 1
    return Column(digits, totals, mask)


def _stat(chunk: Chunk, key: Key, parts: Collection[str], covered: np.ndarray) -> Stat:
    code, index = key

    def column(part: str) -> Column | None:
        return chunk.column((f"{code}.{part}", index)) if part in parts else None

    main = column("total") or column("low")
    known = np.ones(chunk.count, bool) if main.present is None else np.asarray(main.present, bool)
    missing, total, low = column("missing"), column("total"), column("low")
    weight = covered if missing is None else covered - _steps(missing)
    total = None if total is None else _plain(total)
    spread = None if total is None else _spread(total, known)
    if low is None:
        return Stat(weight, spread)
    if total is None:
        around = lowest = _plain(low)
    else:
        unit = 10**-low.digits
        around = total // weight[known] // unit * unit
        lowest = around - _steps(low)
    high, last = (around + _steps(column(part)) for part in ("high", "last"))
    return Stat(weight, spread, *(_spread(each, known) for each in (lowest, high, last)))


def _plain(column: Column) -> np.ndarray:
    return np.asarray(column.known, dtype=np.int64) * 10**-column.digits


def _steps(column: Column) -> np.ndarray:
    """What was added up, in a running total."""
    return np.diff(_plain(column), prepend=0)


def _spread(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    if known.all():
        return values
    whole = np.zeros(len(known), np.int64)
    whole[known] = values
    return whole


def _whole(column: Column | None, count: int) -> np.ndarray:
    return np.zeros(count, np.int64) if column is None else np.asarray(column.known, np.int64)
