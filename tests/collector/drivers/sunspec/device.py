"""A SunSpec device as a table of registers, and a decoder that asks it as the collector does."""

from collections.abc import Iterator, Mapping, MutableMapping

from collector.decoding import decode, tidied
from collector.drivers.base import Decoder, RegisterRead, Registers, load
from collector.wire.reading import Reading

T0 = 1_790_000_000_000
Memory = MutableMapping[int, int]


def memory(words: Mapping[tuple[int, int], int]) -> Memory:
    return {address: word for (_, address), word in words.items()}


def answer(held: Memory, question: RegisterRead, ts: int = T0) -> Registers | None:
    """None: the device says that it has no such registers."""
    addresses = range(question.address, question.address + question.count)
    if any(address not in held for address in addresses):
        return None
    values = tuple(held[address] for address in addresses)
    return Registers(question.unit, question.function, question.address, values, ts)


def opened(**options) -> Decoder:
    return load("sunspec").decoder("b1", options)


def cycle(decoder: Decoder, held: Memory, ts: int = T0, after=None) -> list[Reading]:
    """One cycle of questions; `after` is called with each question once it is answered."""
    return list(tidied(_cycle(decoder, held, ts, after)))


def _cycle(decoder: Decoder, held: Memory, ts: int, after) -> Iterator[Reading]:
    waiting = list(decoder.requests(ts))
    while waiting:
        question = waiting.pop(0)
        assert question.function == 3
        given = answer(held, question, ts)
        if given is None:
            decoder.refused(question, "exception_2")
        else:
            yield from decode(decoder, [given])
        if after is not None:
            after(question)
        waiting += decoder.follow_up(ts)
    yield from decoder.finish()
