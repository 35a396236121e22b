"""Charts as SVG, for pages that are read without scripts: lines, bands, gaps and their axes.

Rows are those of `series`: time, lowest, mean, highest; a row of None begins a gap. The box is
1000 × 100 and is stretched, so nothing in it is round and its texts stand beside it, at percents.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import floor, log10
from zoneinfo import ZoneInfo

from .format import Shown, clock, number, shown

WIDTH, HEIGHT = 1000, 100
DAY_MS = 86_400_000
LINES = 4
"""About how many lines the vertical axis has, and labels at most the other."""
LABELS = 6
MINUTES = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720)
DAYS = (1, 2, 7, 14)
MONTHS = (1, 2, 3, 6, 12, 24, 60)
Row = Sequence[float | None]
Tick = tuple[float, str]
"""Percent from the left or from above, and what is written there."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One metric of one battery: its line and, where means hide extremes, its band (paths)."""

    name: str
    line: str
    band: str


@dataclass(frozen=True, slots=True)
class Plot:
    """A panel. `gaps`: x and width in the box. `zero`: where zero lies, if within (box)."""

    curves: Sequence[Curve]
    gaps: Sequence[tuple[float, float]]
    levels: Sequence[Tick]
    zero: float | None


def draw(
    series: Sequence[tuple[str, Sequence[Row]]],
    metric: str,
    start: int,
    end: int,
    gaps: Sequence[tuple[int, int]],
    locale: str,
) -> Plot | None:
    """The plot of named series of one quantity; None where nothing is known. Only the first has a
    band."""
    values = [value for _, rows in series for row in rows for value in row[1:] if value is not None]
    if not values:
        return None
    how = shown(metric.partition(".")[0])
    low, high, levels = scale(min(values), max(values), how, locale)
    box = _Box(start, end, low, high)
    curves = [
        Curve(name, box.line(rows), "" if i else box.band(rows))
        for i, (name, rows) in enumerate(series)
    ]
    hatched = [(box.x(a), round(max(box.x(b) - box.x(a), 1), 1)) for a, b in gaps]
    zero = box.y(0) if low < 0 < high else None
    return Plot(curves, hatched, levels, zero)


def scale(low: float, high: float, how: Shown, locale: str) -> tuple[float, float, list[Tick]]:
    """Round ends for an axis around values, and its lines. Per cent stay within 0 and 100."""
    factor = how.times / how.divisor
    low, high = low * factor, high * factor
    step = _round_step((high - low) / LINES or abs(high) / 10 or 1)
    digits = max(0, -floor(log10(step) + 1e-9))
    first, last = floor(low / step), -floor(-high / step)
    if first == last:
        first, last = first - 1, last + 1
    if how.unit == "%":
        first, last = max(first, 0), min(last, max(-floor(-100 / step), first + 1))
    count = last - first
    levels = [
        (round(100 * (last - n) / count, 2), number(n * step, digits, False, locale))
        for n in range(first, last + 1)
    ]
    return first * step / factor, last * step / factor, levels


def _round_step(rough: float) -> float:
    """1, 2 or 5 times a power of ten, not less than this."""
    power = 10.0 ** floor(log10(rough))
    return next(n * power for n in (1, 2, 5, 10) if n * power >= rough * (1 - 1e-9))


def gaps(rows: Sequence[Row], start: int, end: int, step: int) -> list[tuple[int, int]]:
    """The stretches of a range in which nothing is known, each from one moment to another."""
    times = [int(row[0]) for row in rows if row[2] is not None]
    if not times:
        return [(start, end)]
    usual = (
        step
        or (sorted(b - a for a, b in zip(times, times[1:], strict=False)) or [0])[
            (len(times) - 1) // 2
        ]
    )
    found, since = [], None
    for row in rows:
        if row[2] is None:
            since = int(row[0]) - step // 2
        elif since is not None:
            found.append((since, int(row[0]) - step // 2))
            since = None
    if since is not None:
        found.append((since, end))
    edge = max(3 * usual, (end - start) // 50)
    if times[0] - start > edge:
        found.insert(0, (start, times[0] - step // 2))
    if since is None and end - times[-1] > edge:
        found.append((times[-1] + step // 2, end))
    return [(a, b) for a, b in found if b > a]


@dataclass(frozen=True, slots=True)
class _Box:
    start: int
    end: int
    low: float
    high: float

    def x(self, ts: float) -> float:
        part = (ts - self.start) / (self.end - self.start)
        return round(WIDTH * min(max(part, 0), 1), 1)

    def y(self, value: float) -> float:
        return round(HEIGHT * (self.high - value) / (self.high - self.low), 1)

    def line(self, rows: Sequence[Row]) -> str:
        path = []
        for part in _known(rows):
            points = [f"{self.x(row[0]):g} {self.y(row[2]):g}" for row in part]
            path.append("M" + "L".join(points if len(points) > 1 else points * 2))
        return "".join(path)

    def band(self, rows: Sequence[Row]) -> str:
        path = []
        for part in _known(rows):
            if all(row[1] == row[3] for row in part):
                continue
            there = [f"{self.x(row[0]):g} {self.y(row[3]):g}" for row in part]
            back = [f"{self.x(row[0]):g} {self.y(row[1]):g}" for row in reversed(part)]
            path.append("M" + "L".join(there + back) + "Z")
        return "".join(path)


def _known(rows: Sequence[Row]) -> list[list[Row]]:
    """The stretches between gaps."""
    found: list[list[Row]] = [[]]
    for row in rows:
        if row[2] is None:
            found.append([])
        else:
            found[-1].append(row)
    return [part for part in found if part]


def times(start: int, end: int, zone: ZoneInfo, locale: str) -> list[Tick]:
    """Labels of a time axis, at round moments of the site's clock."""
    first = datetime.fromtimestamp(start / 1000, zone)
    found = []
    for local, text in _ticks(first, (end - start) / LABELS):
        ts = local.timestamp() * 1000
        if ts > end:
            break
        if ts >= start:
            found.append((round(100 * (ts - start) / (end - start), 2), text(local, locale)))
    return found


def _ticks(first: datetime, span: float) -> Iterator[tuple[datetime, Callable]]:
    """Round moments from before `first` on, at least `span` ms apart, and how to write them."""
    midnight = first.replace(hour=0, minute=0, second=0, microsecond=0)
    for minutes in MINUTES:
        if minutes * 60_000 >= span:
            return _every(midnight, timedelta(minutes=minutes), _hour)
    for days in DAYS:
        if days * DAY_MS >= span:
            return _every(midnight, timedelta(days=days), _day)
    months = next((n for n in MONTHS if n * 30 * DAY_MS >= span), MONTHS[-1])
    return _monthly(midnight.replace(day=1), months)


def _every(moment: datetime, step: timedelta, text: Callable) -> Iterator:
    while True:
        yield moment, text
        moment += step


def _monthly(first: datetime, step: int) -> Iterator:
    month = (first.year * 12 + first.month - 1) // step * step
    while month < 12 * 9990:
        yield first.replace(year=month // 12, month=month % 12 + 1), _month
        month += step


def _hour(local: datetime, locale: str) -> str:
    if local.hour == local.minute == 0:
        return _day(local, locale)
    return clock(round(local.timestamp() * 1000), str(local.tzinfo), locale)


def _day(local: datetime, _: str) -> str:
    return f"{local:%m-%d}"


def _month(local: datetime, _: str) -> str:
    return f"{local:%Y-%m}"
