"""The geometry of the cell panel: deviation bars for a few cells, a coloured map for many.

`static/js/cells.js` holds the twin of `panel`, because bars move with every reading; a test
compares the two. Lengths are percentages of the bar's box.
"""

from collections.abc import Sequence
from dataclasses import dataclass

MOST_BARS = 32
DEFAULT_SPREAD_V = 0.06
ROW = 8
"""Boxes in a row of the map."""
_MARGIN = 1.15
_THINNEST = 1.2
_SHADES = ((0.85, "3"), (0.55, "2"), (0.25, "1"))
"""From which part of half the limit a box of the map takes each shade."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell, numbered from 1. `volts` None is unknown; `mark` is `min`, `max` or nothing.

    `y`, `height` draw its deviation from the mean, `fill` its voltage.
    """

    number: int
    volts: float | None
    deviation: float
    mark: str
    balancing: bool
    shade: str
    y: float
    height: float
    fill: float


@dataclass(frozen=True, slots=True)
class Panel:
    """Every cell, and what is said of all. Volts; `base`, `zone_y` and `zone` in percent."""

    cells: tuple[Cell, ...]
    mean: float
    low: float
    high: float
    lowest: int
    highest: int
    spread: float
    limit: float
    base: float
    zone_y: float
    zone: float

    @property
    def alarming(self) -> bool:
        return self.spread >= self.limit

    @property
    def mapped(self) -> bool:
        """Whether there are too many cells for bars."""
        return len(self.cells) > MOST_BARS

    @property
    def map_rows(self) -> list[tuple[Cell, ...]]:
        return [self.cells[i : i + ROW] for i in range(0, len(self.cells), ROW)]

    @property
    def balancing(self) -> list[int]:
        return [cell.number for cell in self.cells if cell.balancing]


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where volts fall in a bar's box: `span` volts high, the mean at `base` of it from above."""

    mean: float
    low: float
    high: float
    limit: float

    @property
    def up(self) -> float:
        return max(self.limit / 2, self.high - self.mean) * _MARGIN

    @property
    def span(self) -> float:
        return self.up + max(self.limit / 2, self.mean - self.low) * _MARGIN

    @property
    def base(self) -> float:
        return self.up / self.span

    @property
    def floor(self) -> float:
        """Where the bars of plain voltage begin: not at zero, which would make them all equal."""
        return self.low - max(self.high - self.low, self.limit)


def panel(
    volts: Sequence[float | None],
    balancing: Sequence[float | None] = (),
    limit: float | None = None,
) -> Panel | None:
    """Lay the cells out; None when nothing is known of any. `limit` is the spread's, in volts."""
    known = [value for value in volts if value is not None]
    if not known:
        return None
    low, high = min(known), max(known)
    scale = _Scale(sum(known) / len(known), low, high, limit or DEFAULT_SPREAD_V)
    marks = {volts.index(high): "max", volts.index(low): "min"} if low < high else {}
    active = {i for i, value in enumerate(balancing) if value}
    half = scale.limit / 2 / scale.span
    return Panel(
        cells=tuple(
            _cell(i, value, scale, marks.get(i, ""), i in active) for i, value in enumerate(volts)
        ),
        mean=scale.mean,
        low=low,
        high=high,
        lowest=volts.index(low) + 1,
        highest=volts.index(high) + 1,
        spread=high - low,
        limit=scale.limit,
        base=100 * scale.base,
        zone_y=100 * (scale.base - half),
        zone=200 * half,
    )


def _cell(i: int, volts: float | None, scale: _Scale, mark: str, balancing: bool) -> Cell:
    if volts is None:
        return Cell(i + 1, None, 0.0, "", balancing, "0", 100 * scale.base, 0.0, 0.0)
    deviation = volts - scale.mean
    height = max(100 * abs(deviation) / scale.span, _THINNEST)
    return Cell(
        number=i + 1,
        volts=volts,
        deviation=deviation,
        mark=mark,
        balancing=balancing,
        shade=shade(deviation, scale.limit),
        y=100 * scale.base - (height if deviation > 0 else 0),
        height=height,
        fill=100 * (volts - scale.floor) / ((scale.high - scale.floor) * _MARGIN),
    )


def shade(deviation: float, limit: float) -> str:
    part = abs(deviation) / (limit / 2)
    for least, step in _SHADES:
        if part >= least:
            return ("n" if deviation < 0 else "p") + step
    return "0"
