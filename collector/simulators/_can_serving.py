"""A simulated battery on a CAN bus, or behind an SLCAN adapter on a pseudo-terminal."""

import threading
from collections.abc import Callable, Iterable
from time import monotonic
from typing import Protocol

import can

from ..drivers.base import CanFrame
from ._slcan_adapter import Adapter
from .base import beats, split
from .terminal import Terminal, terminal

TRANSPORTS = ("pty", "can")
BEAT_S = 0.1


class Talker(Protocol):
    """What a battery says. Neither method is called while the other is at work."""

    def beat(self, number: int, passed_s: float) -> Iterable[CanFrame]:
        """The frames of a beat, `passed_s` of the wall clock after the one before."""

    def answer(self, frame: CanFrame) -> Iterable[CanFrame]:
        """The frames that answer one of somebody else's."""


def serve(
    talker: Talker,
    where: str,
    bit_rate: int,
    stop: threading.Event,
    ready: Callable[[str], None],
) -> None:
    """Serve until `stop`. A CAN bus is announced as `INTERFACE:CHANNEL`."""
    transport, rest = split(where, TRANSPORTS)
    if transport == "can":
        _serve_bus(talker, rest, bit_rate, stop, ready)
        return
    with terminal(rest) as port:
        ready(port.path)
        _serve_port(talker, port, bit_rate, stop)


def _serve_bus(
    talker: Talker,
    where: str,
    bit_rate: int,
    stop: threading.Event,
    ready: Callable[[str], None],
) -> None:
    interface, _, channel = where.partition(":")
    with can.Bus(interface=interface, channel=channel or None, bitrate=bit_rate) as bus:

        def say(frames: Iterable[CanFrame]) -> None:
            for frame in frames:
                bus.send(
                    can.Message(
                        arbitration_id=frame.id, data=frame.data, is_extended_id=frame.extended
                    )
                )

        def listen(wait_s: float) -> None:
            """Answer others until the next beat."""
            until = monotonic() + wait_s
            while (left := until - monotonic()) > 0:
                if (heard := bus.recv(left)) is not None:
                    number, extended = heard.arbitration_id, heard.is_extended_id
                    say(talker.answer(CanFrame(number, bytes(heard.data), 0, extended)))

        ready(where)
        for number, passed in enumerate(beats(BEAT_S, stop, listen)):
            say(talker.beat(number, passed))


def _serve_port(talker: Talker, port: Terminal, bit_rate: int, stop: threading.Event) -> None:
    adapter = Adapter(bit_rate)

    def hear(frames: Iterable[CanFrame]) -> bytes:
        clock_ms = int(monotonic() * 1000)
        return b"".join(adapter.hear(frame, clock_ms) for frame in frames)

    def listen(wait_s: float) -> None:
        """Obey the computer, and answer what it transmits, until the next beat."""
        until = monotonic() + wait_s
        while (left := until - monotonic()) > 0:
            if commands := port.read(left):
                before = len(adapter.sent)
                port.write(adapter.receive(commands))
                for frame in adapter.sent[before:]:
                    port.write(hear(talker.answer(frame)))

    for number, passed in enumerate(beats(BEAT_S, stop, listen)):
        port.write(hear(talker.beat(number, passed)))
