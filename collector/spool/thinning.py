"""What remains of old readings when the spool is full: fewer of them, never their alarms."""

from collections.abc import Iterator, Sequence

from ..wire.reading import Reading

MINUTE = 60_000
STEPS = (0, MINUTE, 15 * MINUTE, None)
"""Milliseconds between readings kept at each stage: 0 keeps all of them in larger blocks, which
already makes a third of the room; None keeps changes alone."""
SPANS = (10 * MINUTE, 60 * MINUTE, 24 * 60 * MINUTE, 24 * 60 * MINUTE)
"""How long a time one block covers after each stage."""


def thin(readings: Sequence[Reading], step: int | None) -> Iterator[Reading]:
    """Readings at least `step` apart, and the first, the last, and both sides of every change.

    A change is one of alarms or states; the reading before it is kept too, so that a chart shows
    when it happened and from where.
    """
    if step == 0:
        yield from readings
        return
    slot = None
    for i, reading in enumerate(readings):
        mine = None if step is None else reading.ts // step
        ends = i in (0, len(readings) - 1)
        if ends or mine != slot or _changes(readings, i) or _changes(readings, i + 1):
            slot = mine
            yield reading


def _changes(readings: Sequence[Reading], i: int) -> bool:
    if i >= len(readings):
        return False
    before, after = readings[i - 1], readings[i]
    return (before.alarms, dict(before.states)) != (after.alarms, dict(after.states))
