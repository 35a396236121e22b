"""JK PB ("inverter") boards: payloads of 300 bytes that begin with 55 AA EB 90, little endian.

A board sends one when it is triggered by whoever asks, which may be the board whose switches say 0.
The payload holds no address; what proves the sender is the acknowledge behind it, `address 10 16 20
00 01` and a CRC. So a payload counts once its acknowledge is there; some adapters lose the zero
between the two. The trigger is a write request (function 10 hex, register 0x1620) that changes no
setting.

Sources: mr-manuel/venus-os_dbus-serialbattery: bms-docs/JKBMS-PB.md; syssi/esphome-jk-bms.
"""

from collections.abc import Mapping
from typing import Any

from ..protocols.checks import crc16, sum8, with_crc16
from ..protocols.frames import Frames
from ..protocols.numbers import bits
from ._alarm_bits import raised, table

HEAD = b"\x55\xaa\xeb\x90"
PAYLOAD, ACKNOWLEDGE = 300, 8
SETTINGS, STATUS, IDENTITY = 1, 2, 3
TRIGGERS = {STATUS: 0x20, SETTINGS: 0x1E, IDENTITY: 0x1C}
MAX_CELLS = 32
ALARMS = table(
    "jk",
    "open_wire:warning overtemperature_mosfet vendor:cell_count:critical current_sensor_fault "
    "cell_overvoltage pack_overvoltage overcurrent_charge vendor:charge_short_circuit:critical "
    "overtemperature_charge undertemperature_charge:critical communication_fault "
    "cell_undervoltage pack_undervoltage overcurrent_discharge short_circuit "
    "overtemperature_discharge vendor:charge_mosfet:critical vendor:discharge_mosfet:critical "
    "- - vendor:discharge_start overtemperature temperature_sensor_fault vendor:parallel_module",
)
TEMPERATURES = ((162, 1), (164, 2), (254, 3), (256, 4), (258, 5))
"""Offset of a sensor, and its bit in the byte that says which are there."""


def request(address: int, what: int) -> bytes:
    return with_crc16(bytes((address, 0x10, 0x16, TRIGGERS[what], 0, 1, 2, 0, 0)))


def frames() -> Frames:
    return Frames(HEAD, _size, _sound)


def split(frame: bytes) -> tuple[int, bytes]:
    """Address of the sender and payload."""
    return frame[-ACKNOWLEDGE], frame[:PAYLOAD]


def _size(head: bytearray) -> int | None:
    """Up to the end of the acknowledge, with or without the zero before it."""
    if len(head) < 6:
        return 0
    if head[4] not in TRIGGERS:
        return None
    if len(head) < PAYLOAD + 2:
        return PAYLOAD + ACKNOWLEDGE
    return PAYLOAD + ACKNOWLEDGE + (head[PAYLOAD] == 0 and head[PAYLOAD + 1] != 0x10)


def _sound(frame: bytes) -> bool:
    tail = frame[-ACKNOWLEDGE:]
    return (
        sum8(frame[: PAYLOAD - 1]) == frame[PAYLOAD - 1]
        and tail[1:3] == b"\x10\x16"
        and crc16(tail[:-2]) == int.from_bytes(tail[-2:], "little")
    )


def status(payload: bytes) -> Mapping[str, Any]:
    """What a reading takes of a status payload."""
    present = _number(payload, 70, 4)
    count = present.bit_length()
    volts = [_number(payload, 6 + 2 * i, 2) for i in range(min(count, MAX_CELLS))]
    balancing, sensors = payload[172], payload[214]
    values = {
        "pack_voltage": _number(payload, 150, 4) / 1000,
        "current": _number(payload, 158, 4, signed=True) / 1000,
        "soc": payload[173],
        "capacity_remaining": _number(payload, 174, 4, signed=True) / 1000,
        "capacity_full": _number(payload, 178, 4) / 1000,
        "cycles": _number(payload, 182, 4),
        "soh": payload[190],
        "x_balance_current": _number(payload, 170, 2, signed=True) / 1000,
    }
    if sensors & 1:
        values["mosfet_temperature"] = _number(payload, 144, 2, signed=True) / 10
    temperatures = tuple(
        _number(payload, at, 2, signed=True) / 10 if sensors >> bit & 1 else None
        for at, bit in TEMPERATURES
    )
    return {
        "values": values,
        "arrays": {
            "cell_voltage": tuple(
                mv / 1000 if here and mv else None
                for mv, here in zip(volts, bits(present, len(volts)), strict=True)
            ),
            "cell_temperature": temperatures[: (sensors >> 1).bit_length()],
        },
        "states": {
            "balancing_active": balancing in (1, 2),
            "precharge": payload[191] == 1,
            "contactor_charge": payload[198] == 1,
            "contactor_discharge": payload[199] == 1,
            "heater": payload[215] == 1,
        },
        "alarms": tuple(raised("jk", "alarm", _number(payload, 166, 4), ALARMS)),
    }


def settings(payload: bytes) -> Mapping[str, float]:
    return {
        "charge_current_limit": _number(payload, 50, 4) / 1000,
        "discharge_current_limit": _number(payload, 62, 4) / 1000,
        "capacity_design": _number(payload, 130, 4) / 1000,
    }


def identity(payload: bytes) -> Mapping[str, str]:
    """Model, versions and serial; what follows them is the owner's and never read."""
    found = {
        "x_model": payload[6:22],
        "x_hardware": payload[22:30],
        "firmware": payload[30:38],
        "serial": payload[46:62],
    }
    texts = {code: _text(data) for code, data in found.items()}
    return {code: text for code, text in texts.items() if text and text.isprintable()}


def _text(data: bytes) -> str:
    return data.split(b"\0")[0].decode("ascii", "replace").replace("\ufffd", "?").strip()


def _number(data: bytes, at: int, width: int, *, signed: bool = False) -> int:
    return int.from_bytes(data[at : at + width], "little", signed=signed)
