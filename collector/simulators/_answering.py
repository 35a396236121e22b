"""Devices that answer questions on a serial line: what one of them has in common with another.

A device is given as the questions it knows, whole frames, each with the function that makes its
answer out of the pack; anything else it does not answer, as a real one would not. Options: `echo`
(yes: the adapter hears itself, so that questions come back), `speed`.
"""

import threading
from collections.abc import Callable, Mapping
from time import monotonic

from .base import beats, choice, speed, split
from .pack import Pack
from .terminal import terminal

TRANSPORTS = ("pty",)
TICK_S = 0.25
Answers = Mapping[bytes, Callable[[], bytes]]


class Device:
    """Finds questions in what comes, cut anywhere, and answers them in order; no I/O."""

    def __init__(self, answers: Answers, *, echo: bool = False) -> None:
        self._answers, self._echo = answers, echo
        self._longest = max(map(len, answers))
        self._rest = b""

    def receive(self, data: bytes) -> bytes:
        """What is sent back."""
        self._rest += data
        said = data if self._echo else b""
        while (found := self._first()) is not None:
            said += self._answers[found]()
            self._rest = self._rest[self._rest.index(found) + len(found) :]
        self._rest = self._rest[-self._longest :]
        return said

    def _first(self) -> bytes | None:
        places = {self._rest.find(question): question for question in self._answers}
        places.pop(-1, None)
        return places[min(places)] if places else None


def serve_answers(
    pack: Pack,
    where: str,
    stop: threading.Event,
    options: Mapping[str, str],
    ready: Callable[[str], None],
    answers: Answers,
) -> None:
    """Serve a device on a pseudo-terminal; see `simulators.base.Serve`."""
    _, link = split(where, TRANSPORTS)
    fast = speed(options)
    device = Device(answers, echo=choice(options, "echo", ("yes", "no"), "no") == "yes")
    with terminal(link) as port:
        ready(port.path)

        def listen(wait_s: float) -> None:
            until = monotonic() + wait_s
            while (left := until - monotonic()) > 0:
                if (heard := port.read(left)) and (said := device.receive(heard)):
                    port.write(said)

        for passed in beats(TICK_S, stop, listen):
            pack.step(passed * fast)


def clipped(value: float, low: int, high: int) -> int:
    """The nearest whole number a field can hold."""
    return min(max(round(value), low), high)


def u16(value: float) -> bytes:
    return clipped(value, 0, 0xFFFF).to_bytes(2, "big")


def s16(value: float) -> bytes:
    return clipped(value, -0x8000, 0x7FFF).to_bytes(2, "big", signed=True)


def u32(value: float) -> bytes:
    return clipped(value, 0, 0xFFFF_FFFF).to_bytes(4, "big")


def flags(bits: list[bool] | list[int]) -> int:
    """A number with these bits, bit 0 first."""
    return sum(1 << bit for bit, present in enumerate(bits) if present)
