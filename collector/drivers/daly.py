"""Daly, the frames that begin with A5: UART or RS485 at 9600 8N1, boards 1 to 16 on one line.

Thirteen bytes either way. A question goes to 0x3F plus the board's number, the answer says the
number. Cells (0x95) and temperatures (0x96) come in several frames, as many as the counts (0x94)
make necessary. Above 30000 the current is taken as charge, which some boards see the other way
round: what the board says of itself (0x93) is compared with it.

Not provided: state of health.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..protocols.checks import sum8
from ..protocols.exchange import Question
from ..protocols.frames import Frames
from ..protocols.numbers import bits, u16, u32, words
from ..wire.alarms import Alarm, vendor_alarm
from ._alarm_bits import raised, table
from ._polled import POLL, POSITIVE, Answer, Parts, Polled, Refused, addresses, sign
from .base import Driver

PACK, MOSFETS, COUNTS, CELLS, TEMPERATURES = 0x90, 0x93, 0x94, 0x95, 0x96
BALANCING, COMPLAINTS, RATED = 0x97, 0x98, 0x50
CYCLE = (COUNTS, CELLS, TEMPERATURES, MOSFETS, BALANCING, COMPLAINTS, PACK)
LENGTH = 13
BOARDS = range(1, 17)
MAX_CELLS = 48
MODES = ("idle", "charging", "discharging")
PER_FRAME = {CELLS: 3, TEMPERATURES: 7}
WIDTHS = {CELLS: 6, TEMPERATURES: 7}
"""Cells or sensors in a frame, and bytes they take behind its number."""
SURE_A = 1.0
"""Amperes from which a sign means something."""
ALARMS = table(
    "daly",
    "cell_overvoltage:warning cell_overvoltage cell_undervoltage:warning cell_undervoltage "
    "pack_overvoltage:warning pack_overvoltage pack_undervoltage:warning pack_undervoltage "
    "overtemperature_charge:warning overtemperature_charge "
    "undertemperature_charge:warning undertemperature_charge:critical "
    "overtemperature_discharge:warning overtemperature_discharge "
    "undertemperature_discharge:warning undertemperature_discharge:critical "
    "overcurrent_charge:warning overcurrent_charge "
    "overcurrent_discharge:warning overcurrent_discharge "
    "vendor:soc_high:info vendor:soc_high soc_low:warning soc_low:critical "
    "cell_imbalance:warning cell_imbalance:critical "
    "temperature_spread:warning temperature_spread:critical "
    "vendor:byte3_bit4 vendor:byte3_bit5 vendor:byte3_bit6 vendor:byte3_bit7 "
    "overtemperature_mosfet overtemperature_mosfet "
    "vendor:charge_mosfet_sensor vendor:discharge_mosfet_sensor "
    "contactor_fault contactor_fault contactor_fault contactor_fault "
    "system_fault voltage_sensor_fault temperature_sensor_fault memory_fault "
    "vendor:clock precharge_fault communication_fault:warning communication_fault "
    "current_sensor_fault voltage_sensor_fault short_circuit vendor:charge_prohibited:info",
)
"""Of the bits of 0x98, byte 0 first; its last byte is the number of a fault."""


def request(board: int, command: int) -> bytes:
    frame = bytes((0xA5, 0x3F + board, command, 8)) + bytes(8)
    return frame + bytes((sum8(frame),))


SENDS = {(board, what): request(board, what) for board in BOARDS for what in (*CYCLE, RATED)}


def frames() -> Frames:
    return Frames(b"\xa5", _size, lambda frame: sum8(frame[:-1]) == frame[-1])


def _size(head: bytearray) -> int | None:
    if len(head) < 4:
        return 0
    return LENGTH if head[3] == 8 else None


class Daly(Polled):
    PATIENCE_MS = 500
    WHOLE = frozenset(CYCLE)

    def __init__(self, asset: str, options: Mapping[str, Any]) -> None:
        sends, poll = frozenset(SENDS.values()), options["poll"] == "yes"
        super().__init__(asset, options["address"], frames(), sends, poll)
        self._sign = sign(options)
        self._counts: dict[int, tuple[int, int]] = {}
        self._rated: dict[int, float] = {}
        self._pieces: dict[tuple[int, int], dict[int, bytes]] = {}

    def cycle(self, address: int) -> Sequence[Question]:
        for command in PER_FRAME:
            self._pieces.pop((address, command), None)
        for command in CYCLE:
            yield Question(SENDS[address, command], address, command)
        if address not in self._rated:
            yield Question(SENDS[address, RATED], address, RATED, optional=True)

    def answer(self, frame: bytes) -> Answer:
        board, command, data = frame[1], frame[2], frame[4:12]
        if command not in CYCLE and command != RATED:
            raise Refused("not_awaited")
        if board not in BOARDS:
            raise Refused("wrong_address")
        if command in PER_FRAME:
            return self._piece(board, command, data)
        if command == COUNTS:
            self._counts[board] = data[0], data[1]
        if command == RATED and u32(data, 0):
            self._rated[board] = u32(data, 0) / 1000
        return Answer(board, command, data)

    def _piece(self, board: int, command: int, data: bytes) -> Answer:
        """The pieces gathered so far; a number that comes again begins anew."""
        number, most = data[0], -(-MAX_CELLS // PER_FRAME[command])
        if not 1 <= number <= most:
            raise Refused("bad_number")
        gathered = self._pieces.setdefault((board, command), {})
        if number in gathered:
            gathered.clear()
        gathered[number] = data[1 : 1 + WIDTHS[command]]
        count = self._counts.get(board, (0, 0))[command == TEMPERATURES]
        needed = range(1, -(-count // PER_FRAME[command]) + 1)
        complete = bool(needed) and all(piece in gathered for piece in needed)
        content = b"".join(gathered[piece] for piece in needed) if complete else b""
        if complete:
            gathered.clear()
        return Answer(board, command, content, complete)

    def reading(self, address: int, parts: Parts) -> Mapping[str, Any]:
        if parts.keys() <= {RATED}:
            return {}
        values: dict[str, float] = {}
        states: dict[str, Any] = {}
        cells, sensors = self._counts.get(address, (0, 0))
        if PACK in parts:
            values.update(self._pack(parts[PACK]))
        if MOSFETS in parts:
            states.update(_mosfets(parts[MOSFETS]))
            values["capacity_remaining"] = u32(parts[MOSFETS], 4) / 1000
            self._compare(values.get("current", 0.0), states.get("mode"))
        if COUNTS in parts:
            values["cycles"] = u16(parts[COUNTS], 5)
        if address in self._rated:
            values["capacity_design"] = self._rated[address]
        arrays = {
            "cell_voltage": tuple(
                mv / 1000 if mv not in (0, 0xFFFF) else None
                for mv in words(parts.get(CELLS, b""))[:cells]
            ),
            "cell_temperature": tuple(
                raw - 40 if raw != 0xFF else None for raw in parts.get(TEMPERATURES, b"")[:sensors]
            ),
        }
        if BALANCING in parts:
            flags = int.from_bytes(parts[BALANCING][:6], "little")
            arrays["balancing"] = bits(flags, min(cells, MAX_CELLS))
            states["balancing_active"] = bool(flags)
        found = tuple(_alarms(parts.get(COMPLAINTS, bytes(8))))
        return {"values": values, "arrays": arrays, "states": states, "alarms": found}

    def _pack(self, data: bytes) -> dict[str, float]:
        return {
            "pack_voltage": u16(data, 0) / 10,
            "current": self._sign * (u16(data, 4) - 30_000) / 10,
            "soc": u16(data, 6) / 10,
        }

    def _compare(self, current: float, mode: str | None) -> None:
        expected = {"charging": 1, "discharging": -1}.get(mode or "", 0)
        if expected * current < -SURE_A:
            self.tally.warn(
                "le signe du courant contredit l'état de la carte : essayer "
                "positive_current=discharge",
                "the sign of the current contradicts the state of the board: try "
                "positive_current=discharge",
            )


def _mosfets(data: bytes) -> dict[str, Any]:
    states: dict[str, Any] = {
        "contactor_charge": data[1] == 1,
        "contactor_discharge": data[2] == 1,
    }
    if data[0] < len(MODES):
        states["mode"] = MODES[data[0]]
        states["charging"], states["discharging"] = data[0] == 1, data[0] == 2
    return states


def _alarms(data: bytes) -> Iterator[Alarm]:
    yield from raised("daly", "alarm", int.from_bytes(data[:7], "little"), ALARMS)
    if data[7]:
        yield vendor_alarm("daly", f"fault_{data[7]}")


DRIVER = Driver(
    code="daly",
    title=("Daly, trames A5 (UART ou RS485)", "Daly, A5 frames (UART or RS485)"),
    link="serial",
    formats=("serial", "transcript"),
    open=Daly,
    options=(addresses(BOARDS[0], BOARDS[-1], 1), POLL, POSITIVE),
    sends=frozenset(SENDS.values()),
    turned=("positive_current", "discharge"),
)
