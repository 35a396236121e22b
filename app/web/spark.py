"""Sparklines: the last hour of one metric as an SVG path in a box of 100 × 30."""

from collections.abc import Sequence
from typing import NamedTuple

WIDTH, HEIGHT = 100, 30


class Line(NamedTuple):
    """A path, and the height of its last point when that is known."""

    path: str
    end: float | None


def spark(points: Sequence[float | None]) -> Line | None:
    """Draw evenly spaced points; unknown ones break the line. None with less than two known."""
    known = [value for value in points if value is not None]
    if len(known) < 2:
        return None
    low, high = min(known), max(known)

    def height(value: float) -> float:
        if low == high:
            return HEIGHT / 2
        return round(HEIGHT - 1 - (value - low) / (high - low) * (HEIGHT - 2), 1)

    path, pen = [], "M"
    for i, value in enumerate(points):
        if value is None:
            pen = "M"
            continue
        path.append(f"{pen}{round(i / (len(points) - 1) * WIDTH, 1):g} {height(value):g}")
        pen = "L"
    last = points[-1]
    return Line("".join(path), None if last is None else height(last))
