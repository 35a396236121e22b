"""A bus of JK PB boards on a pseudo-terminal, all of one pack. Options: `boards` (1 to 15), `echo`,
`speed`."""

import struct
import threading
from collections.abc import Callable, Mapping

from ..drivers import _jk_pb as pb
from ..drivers.jk import TRIGGERS
from ..protocols.checks import sum8, with_crc16
from ._answering import TRANSPORTS, Answers, clipped, flags, serve_answers
from .base import Simulator, number
from .pack import Pack

SENSORS = (162, 164, 254, 256, 258)
COMPLAINTS = {"cell_overvoltage": 4, "cell_undervoltage": 11, "overtemperature": 21}
"""Alarms of the pack and the bit that stands for them."""


def answers(pack: Pack, boards: int) -> Answers:
    payloads = {pb.STATUS: _status, pb.SETTINGS: _settings, pb.IDENTITY: _identity}
    return {
        TRIGGERS[board, what]: lambda board=board, what=what, fill=fill: _answer(
            board, what, fill(pack)
        )
        for board in range(1, boards + 1)
        for what, fill in payloads.items()
    }


def _answer(board: int, what: int, fields: Mapping[int, tuple[str, int]]) -> bytes:
    payload = bytearray(pb.PAYLOAD)
    payload[:4], payload[4] = pb.HEAD, what
    for at, (kind, value) in fields.items():
        struct.pack_into(f"<{kind}", payload, at, value)
    payload[-1] = sum8(payload[:-1])
    acknowledge = with_crc16(bytes((board, 0x10, 0x16, pb.TRIGGERS[what], 0, 1)))
    return bytes(payload) + b"\0" + acknowledge + b"\0"


def _status(pack: Pack) -> dict[int, tuple[str, int]]:
    volts = pack.cell_voltages[: pb.MAX_CELLS]
    sensors = list(zip(SENSORS, pack.temperatures, strict=False))
    complaints = [COMPLAINTS[a] for a in pack.alarms if a in COMPLAINTS]
    return {
        **{6 + 2 * i: ("H", clipped(v * 1000, 0, 0xFFFF)) for i, v in enumerate(volts)},
        **{at: ("h", round(10 * t)) for at, t in sensors},
        70: ("I", (1 << len(volts)) - 1),
        144: ("h", round(10 * max(pack.temperatures, default=pack.ambient))),
        150: ("I", round(pack.voltage * 1000)),
        158: ("i", round(pack.current * 1000)),
        166: ("I", sum(1 << bit for bit in complaints)),
        172: ("B", 2 if any(pack.balancing) else 0),
        173: ("B", round(pack.soc)),
        174: ("i", round(pack.capacity_remaining * 1000)),
        178: ("I", round(pack.capacity_full * 1000)),
        182: ("I", round(pack.cycles)),
        190: ("B", round(pack.soh)),
        198: ("B", 1),
        199: ("B", 1),
        214: ("B", 1 | flags([True] * len(sensors)) << 1),
    }


def _settings(pack: Pack) -> dict[int, tuple[str, int]]:
    milliamperes = round(pack.spec.capacity_ah * 1000)
    return {
        50: ("I", milliamperes // 2),
        62: ("I", milliamperes),
        114: ("I", len(pack.cell_voltages)),
        130: ("I", milliamperes),
    }


def _identity(pack: Pack) -> dict[int, tuple[str, int]]:
    texts = {6: "SIM_JK_PB", 30: "15.41", 46: f"SIM-{pack.spec.seed}"}
    return {at + i: ("B", ord(c)) for at, text in texts.items() for i, c in enumerate(text)}


def serve(
    pack: Pack,
    where: str,
    stop: threading.Event,
    options: Mapping[str, str],
    ready: Callable[[str], None],
) -> None:
    """See `simulators.base.Serve`."""
    boards = round(number(options, "boards", 1, 1, 15))
    serve_answers(pack, where, stop, options, ready, answers(pack, boards))


SIMULATOR = Simulator(
    "jk",
    ("Cartes JK PB sur leur bus RS485", "JK PB boards on their RS485 bus"),
    TRANSPORTS,
    serve,
)
