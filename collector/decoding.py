"""From what a link received to readings worth keeping; the same for a recording and a live bus."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from .drivers.base import Decoder, Garbage, Input
from .wire.errors import WireError
from .wire.reading import MAX_STATES, Reading, State, parse_states, tidy


def decode(decoder: Decoder, items: Iterable[Input]) -> Iterator[Reading]:
    """Feed items in order; yield tidy readings. What the format could not parse is counted here."""
    for item in items:
        if isinstance(item, Garbage):
            decoder.tally.reject(item.reason)
        else:
            yield from tidied(decoder.feed(item))


def tidied(readings: Iterable[Reading]) -> Iterator[Reading]:
    """Each reading at registry resolution, without what cannot be true.

    Nor with a state that the portal would refuse: a BMS whose name is made of control characters
    must not cost it the block that carries it.
    """
    for reading in readings:
        tidy_reading, _ = tidy(reading)
        try:
            parse_states(reading.states)
        except WireError:
            sound = [(code, s) for code, s in reading.states.items() if _is_sound(code, s)]
            tidy_reading = replace(tidy_reading, states=dict(sound[:MAX_STATES]))
        yield tidy_reading


def _is_sound(code: str, state: State) -> bool:
    try:
        parse_states({code: state})
    except WireError:
        return False
    return True
