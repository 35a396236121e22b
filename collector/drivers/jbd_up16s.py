"""JBD UP16S (UP16S015, UP16S020) in many server-rack packs: RS485 at 9600 8N1, addresses 1 to 15.

Like Modbus RTU, with function 0x78 and the first and last address in question and answer. One
question reads everything. Another master, the first of the packs, may talk on the same wires: what
collides has a wrong check and is asked again. Current is positive while charging.

Sources: syssi/esphome-jbd-bms: components/jbd_bms_up; mr-manuel/venus-os_dbus-serialbattery:
bms/lltjbd_up16s.py.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ..protocols.checks import crc16, with_crc16
from ..protocols.exchange import Question
from ..protocols.fields import Fields, TooShort
from ..protocols.frames import Frames
from ..protocols.numbers import bits, u16, u32
from ._alarm_bits import raised, table
from ._polled import POLL, POSITIVE, Answer, Parts, Polled, Refused, addresses, sign
from .base import Driver

ADDRESSES = range(1, 16)
READ = 0x78
PLACE = bytes.fromhex("1000 10a0")
PACK = "pack"
HEAD, FIXED, LONGEST = 8, 66, 512
MAX_CELLS, MAX_SENSORS = 32, 16
UNKNOWN = (0, 0xFFFF)
PROTECTIONS = table(
    "jbd_up16s",
    "cell_overvoltage cell_undervoltage pack_overvoltage pack_undervoltage overcurrent_charge "
    "overcurrent_charge overcurrent_discharge overcurrent_discharge overtemperature_charge "
    "undertemperature_charge:critical overtemperature_discharge "
    "undertemperature_discharge:critical overtemperature_mosfet vendor:ambient_high:critical "
    "vendor:ambient_low:critical cell_imbalance:critical temperature_spread:critical "
    "soc_low:critical short_circuit vendor:cell_offline:critical temperature_sensor_fault "
    "vendor:charge_mosfet:critical vendor:discharge_mosfet:critical vendor:limiter "
    "vendor:aerosol:critical - voltage_sensor_fault",
)
WARNINGS = table(
    "jbd_up16s",
    "cell_overvoltage:warning cell_undervoltage:warning pack_overvoltage:warning "
    "pack_undervoltage:warning overcurrent_charge:warning overcurrent_discharge:warning "
    "overtemperature_charge:warning undertemperature_charge overtemperature_discharge:warning "
    "undertemperature_discharge overtemperature_mosfet:warning vendor:ambient_high "
    "vendor:ambient_low cell_imbalance temperature_spread soc_low memory_fault vendor:clock",
)


def request(address: int) -> bytes:
    return with_crc16(bytes((address, READ)) + PLACE + b"\0\0")


SENDS = {address: request(address) for address in ADDRESSES}


def frames() -> Frames:
    """They begin with an address, and only what follows it is always the same."""
    return Frames(bytes((READ,)) + PLACE, _size, lambda frame: crc16(frame) == 0, lead=1)


def _size(head: bytearray) -> int | None:
    """Of an answer, or of a question that came back: that has no data."""
    if len(head) < HEAD:
        return 0
    length = u16(head, HEAD - 2)
    return HEAD + length + 2 if length <= LONGEST else None


class JbdUp16s(Polled):
    PATIENCE_MS = 900
    WHOLE = frozenset((PACK,))

    def __init__(self, asset: str, options: Mapping[str, Any]) -> None:
        sends, poll = frozenset(SENDS.values()), options["poll"] == "yes"
        super().__init__(asset, options["address"], frames(), sends, poll)
        self._sign = sign(options)

    def cycle(self, address: int) -> Sequence[Question]:
        return (Question(SENDS[address], address, PACK),)

    def answer(self, frame: bytes) -> Answer:
        data = frame[HEAD:-2]
        try:
            return Answer(frame[0], PACK, (data, _lists(data[FIXED:])))
        except TooShort:
            raise Refused("too_short") from None

    def reading(self, address: int, parts: Parts) -> Mapping[str, Any]:
        data, (cells, temperatures, balancing, texts) = parts[PACK]
        values = _values(data, address)
        values["current"] *= self._sign
        switches, mode = u16(data, 32), u16(data, 20)
        return {
            "values": values,
            "arrays": {
                "cell_voltage": tuple(mv / 1000 if mv not in UNKNOWN else None for mv in cells),
                "cell_temperature": tuple(map(_celsius, temperatures)),
                "balancing": bits(balancing, len(cells)),
            },
            "states": {
                "contactor_discharge": bool(switches & 1),
                "contactor_charge": bool(switches & 2),
                "precharge": bool(switches & 4),
                "heater": bool(switches & 8),
                "cooling": bool(switches & 16),
                "charging": mode == 1,
                "discharging": mode == 2,
                "balancing_active": bool(balancing),
                **texts,
            },
            "alarms": (
                *raised("jbd_up16s", "protection", u32(data, 24), PROTECTIONS),
                *raised("jbd_up16s", "warning", u32(data, 28), WARNINGS),
            ),
        }


def _values(data: bytes, address: int) -> dict[str, float]:
    soc = u16(data, 8)
    whole_percent = address > 1 and soc <= 100
    found = {
        "pack_voltage": u16(data, 0) / 100,
        "current": (u32(data, 4) - 300_000) / 100,
        "soc": soc if whole_percent else soc / 100,
        "capacity_remaining": u16(data, 10) / 100,
        "capacity_full": u16(data, 12) / 100,
        "capacity_design": u16(data, 14) / 100,
        "mosfet_temperature": _celsius(u16(data, 16)),
        "ambient_temperature": _celsius(u16(data, 18)),
        "soh": u16(data, 22),
        "cycles": u16(data, 36),
        "charge_voltage_limit": u16(data, 58) / 10,
        "charge_current_limit": u16(data, 60) / 10,
        "discharge_voltage_limit": u16(data, 62) / 10,
        "discharge_current_limit": u16(data, 64) / 10,
    }
    return {code: value for code, value in found.items() if value is not None}


def _lists(data: bytes) -> tuple[list[int], list[int], int, dict[str, str]]:
    """Cells, temperatures, balancing bits and texts, in what follows the fixed part."""
    fields = Fields(data)
    cells = [fields.u16() for _ in range(_count(fields, MAX_CELLS))]
    temperatures = [fields.u16() for _ in range(_count(fields, MAX_SENSORS))]
    fields.u16()
    balancing, major, minor = fields.u16(), fields.u8(), fields.u8()
    texts = {"firmware": f"{major}.{minor}"}
    serial = fields.take(min(30, fields.left)).split(b"\0")[0].decode("ascii", "replace").strip()
    if serial and serial.isprintable():
        texts["serial"] = serial
    return cells, temperatures, balancing, texts


def _count(fields: Fields, most: int) -> int:
    count = fields.u16()
    if count > most:
        raise Refused("bad_count")
    return count


def _celsius(raw: int) -> float | None:
    return (raw - 500) / 10 if raw not in UNKNOWN else None


DRIVER = Driver(
    code="jbd_up16s",
    title=("JBD UP16S, batteries en armoire (RS485)", "JBD UP16S, rack packs (RS485)"),
    link="serial",
    formats=("serial", "transcript"),
    open=JbdUp16s,
    options=(addresses(ADDRESSES[0], ADDRESSES[-1], 1), POLL, POSITIVE),
    sends=frozenset(SENDS.values()),
    turned=("positive_current", "discharge"),
)
