"""Pylontech (US2000, US3000, …) on its RS485 port: 115200 8N1, or 9600 by switch.

Batteries count from 2 in a group, plus 0x10 for each further group. Only the first is cabled to the
host and answers for the others. Values (0x42), alarms (0x44), limits (0x92). Current is positive
while charging, in steps of 0.1 A. The first temperature is that of the BMS board, the others are
means of four cells each.

Source: RS485-protocol-pylon-low-voltage V3.3 (2018-08-21).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ..protocols.fields import Fields
from ..wire.alarms import Alarm
from ._alarm_bits import named, raised, table
from ._ascii_family import (
    ALARMS,
    LIMITS,
    VALUES,
    AsciiPacks,
    beyond,
    filled,
    judged,
    measured,
    one,
    requests,
    statuses,
)
from ._polled import POLL, POSITIVE, Refused, addresses
from .base import Driver

ADDRESSES = range(0x02, 0x100)
QUESTIONS = requests(0x20, ADDRESSES, (VALUES, ALARMS, LIMITS))
UNKNOWN = 0xFFFF
STATUS_1 = table(
    "pylontech",
    "pack_overvoltage cell_undervoltage overcurrent_charge vendor:status1_bit3 "
    "overcurrent_discharge overtemperature_discharge overtemperature_charge pack_undervoltage",
)


def values(info: bytes) -> Mapping[str, Any]:
    """Answer to 0x42. With four "user items", capacities of three bytes follow and count."""
    fields, cells, temperatures = measured(info)
    current, voltage, remaining = fields.s16(), fields.u16(), fields.u16()
    items, full, cycles = fields.u8(), fields.u16(), fields.u16()
    if items == 4:
        remaining, full = fields.number(3), fields.number(3)
    elif UNKNOWN in (remaining, full):
        remaining = full = None
    if fields.left:
        raise Refused("too_long")
    board, *others = temperatures or (None,)
    return {
        "values": filled(
            {
                "pack_voltage": voltage / 1000,
                "current": current / 10,
                "cycles": cycles,
                "capacity_remaining": None if remaining is None else remaining / 1000,
                "capacity_full": None if full is None else full / 1000,
                "bms_temperature": board,
            }
        ),
        "arrays": {"cell_voltage": cells, "cell_temperature": tuple(others)},
    }


def alarms(info: bytes) -> Mapping[str, Any]:
    """Answer to 0x44."""
    fields, cells, sensors = judged(info)
    charge, voltage, discharge = statuses(tuple(fields.take(3)))
    protections, switches, more = fields.u8(), fields.u8(), fields.u8()
    faulty = fields.u8() | fields.u8() << 8
    if fields.left:
        raise Refused("too_long")
    return {
        "states": {
            "contactor_charge": bool(switches & 2),
            "contactor_discharge": bool(switches & 4),
            "heater": bool(more & 0x20),
            "discharging": bool(more & 0x40),
            "charging": bool(more & 0x80),
            "x_fully_charged": bool(more & 8),
        },
        "alarms": (
            *beyond("pylontech", cells, "cell_undervoltage:warning", "cell_overvoltage:warning"),
            *_sensors(sensors),
            *one("pylontech", charge, "vendor:charge_low", "overcurrent_charge:warning"),
            *one("pylontech", voltage, "pack_undervoltage:warning", "pack_overvoltage:warning"),
            *one("pylontech", discharge, "vendor:discharge_low", "overcurrent_discharge:warning"),
            *raised("pylontech", "status1", protections, STATUS_1),
            *(named("pylontech", "voltage_sensor_fault", i) for i in range(16) if faulty >> i & 1),
        ),
    }


def _sensors(sensors: tuple[int, ...]) -> Iterator[Alarm]:
    """The board's first, then those of the cells."""
    if sensors:
        yield from one(
            "pylontech", sensors[0], "undertemperature_bms", "overtemperature_bms:warning"
        )
    yield from beyond("pylontech", sensors[1:], "undertemperature", "overtemperature:warning")


def limits(info: bytes) -> Mapping[str, Any]:
    """Answer to 0x92. The discharge limit is negative on the wire."""
    fields = Fields(info)
    fields.take(1)
    charge_v, discharge_v = fields.u16(), fields.u16()
    charge_a, discharge_a, flags = fields.s16(), fields.s16(), fields.u8()
    if fields.left:
        raise Refused("too_long")
    return {
        "values": {
            "charge_voltage_limit": charge_v / 1000,
            "discharge_voltage_limit": discharge_v / 1000,
            "charge_current_limit": abs(charge_a) / 10,
            "discharge_current_limit": abs(discharge_a) / 10,
        },
        "states": {
            "x_allow_charge": bool(flags & 0x80),
            "x_allow_discharge": bool(flags & 0x40),
            "x_force_charge": bool(flags & 0x30),
            "x_full_charge_wanted": bool(flags & 0x08),
        },
    }


LAYOUTS = {ALARMS: alarms, VALUES: values, LIMITS: limits}


def _open(asset: str, options: Mapping[str, Any]) -> AsciiPacks:
    return AsciiPacks(asset, options, QUESTIONS, LAYOUTS, frozenset((LIMITS,)))


DRIVER = Driver(
    code="pylontech",
    title=("Pylontech, RS485 basse tension", "Pylontech, low-voltage RS485"),
    link="serial",
    formats=("serial", "transcript"),
    open=_open,
    options=(addresses(ADDRESSES[0], ADDRESSES[-1], 2), POLL, POSITIVE),
    sends=frozenset(QUESTIONS.values()),
    turned=("positive_current", "discharge"),
)
