"""A Daly board on a pseudo-terminal. Options: `board` (1 to 16), `echo`, `speed`."""

import threading
from collections.abc import Callable, Iterable, Mapping

from ..drivers import daly
from ..protocols.checks import sum8
from ._answering import TRANSPORTS, Answers, flags, serve_answers, u16, u32
from .base import Simulator, number
from .pack import Pack

COMPLAINTS = {
    "cell_overvoltage": (0, 1),
    "cell_undervoltage": (0, 3),
    "overtemperature": (1, 5),
    "soc_low": (2, 6),
    "cell_imbalance": (3, 0),
}
"""Alarms of the pack and where they are: byte and bit."""


def answers(pack: Pack, board: int) -> Answers:
    contents: dict[int, Callable[[], Iterable[bytes]]] = {
        daly.PACK: lambda: (_pack(pack),),
        daly.MOSFETS: lambda: (
            bytes((_mode(pack), 1, 1, 0)) + u32(pack.capacity_remaining * 1000),
        ),
        daly.COUNTS: lambda: (
            bytes((len(pack.cell_voltages), len(pack.temperatures), 0, 0, 0)) + u16(pack.cycles),
        ),
        daly.CELLS: lambda: _numbered([u16(v * 1000) for v in pack.cell_voltages], 3),
        daly.TEMPERATURES: lambda: _numbered(
            [bytes((round(t) + 40,)) for t in pack.temperatures], 7
        ),
        daly.BALANCING: lambda: (flags(pack.balancing).to_bytes(6, "little"),),
        daly.COMPLAINTS: lambda: (_complaints(pack),),
        daly.RATED: lambda: (u32(pack.spec.capacity_ah * 1000) + u32(3200),),
    }

    def answer(command: int) -> bytes:
        return b"".join(_frame(board, command, data) for data in contents[command]())

    return {daly.SENDS[board, what]: lambda what=what: answer(what) for what in contents}


def _frame(board: int, command: int, data: bytes) -> bytes:
    frame = bytes((0xA5, board, command, 8)) + data.ljust(8, b"\0")
    return frame + bytes((sum8(frame),))


def _numbered(items: list[bytes], most: int) -> Iterable[bytes]:
    for place, at in enumerate(range(0, len(items), most), start=1):
        yield bytes((place,)) + b"".join(items[at : at + most])


def _mode(pack: Pack) -> int:
    return 1 if pack.charging else 2 if pack.discharging else 0


def _pack(pack: Pack) -> bytes:
    current = u16(30_000 + 10 * pack.current)
    return u16(10 * pack.voltage) + u16(10 * pack.voltage) + current + u16(10 * pack.soc)


def _complaints(pack: Pack) -> bytes:
    found = bytearray(8)
    for byte, bit in (COMPLAINTS[a] for a in pack.alarms if a in COMPLAINTS):
        found[byte] |= 1 << bit
    return bytes(found)


def serve(
    pack: Pack,
    where: str,
    stop: threading.Event,
    options: Mapping[str, str],
    ready: Callable[[str], None],
) -> None:
    """See `simulators.base.Serve`."""
    board = round(number(options, "board", 1, daly.BOARDS[0], daly.BOARDS[-1]))
    serve_answers(pack, where, stop, options, ready, answers(pack, board))


SIMULATOR = Simulator(
    "daly",
    ("Carte Daly (trames A5) sur sa ligne série", "Daly board (A5 frames) on its serial line"),
    TRANSPORTS,
    serve,
)
