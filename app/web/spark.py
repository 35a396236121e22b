"""Sparklines: what one metric did lately as an SVG path in a box of 100 × 30."""

from collections.abc import Sequence
from typing import NamedTuple

from app.processor.history import Row

WIDTH, HEIGHT = 100, 30
GAP_STEPS, GAP_PART = 4, 0.2
"""Missing this many steps and this part of the box, the line breaks: what happened meanwhile is not
known. Both, because readings kept of the past may be farther apart than those of today."""
Point = tuple[int, float]


class Line(NamedTuple):
    """A path, its last point, and the mean of what it shows (in the metric's unit)."""

    path: str
    x: float
    y: float
    mean: float


def spark(rows: Sequence[Row], start: int, end: int, step: int) -> Line | None:
    """Draw the means of `[t, low, mean, high]` rows, of which one is expected every `step` ms.

    None where no two are neighbours: a dash in the void is not a trend.
    """
    points = [(row[0], row[2]) for row in rows if row[2] is not None]
    widest = max(GAP_STEPS * step, GAP_PART * (end - start))
    stretches = [each for each in _stretches(points, widest) if len(each) > 1]
    if not stretches:
        return None
    values = [value for _, value in points]
    low, high = min(values), max(values)

    def place(point: Point) -> tuple[float, float]:
        x = min(max((point[0] - start) / (end - start), 0), 1) * WIDTH
        part = (point[1] - low) / (high - low) if high > low else 0.5
        return round(x, 1), round(HEIGHT - 1 - part * (HEIGHT - 2), 1)

    drawn = [[place(point) for point in each] for each in stretches]
    path = "".join("M" + "L".join(f"{x:g} {y:g}" for x, y in each) for each in drawn)
    return Line(path, *drawn[-1][-1], sum(values) / len(values))


def _stretches(points: Sequence[Point], widest: int) -> list[list[Point]]:
    """Points in a row without a gap wider than `widest`."""
    found: list[list[Point]] = []
    for point in points:
        if found and point[0] - found[-1][-1][0] <= widest:
            found[-1].append(point)
        else:
            found.append([point])
    return found
