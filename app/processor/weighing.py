"""How long each reading stands for: the weights of every mean, integral and share of time.

Weights are worked out within each hour of UTC and depend on that hour's readings alone, so that
they come out the same whatever else is read with them, in whatever order it arrived.

A reading stands until the next one. Where that is further away than `HELD` usual steps it is a gap,
and the reading stands for one usual step. The usual step is the hour's median, or the step before
where that is longer, so that a device which measures less often at rest leaves no gaps. The last
reading stands until the hour ends, the first one also since the hour began, by the same rule: a
steady signal covers an hour to the millisecond.
"""

import numpy as np

from .bands import cuts_of

HOUR_MS = 3_600_000
HELD = 3
ALONE_MS = 60_000
"""The usual step of a reading that is alone in its hour."""
LONGEST_MS = 300_000
"""A silence longer than this says nothing about how often a device measures."""


def weights(times: np.ndarray) -> np.ndarray:
    """Milliseconds that each reading stands for, at least one; `times` strictly increasing."""
    found = np.empty(len(times), np.int64)
    hours = times // HOUR_MS
    bounds = [*cuts_of(hours).tolist(), len(times)]
    for low, high in zip(bounds, bounds[1:], strict=False):
        if high > low:
            found[low:high] = _within(times[low:high], int(hours[low]) * HOUR_MS)
    return found


def _within(times: np.ndarray, start: int) -> np.ndarray:
    steps = np.diff(times)
    usual = _median(steps) if len(steps) else ALONE_MS
    before = np.concatenate(([usual], np.minimum(steps, LONGEST_MS)))
    after = np.append(steps, start + HOUR_MS - times[-1])
    held = np.where(after <= HELD * np.maximum(before, usual), after, usual)
    lead = int(times[0]) - start
    if lead <= HELD * usual:
        held[0] += lead
    return held


def _median(steps: np.ndarray) -> int:
    """What `int(np.median())` says of steps, without what it costs for each of many hours."""
    ordered, middle = np.sort(steps), len(steps) // 2
    return int(ordered[middle] if len(steps) % 2 else (ordered[middle - 1] + ordered[middle]) // 2)
