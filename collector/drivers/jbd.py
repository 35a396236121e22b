"""JBD, also sold as Xiaoxiang, LLT and Overkill Solar: UART or RS485 at 9600 8N1, one board a port.

Cells (0x04), then the basic block (0x03), whose length says which of its optional ends it has; the
model (0x05) until it is known. Current is positive while charging, temperatures are tenths of
kelvin from 2731 on. A board that sleeps may need two questions.

Not provided: state of health.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..protocols.checks import minus_sum16
from ..protocols.exchange import Question
from ..protocols.frames import Frames
from ..protocols.numbers import bits, s16, u16, words
from ._alarm_bits import raised, table
from ._polled import POLL, POSITIVE, Answer, Parts, Polled, Refused, sign
from .base import Driver, Option

BASIC, CELLS, MODEL = 0x03, 0x04, 0x05
KNOWN = (BASIC, CELLS, MODEL)
OK = 0x00
KELVIN = 2731
ABSENT = (0x0000, 0xFFFF)
MAX_CELLS = 32
FIXED = 23
"""Bytes of the basic block before its temperatures."""
PROTECTIONS = table(
    "jbd",
    "cell_overvoltage cell_undervoltage pack_overvoltage pack_undervoltage "
    "overtemperature_charge undertemperature_charge:critical overtemperature_discharge "
    "undertemperature_discharge:critical overcurrent_charge overcurrent_discharge "
    "short_circuit voltage_sensor_fault vendor:software_lock vendor:charge_timeout",
)


def request(command: int) -> bytes:
    body = bytes((command, 0))
    return b"\xdd\xa5" + body + minus_sum16(body).to_bytes(2, "big") + b"\x77"


SENDS = {command: request(command) for command in KNOWN}


def frames() -> Frames:
    return Frames(b"\xdd", _size, _sound)


def _size(head: bytearray) -> int | None:
    """Of an answer, or of a question that came back: there the command follows the 0xA5."""
    if len(head) < 4:
        return 0
    if head[1] == 0xA5:
        return 7 if head[2] in KNOWN and not head[3] else None
    return 7 + head[3] if head[1] in KNOWN else None


def _sound(frame: bytes) -> bool:
    return frame[-1] == 0x77 and minus_sum16(frame[2:-3]) == int.from_bytes(frame[-3:-1], "big")


class Jbd(Polled):
    WHOLE = frozenset((BASIC, CELLS))

    def __init__(self, asset: str, options: Mapping[str, Any]) -> None:
        poll = options["poll"] == "yes"
        super().__init__(asset, (0,), frames(), frozenset(SENDS.values()), poll)
        self._sign = sign(options)
        self._cell_1_is_high = options["balance_order"] == "high"
        self._model = ""

    def cycle(self, address: int) -> Sequence[Question]:
        yield Question(SENDS[CELLS], address, CELLS)
        yield Question(SENDS[BASIC], address, BASIC)
        if not self._model:
            yield Question(SENDS[MODEL], address, MODEL, optional=True)

    def answer(self, frame: bytes) -> Answer:
        command, status, data = frame[1], frame[2], frame[4:-3]
        if status != OK:
            raise Refused(f"status_{status:02x}", ends=True)
        if command == BASIC and (len(data) < FIXED or len(data) < FIXED + 2 * data[22]):
            raise Refused("too_short")
        if command == CELLS and len(data) % 2:
            raise Refused("odd_length")
        if command == MODEL:
            self._model = data.split(b"\0")[0].decode("ascii", "replace").strip()
        return Answer(0, command, data)

    def reading(self, address: int, parts: Parts) -> Mapping[str, Any]:
        cells = parts.get(CELLS, b"")
        volts = tuple(mv / 1000 if mv not in ABSENT else None for mv in words(cells))
        if BASIC not in parts:
            return {"arrays": {"cell_voltage": volts}} if volts else {}
        basic = parts[BASIC]
        flags = u16(basic, 14) << 16 | u16(basic, 12)
        return {
            "values": {
                "pack_voltage": u16(basic, 0) / 100,
                "current": self._sign * s16(basic, 2) / 100,
                "capacity_remaining": u16(basic, 4) / 100,
                "capacity_design": u16(basic, 6) / 100,
                "cycles": u16(basic, 8),
                "soc": basic[19],
            },
            "arrays": {
                "cell_voltage": volts,
                "cell_temperature": tuple(_temperatures(basic)),
                "balancing": self._balancing(flags, basic[21] or len(volts)),
            },
            "states": {
                "contactor_charge": bool(basic[20] & 1),
                "contactor_discharge": bool(basic[20] & 2),
                "balancing_active": bool(flags),
                "firmware": f"{basic[18] >> 4}.{basic[18] & 15}",
                **({"x_model": self._model} if self._model else {}),
            },
            "alarms": tuple(raised("jbd", "protection", u16(basic, 16), PROTECTIONS)),
        }

    def _balancing(self, flags: int, count: int) -> tuple[int, ...]:
        found = bits(flags, min(count, MAX_CELLS))
        return found[::-1] if self._cell_1_is_high else found


def _temperatures(basic: bytes) -> Iterator[float | None]:
    for raw in words(basic[FIXED : FIXED + 2 * basic[22]]):
        yield (raw - KELVIN) / 10 if raw not in ABSENT else None


DRIVER = Driver(
    code="jbd",
    title=("JBD, Xiaoxiang, LLT (UART ou RS485)", "JBD, Xiaoxiang, LLT (UART or RS485)"),
    link="serial",
    formats=("serial", "transcript"),
    open=Jbd,
    options=(
        POLL,
        POSITIVE,
        Option(
            "balance_order",
            (
                "quel bit d'équilibrage est la cellule 1 : low (faible, d'origine) ou high",
                "which balancing bit is cell 1: low (the default) or high",
            ),
            "low",
            choices=("low", "high"),
        ),
    ),
    sends=frozenset(SENDS.values()),
    turned=("positive_current", "discharge"),
)
