"""A JBD board on a pseudo-terminal. Options: `echo`, `speed`."""

import threading
from collections.abc import Callable, Mapping

from ..drivers.jbd import BASIC, CELLS, MODEL, SENDS
from ..protocols.checks import minus_sum16
from ._answering import TRANSPORTS, Answers, flags, s16, serve_answers, u16
from .base import Simulator
from .pack import Pack

NAME = b"SIM-JBD"
PROTECTIONS = {"cell_overvoltage": 0, "cell_undervoltage": 1, "overtemperature": 6}
"""Alarms of the pack and the bit that stands for them."""


def answers(pack: Pack) -> Answers:
    return {
        SENDS[BASIC]: lambda: _frame(BASIC, _basic(pack)),
        SENDS[CELLS]: lambda: _frame(CELLS, b"".join(u16(v * 1000) for v in pack.cell_voltages)),
        SENDS[MODEL]: lambda: _frame(MODEL, NAME),
    }


def _frame(command: int, data: bytes) -> bytes:
    body = bytes((0, len(data))) + data
    return bytes((0xDD, command)) + body + minus_sum16(body).to_bytes(2, "big") + b"\x77"


def _basic(pack: Pack) -> bytes:
    balancing = flags(pack.balancing)
    complaints = flags([any(PROTECTIONS.get(a) == bit for a in pack.alarms) for bit in range(16)])
    return b"".join(
        (
            u16(pack.voltage * 100),
            s16(pack.current * 100),
            u16(pack.capacity_remaining * 100),
            u16(pack.spec.capacity_ah * 100),
            u16(pack.cycles),
            u16(0x2C7C),
            u16(balancing & 0xFFFF),
            u16(balancing >> 16),
            u16(complaints),
            bytes((0x80, round(pack.soc), 0b11, len(pack.cell_voltages), len(pack.temperatures))),
            *(u16(2731 + 10 * t) for t in pack.temperatures),
        )
    )


def serve(
    pack: Pack,
    where: str,
    stop: threading.Event,
    options: Mapping[str, str],
    ready: Callable[[str], None],
) -> None:
    """See `simulators.base.Serve`."""
    serve_answers(pack, where, stop, options, ready, answers(pack))


SIMULATOR = Simulator(
    "jbd",
    ("Carte JBD sur sa ligne série", "JBD board on its serial line"),
    TRANSPORTS,
    serve,
)
