"""EG4 LifePower of the first generation, and other Narada boards: RS485 at 9600 8N1, addresses 0 to
15, one question every two seconds at most.

Ten groups of 16-bit numbers. The check of the protocol is weak, so an answer must also have the ten
groups in order, and cells that can be cells. Current is positive while charging.

Source: mr-manuel/venus-os_dbus-serialbattery: bms/eg4_lifepower.py.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..protocols.exchange import Question
from ..protocols.frames import Frames
from ..protocols.numbers import words
from ._alarm_bits import raised, table
from ._polled import POLL, POSITIVE, Answer, Parts, Polled, Refused, addresses, sign
from .base import Driver

ADDRESSES = range(16)
PACK = "pack"
HEAD, TAIL = 4, 2
CELL_MASK = 0x3FFF
CELL_V = (1.0, 4.5)
MAX_CELLS = 32
GROUPS = tuple(range(1, 11))
CELLS, CURRENT, SOC, FULL, TEMPERATURES, COMPLAINTS, CYCLES, VOLTAGE = GROUPS[:8]
ALARMS = table(
    "eg4_lifepower",
    "vendor:alarm_bit0 vendor:alarm_bit1 vendor:alarm_bit2 vendor:overcurrent:critical "
    "pack_overvoltage pack_undervoltage overtemperature_charge undertemperature_charge",
)


def request(address: int) -> bytes:
    """The last byte but one depends on the address as the maker's own software has it."""
    check = {0: 0x00, 2: 0xFC, 6: 0xFC, 10: 0xFC, 14: 0xFC, 4: 0xF8, 12: 0xF8, 8: 0xF0}
    return bytes((0x7E, address, 0x01, 0x00, check.get(address, 0xFE), 0x0D))


SENDS = {address: request(address) for address in ADDRESSES}


def frames() -> Frames:
    return Frames(b"\x7e", _size, lambda frame: frame[-1] == 0x0D)


def _size(head: bytearray) -> int | None:
    """Of an answer, or of a question that came back."""
    if len(head) < HEAD:
        return 0
    if head[1] not in ADDRESSES or head[2] != 0x01:
        return None
    return HEAD + head[3] + TAIL


class LifePower(Polled):
    PATIENCE_MS, GAP_MS = 1500, 500
    WHOLE = frozenset((PACK,))

    def __init__(self, asset: str, options: Mapping[str, Any]) -> None:
        sends, poll = frozenset(SENDS.values()), options["poll"] == "yes"
        super().__init__(asset, options["address"], frames(), sends, poll)
        self._sign = sign(options)

    def cycle(self, address: int) -> Sequence[Question]:
        return (Question(SENDS[address], address, PACK),)

    def answer(self, frame: bytes) -> Answer:
        return Answer(frame[1], PACK, _groups(frame[HEAD:-TAIL]))

    def reading(self, address: int, parts: Parts) -> Mapping[str, Any]:
        groups = parts[PACK]
        values = {
            "current": self._sign * (30_000 - groups[CURRENT][0]) / 100,
            "soc": groups[SOC][0] / 100,
            "capacity_full": groups[FULL][0] / 100,
            "cycles": groups[CYCLES][0],
            "pack_voltage": groups[VOLTAGE][0] / 100,
        }
        arrays = {
            "cell_voltage": tuple(_cells(groups[CELLS])),
            "cell_temperature": tuple((word & 0xFF) - 50 for word in groups[TEMPERATURES]),
        }
        flags = groups[COMPLAINTS][1] if len(groups[COMPLAINTS]) > 1 else 0
        alarms = tuple(raised("eg4_lifepower", "alarm", flags, ALARMS))
        return {"values": values, "arrays": arrays, "alarms": alarms}


def _groups(data: bytes) -> dict[int, tuple[int, ...]]:
    """The numbers of each group; refuses what is not all of them in their order."""
    found: dict[int, tuple[int, ...]] = {}
    while data:
        content = data[2 : 2 + 2 * data[1]] if len(data) > 1 else b""
        if data[0] != len(found) + 1 or not content or len(content) < 2 * data[1]:
            raise Refused("bad_groups")
        found[data[0]] = words(content)
        data = data[2 + len(content) :]
    if tuple(found) != GROUPS:
        raise Refused("bad_groups")
    if not any(volt is not None for volt in _cells(found[CELLS])):
        raise Refused("implausible")
    return found


def _cells(raw: Sequence[int]) -> Iterator[float | None]:
    for word in raw[:MAX_CELLS]:
        volt = (word & CELL_MASK) / 1000
        yield volt if CELL_V[0] <= volt <= CELL_V[1] else None


DRIVER = Driver(
    code="eg4_lifepower",
    title=(
        "EG4 LifePower, première génération (RS485)",
        "EG4 LifePower, first generation (RS485)",
    ),
    link="serial",
    formats=("serial", "transcript"),
    open=LifePower,
    options=(addresses(ADDRESSES[0], ADDRESSES[-1], 1), POLL, POSITIVE),
    sends=frozenset(SENDS.values()),
    turned=("positive_current", "discharge"),
)
