"""From what a link received to readings worth keeping; the same for a recording and a live bus."""

from collections.abc import Iterable, Iterator

from .drivers.base import Decoder, Garbage, Input
from .wire.reading import Reading, tidy


def decode(decoder: Decoder, items: Iterable[Input]) -> Iterator[Reading]:
    """Feed items in order; yield tidy readings. What the format could not parse is counted here."""
    for item in items:
        if isinstance(item, Garbage):
            decoder.tally.reject(item.reason)
        else:
            yield from tidied(decoder.feed(item))


def tidied(readings: Iterable[Reading]) -> Iterator[Reading]:
    """Each reading at registry resolution, without what cannot be true."""
    return (tidy(reading)[0] for reading in readings)
