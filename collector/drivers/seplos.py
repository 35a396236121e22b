"""Seplos V2 (BMS 2.0, "10C" and older boards) on RS485: 19200 or 9600 8N1, addresses 0 to 15.

Values (0x42) and alarms (0x44). Current is positive while charging. The last two temperatures are
ambient and MOSFETs. Later boards (V3) speak Modbus: driver `modbus`, table `seplos_v3`.

Source: syssi/esphome-seplos-bms: components/seplos_bms.
"""

from collections.abc import Mapping
from typing import Any

from ..protocols.numbers import bits
from ._alarm_bits import named, raised, table
from ._ascii_family import (
    ALARMS,
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

ADDRESSES = range(16)
QUESTIONS = requests(0x20, ADDRESSES, (VALUES, ALARMS))
EVENTS = 14
"""Bytes that are known of those behind the count; the rest is reserved."""
FAULTS, VOLTAGES, TEMPERATURES, AMBIENT, CURRENTS, CAPACITY = (
    table("seplos", names)
    for names in (
        "voltage_sensor_fault temperature_sensor_fault current_sensor_fault vendor:key "
        "vendor:cell_dropout:critical vendor:charge_switch:critical "
        "vendor:discharge_switch:critical vendor:limiter",
        "cell_overvoltage:warning cell_overvoltage cell_undervoltage:warning cell_undervoltage "
        "pack_overvoltage:warning pack_overvoltage pack_undervoltage:warning pack_undervoltage",
        "overtemperature_charge:warning overtemperature_charge undertemperature_charge:warning "
        "undertemperature_charge:critical overtemperature_discharge:warning "
        "overtemperature_discharge undertemperature_discharge:warning "
        "undertemperature_discharge:critical",
        "vendor:ambient_high vendor:ambient_high:critical vendor:ambient_low "
        "vendor:ambient_low:critical overtemperature_mosfet overtemperature_mosfet:warning -",
        "overcurrent_charge:warning overcurrent_charge overcurrent_discharge:warning "
        "overcurrent_discharge vendor:transient_overcurrent:critical short_circuit "
        "vendor:transient_lockout:critical vendor:short_circuit_lockout:critical",
        "vendor:charge_high_voltage - soc_low:warning soc_low:critical "
        "vendor:charge_prohibited vendor:reversed:critical communication_fault",
    )
)
STORAGE = table(
    "seplos",
    "memory_fault vendor:clock vendor:voltage_calibration vendor:current_calibration "
    "vendor:zero_calibration",
)


def values(info: bytes) -> Mapping[str, Any]:
    """Answer to 0x42; cycles and what follows them are missing on some boards."""
    fields, cells, temperatures = measured(info)
    found: dict[str, float | None] = {
        "current": fields.s16() / 100,
        "pack_voltage": fields.u16() / 100,
        "capacity_remaining": fields.u16() / 100,
    }
    fields.take(1)
    found |= {
        "capacity_full": fields.u16() / 100,
        "soc": fields.u16() / 10,
        "capacity_design": fields.u16() / 100,
    }
    for code, scale in (("cycles", 1), ("soh", 10), ("bus_voltage", 100)):
        found[code] = fields.u16() / scale if fields.left >= 2 else None
    if len(temperatures) >= 6:
        *temperatures, found["ambient_temperature"], found["mosfet_temperature"] = temperatures
    arrays = {"cell_voltage": cells, "cell_temperature": tuple(temperatures)}
    return {"values": filled(found), "arrays": arrays}


def alarms(info: bytes) -> Mapping[str, Any]:
    """Answer to 0x44."""
    fields, cells, sensors = judged(info)
    current, voltage = statuses(tuple(fields.take(2)))
    if fields.u8() < EVENTS:
        raise Refused("bad_count")
    events = tuple(fields.take(EVENTS))
    switches, balancing, system = events[6], events[7] | events[8] << 8, events[9]
    open_wires = events[10] | events[11] << 8
    return {
        "arrays": {"balancing": bits(balancing, min(len(cells), 16))},
        "states": {
            "contactor_discharge": bool(switches & 1),
            "contactor_charge": bool(switches & 2),
            "x_current_limiter": bool(switches & 4),
            "heater": bool(switches & 8),
            "balancing_active": bool(balancing),
            "discharging": bool(system & 1),
            "charging": bool(system & 2),
        },
        "alarms": (
            *beyond("seplos", cells, "cell_undervoltage:warning", "cell_overvoltage:warning"),
            *beyond("seplos", sensors, "undertemperature", "overtemperature:warning"),
            *one("seplos", current, "overcurrent_discharge:warning", "overcurrent_charge:warning"),
            *one("seplos", voltage, "pack_undervoltage:warning", "pack_overvoltage:warning"),
            *raised("seplos", "event1", events[0], FAULTS),
            *raised("seplos", "event2", events[1], VOLTAGES),
            *raised("seplos", "event3", events[2], TEMPERATURES),
            *raised("seplos", "event4", events[3], AMBIENT),
            *raised("seplos", "event5", events[4], CURRENTS),
            *raised("seplos", "event6", events[5], CAPACITY),
            *raised("seplos", "event8", events[13], STORAGE),
            *(named("seplos", "open_wire", i) for i in range(16) if open_wires >> i & 1),
        ),
    }


def _open(asset: str, options: Mapping[str, Any]) -> AsciiPacks:
    return AsciiPacks(asset, options, QUESTIONS, {ALARMS: alarms, VALUES: values})


DRIVER = Driver(
    code="seplos",
    title=("Seplos V2 (RS485)", "Seplos V2 (RS485)"),
    link="serial",
    formats=("serial", "transcript"),
    open=_open,
    options=(addresses(ADDRESSES[0], ADDRESSES[-1], 0), POLL, POSITIVE),
    sends=frozenset(QUESTIONS.values()),
    turned=("positive_current", "discharge"),
)
