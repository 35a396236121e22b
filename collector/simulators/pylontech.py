"""A group of Pylontech batteries on a pseudo-terminal, all of one pack. Options: `batteries` (1 to
14), `echo`, `speed`."""

import threading
from collections.abc import Callable, Mapping

from ..drivers._ascii_family import ALARMS, CID1, LIMITS, VALUES
from ..drivers.pylontech import QUESTIONS
from ..protocols.ascii_hex import Message, encode
from ._answering import TRANSPORTS, Answers, s16, serve_answers, u16
from .base import Simulator, number
from .pack import Pack

FIRST = 2
CHARGING, DISCHARGING = 0x80, 0x40


def answers(pack: Pack, batteries: int) -> Answers:
    contents = {VALUES: _values, ALARMS: _alarms, LIMITS: _limits}

    def answer(address: int, command: int) -> bytes:
        info = contents[command](pack, address)
        return encode(Message(0x20, address, CID1, 0, info))

    return {
        QUESTIONS[address, what]: lambda address=address, what=what: answer(address, what)
        for address in range(FIRST, FIRST + batteries)
        for what in contents
    }


def _values(pack: Pack, address: int) -> bytes:
    cells, sensors = pack.cell_voltages, [pack.ambient, *pack.temperatures]
    return b"".join(
        (
            bytes((0, address, len(cells))),
            *(u16(v * 1000) for v in cells),
            bytes((len(sensors),)),
            *(u16(2731 + 10 * t) for t in sensors),
            s16(10 * pack.current),
            u16(1000 * pack.voltage),
            b"\xff\xff\x04\xff\xff",
            u16(pack.cycles),
            round(1000 * pack.capacity_remaining).to_bytes(3, "big"),
            round(1000 * pack.capacity_full).to_bytes(3, "big"),
        )
    )


def _alarms(pack: Pack, address: int) -> bytes:
    chemistry = pack.chemistry
    cells = bytes(
        2 if v > chemistry.full else 1 if v < chemistry.empty else 0 for v in pack.cell_voltages
    )
    sensors = bytes(1 + len(pack.temperatures))
    flow = CHARGING * pack.charging | DISCHARGING * pack.discharging
    status = bytes((2 * ("cell_undervoltage" in pack.alarms), 0b110, flow, 0, 0))
    counts = bytes((len(cells),)) + cells + bytes((len(sensors),)) + sensors
    return bytes((0, address)) + counts + bytes(3) + status


def _limits(pack: Pack, address: int) -> bytes:
    chemistry, spec = pack.chemistry, pack.spec
    return b"".join(
        (
            bytes((address,)),
            u16(1000 * chemistry.charge * spec.cells),
            u16(1000 * chemistry.empty * spec.cells),
            s16(10 * spec.capacity_ah / 2),
            s16(-10 * spec.capacity_ah),
            b"\xc0",
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
    batteries = round(number(options, "batteries", 1, 1, 14))
    serve_answers(pack, where, stop, options, ready, answers(pack, batteries))


SIMULATOR = Simulator(
    "pylontech",
    ("Batteries Pylontech sur leur port RS485", "Pylontech batteries on their RS485 port"),
    TRANSPORTS,
    serve,
)
