"""Daly "p81" boards (DL, ESS): RS485 at 9600 8N1, one on a line.

Modbus RTU but for its addresses: asked at 0x81, the board answers as 0x51. Two questions, told
apart by the length of their answers. Current is positive while charging. The bits of the alarms
are not documented: each is shown as a vendor alarm.

Not provided: state of health, capacity when full.

Source: syssi/esphome-daly-bms: docs/protocol-register-map.md.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ..protocols.checks import crc16, with_crc16
from ..protocols.exchange import Question
from ..protocols.frames import Frames
from ..protocols.numbers import bits, words
from ._alarm_bits import raised
from ._polled import POLL, POSITIVE, Answer, Parts, Polled, sign
from .base import Driver

ASKED_AT, ANSWERS_AS, READ = 0x81, 0x51, 0x03
CELLS, STATUS = "cells", "status"
BLOCKS = {CELLS: (0x00, 0x40), STATUS: (0x41, 0x3E)}
"""First register and number of registers."""
LENGTHS = {2 * count: what for what, (_, count) in BLOCKS.items()}
UNKNOWN = (0, 0xFFFF)
MODES = ("idle", "charging", "discharging")
MAX_CELLS, MAX_SENSORS = 48, 8


def request(what: str) -> bytes:
    first, count = BLOCKS[what]
    return with_crc16(bytes((ASKED_AT, READ, first >> 8, first & 0xFF, 0, count)))


SENDS = {what: request(what) for what in BLOCKS}


def frames() -> Frames:
    return Frames(bytes((ANSWERS_AS, READ)), _size, lambda frame: crc16(frame) == 0)


def _size(head: bytearray) -> int | None:
    if len(head) < 3:
        return 0
    return head[2] + 5 if head[2] in LENGTHS else None


class DalyP81(Polled):
    WHOLE = frozenset(BLOCKS)

    def __init__(self, asset: str, options: Mapping[str, Any]) -> None:
        sends, poll = frozenset(SENDS.values()), options["poll"] == "yes"
        super().__init__(asset, (ANSWERS_AS,), frames(), sends, poll)
        self._sign = sign(options)

    def cycle(self, address: int) -> Sequence[Question]:
        return [Question(frame, address, what) for what, frame in SENDS.items()]

    def answer(self, frame: bytes) -> Answer:
        what = LENGTHS[frame[2]]
        first = BLOCKS[what][0]
        return Answer(frame[0], what, dict(enumerate(words(frame[3:-2]), first)))

    def reading(self, address: int, parts: Parts) -> Mapping[str, Any]:
        found: dict[str, Any] = {"values": {}, "arrays": {}, "states": {}, "alarms": ()}
        cells = parts.get(CELLS)
        count = min(cells[0x3C], MAX_CELLS) if cells else 0
        if cells:
            found["values"] |= {
                "pack_voltage": cells[0x38] / 10,
                "current": self._sign * (cells[0x39] - 30_000) / 10,
                "soc": cells[0x3A] / 10,
            }
            found["arrays"] |= {
                "cell_voltage": tuple(_known(cells[i], 0.001) for i in range(count)),
                "cell_temperature": tuple(
                    _known(cells[0x30 + i], 1, -40) for i in range(min(cells[0x3D], MAX_SENSORS))
                ),
            }
        if STATUS in parts:
            _status(parts[STATUS], found, count)
        return found


def _status(status: Mapping[int, int], found: dict[str, Any], count: int) -> None:
    scalars = {
        "capacity_remaining": status[0x4B] / 10,
        "cycles": status[0x4C],
        "mosfet_temperature": _known(status[0x5A], 1, -40),
        "bms_temperature": _known(status[0x5B], 1, -40),
        "x_balance_current": _known(status[0x4E], 0.001, -30),
    }
    found["values"] |= {code: value for code, value in scalars.items() if value is not None}
    balancing = status[0x4F] | status[0x50] << 16 | status[0x51] << 32
    if count:
        found["arrays"]["balancing"] = bits(balancing, count)
    found["states"] |= {
        "charging": status[0x48] == 1,
        "discharging": status[0x48] == 2,
        "balancing_active": status[0x4D] != 0,
        "contactor_charge": status[0x52] == 1,
        "contactor_discharge": status[0x53] == 1,
        "precharge": status[0x54] == 1,
        "heater": status[0x55] == 1,
    }
    if status[0x48] < len(MODES):
        found["states"]["mode"] = MODES[status[0x48]]
    found["alarms"] = tuple(raised("daly_p81", "alarm", status[0x6D] << 16 | status[0x6E], ()))


def _known(raw: int, scale: float, offset: float = 0) -> float | None:
    return raw * scale + offset if raw not in UNKNOWN else None


DRIVER = Driver(
    code="daly_p81",
    title=("Daly p81, cartes DL (RS485)", "Daly p81, DL boards (RS485)"),
    link="serial",
    formats=("serial", "transcript"),
    open=DalyP81,
    options=(POLL, POSITIVE),
    sends=frozenset(SENDS.values()),
    turned=("positive_current", "discharge"),
)
