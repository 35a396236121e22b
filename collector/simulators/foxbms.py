"""A foxBMS on a CAN bus, or behind an SLCAN adapter on a pseudo-terminal.

Options: `generation` as for the driver, `speed`.
"""

import threading
from collections.abc import Callable, Mapping
from time import monotonic

import can

from ..drivers.foxbms import LAYOUTS
from ._foxbms_frames import frames
from ._slcan_adapter import Adapter
from .base import Simulator, beats, choice, speed, split
from .pack import Pack
from .terminal import Terminal, terminal

BEAT_S = 0.1
BIT_RATE = 500_000
TRANSPORTS = ("pty", "can")


def serve(
    pack: Pack,
    where: str,
    stop: threading.Event,
    options: Mapping[str, str],
    ready: Callable[[str], None],
) -> None:
    """See `simulators.base.Serve`. A CAN bus is announced as `INTERFACE:CHANNEL`."""
    transport, rest = split(where, TRANSPORTS)
    generation = choice(options, "generation", LAYOUTS, "1.11")
    fast = speed(options)
    if transport == "can":
        _serve_bus(pack, rest, stop, generation, fast, ready)
    else:
        with terminal(rest) as port:
            ready(port.path)
            _serve_port(pack, port, stop, generation, fast)


def _serve_bus(
    pack: Pack,
    where: str,
    stop: threading.Event,
    generation: str,
    fast: float,
    ready: Callable[[str], None],
) -> None:
    interface, _, channel = where.partition(":")
    with can.Bus(interface=interface, channel=channel or None, bitrate=BIT_RATE) as bus:
        ready(where)
        for beat, passed in enumerate(beats(BEAT_S, stop)):
            pack.step(passed * fast)
            for frame in frames(pack, generation, beat):
                bus.send(
                    can.Message(arbitration_id=frame.id, data=frame.data, is_extended_id=False)
                )


def _serve_port(
    pack: Pack, port: Terminal, stop: threading.Event, generation: str, fast: float
) -> None:
    adapter = Adapter(BIT_RATE)

    def answer(wait_s: float) -> None:
        """Answer the computer's commands until the next beat."""
        until = monotonic() + wait_s
        while (left := until - monotonic()) > 0:
            if commands := port.read(left):
                port.write(adapter.receive(commands))

    for beat, passed in enumerate(beats(BEAT_S, stop, answer)):
        pack.step(passed * fast)
        clock_ms = int(monotonic() * 1000)
        heard = (adapter.hear(frame, clock_ms) for frame in frames(pack, generation, beat))
        port.write(b"".join(heard))


SIMULATOR = Simulator(
    "foxbms",
    (
        "foxBMS sur CAN ou derrière un adaptateur SLCAN",
        "foxBMS on CAN or behind an SLCAN adapter",
    ),
    TRANSPORTS,
    serve,
)
