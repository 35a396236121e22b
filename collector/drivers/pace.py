"""PACE boards with the ASCII protocol of version 0x25, sold under many names: RS232 or RS485 at
9600 8N1, addresses 0 to 15.

Values (0x42) and alarms (0x44). Current is positive while charging. Of six temperatures the last
two are MOSFETs and surroundings, in the order of the same maker's Modbus table. Boards with that
one: driver `modbus`, table `pace_v13`.

Source: nkinnan/esphome-pace-bms: protocol_documentation, components/pace_bms.
"""

from collections.abc import Mapping
from typing import Any

from ..protocols.numbers import bits
from ._alarm_bits import raised, table
from ._ascii_family import (
    ALARMS,
    CID1,
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
from ._polled import POLL, POSITIVE, addresses
from .base import Driver, Option

ADDRESSES = range(16)
CID1S = (CID1, 0x4F)
QUESTIONS = {cid1: requests(0x25, ADDRESSES, (VALUES, ALARMS), cid1) for cid1 in CID1S}
PROTECT_1, PROTECT_2, FAULTS, WARNING_1, WARNING_2 = (
    table("pace", names)
    for names in (
        "cell_overvoltage cell_undervoltage pack_overvoltage pack_undervoltage "
        "overcurrent_charge overcurrent_discharge short_circuit",
        "overtemperature_charge overtemperature_discharge undertemperature_charge:critical "
        "undertemperature_discharge:critical overtemperature_mosfet vendor:ambient_high:critical "
        "vendor:ambient_low:critical -",
        "vendor:charge_mosfet:critical vendor:discharge_mosfet:critical temperature_sensor_fault "
        "vendor:fault_bit3 vendor:cell_fault:critical voltage_sensor_fault",
        "cell_overvoltage:warning cell_undervoltage:warning pack_overvoltage:warning "
        "pack_undervoltage:warning overcurrent_charge:warning overcurrent_discharge:warning",
        "overtemperature_charge:warning overtemperature_discharge:warning "
        "undertemperature_charge:warning undertemperature_discharge:warning vendor:ambient_high "
        "vendor:ambient_low overtemperature_mosfet:warning soc_low",
    )
)


def values(info: bytes) -> Mapping[str, Any]:
    """Answer to 0x42. Fourteen bytes more at the end of some are not documented."""
    fields, cells, temperatures = measured(info)
    found: dict[str, float | None] = {
        "current": fields.s16() / 100,
        "pack_voltage": fields.u16() / 1000,
        "capacity_remaining": fields.u16() / 100,
    }
    fields.take(1)
    found |= {
        "capacity_full": fields.u16() / 100,
        "cycles": fields.u16(),
        "capacity_design": fields.u16() / 100,
    }
    if len(temperatures) == 6:
        *temperatures, found["mosfet_temperature"], found["ambient_temperature"] = temperatures
    arrays = {"cell_voltage": cells, "cell_temperature": tuple(temperatures)}
    return {"values": filled(found), "arrays": arrays}


def alarms(info: bytes) -> Mapping[str, Any]:
    """Answer to 0x44."""
    fields, cells, sensors = judged(info)
    charge, voltage, discharge = statuses(tuple(fields.take(3)))
    protect_1, protect_2, system = fields.u8(), fields.u8(), fields.u8()
    fields.take(1)
    faults, balancing = fields.u8(), fields.u16()
    warning_1, warning_2 = fields.u8(), fields.u8()
    return {
        "arrays": {"balancing": bits(balancing, min(len(cells), 16))},
        "states": {
            "contactor_charge": bool(system & 2),
            "contactor_discharge": bool(system & 4),
            "discharging": bool(system & 8),
            "charging": bool(system & 32),
            "balancing_active": bool(balancing),
            "x_fully_charged": bool(protect_2 & 0x80),
        },
        "alarms": (
            *beyond("pace", cells, "cell_undervoltage:warning", "cell_overvoltage:warning"),
            *beyond("pace", sensors, "undertemperature", "overtemperature:warning"),
            *one("pace", charge, "vendor:charge_low", "overcurrent_charge:warning"),
            *one("pace", voltage, "pack_undervoltage:warning", "pack_overvoltage:warning"),
            *one("pace", discharge, "vendor:discharge_low", "overcurrent_discharge:warning"),
            *raised("pace", "protect1", protect_1, PROTECT_1),
            *raised("pace", "protect2", protect_2, PROTECT_2),
            *raised("pace", "fault", faults, FAULTS),
            *raised("pace", "warning1", warning_1, WARNING_1),
            *raised("pace", "warning2", warning_2, WARNING_2),
            *raised("pace", "system", system & 0x10, table("pace", "- - - - vendor:reversed")),
        ),
    }


def _open(asset: str, options: Mapping[str, Any]) -> AsciiPacks:
    questions = QUESTIONS[int(options["cid1"], 16)]
    return AsciiPacks(asset, options, questions, {ALARMS: alarms, VALUES: values})


DRIVER = Driver(
    code="pace",
    title=("PACE, protocole ASCII 0x25", "PACE, ASCII protocol 0x25"),
    link="serial",
    formats=("serial", "transcript"),
    open=_open,
    options=(
        addresses(ADDRESSES[0], ADDRESSES[-1], 0),
        Option(
            "cid1",
            (
                "type d'appareil dans les trames : 46, ou 4F sur au moins une autre marque",
                "type of device in the frames: 46, or 4F on at least one other brand",
            ),
            "46",
            choices=tuple(f"{cid1:02X}" for cid1 in CID1S),
        ),
        POLL,
        POSITIVE,
    ),
    sends=frozenset(frame for asked in QUESTIONS.values() for frame in asked.values()),
    turned=("positive_current", "discharge"),
)
