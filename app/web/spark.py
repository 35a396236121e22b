"""Sparklines: what one metric did lately as an SVG path in a box of 100 × 30."""

from collections.abc import Sequence
from typing import NamedTuple

from app.processor.history import Row

WIDTH, HEIGHT = 100, 30
GAP_STEPS = 4
"""Missing this many steps, the line breaks: what happened meanwhile is not known."""


class Line(NamedTuple):
    """A path, its last point, and the mean of what it shows (in the metric's unit)."""

    path: str
    x: float
    y: float
    mean: float


def spark(rows: Sequence[Row], start: int, end: int) -> Line | None:
    """Draw the means of `[t, low, mean, high]` rows; None with less than two known."""
    points = [(row[0], row[2]) for row in rows if row[2] is not None]
    if len(points) < 2:
        return None
    values = [value for _, value in points]
    low, high = min(values), max(values)

    def place(t: int, value: float) -> tuple[float, float]:
        x = min(max((t - start) / (end - start), 0), 1) * WIDTH
        part = (value - low) / (high - low) if high > low else 0.5
        return round(x, 1), round(HEIGHT - 1 - part * (HEIGHT - 2), 1)

    steps = sorted(b[0] - a[0] for a, b in zip(points, points[1:], strict=False))
    widest = GAP_STEPS * max(steps[len(steps) // 2], 1)
    path, before = [], None
    for t, value in points:
        x, y = place(t, value)
        joined = before is not None and t - before <= widest
        path.append(f"{'L' if joined else 'M'}{x:g} {y:g}")
        before = t
    return Line("".join(path), x, y, sum(values) / len(values))
