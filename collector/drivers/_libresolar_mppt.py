"""A Libre Solar solar charge controller (MPPT or PWM) made of its data objects.

Objects of different groups share names, so an item is known by both: `Solar/rMeas_V`. The firmware
counts a current as positive where it leaves the device: into the battery, into the load; what the
panels give is negative there, and positive here.

Not provided by the device: cells, cycles, and a state of health that it measures.

Source: object table of LibreSolar/charge-controller-firmware (groups, since 2021), facts only.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ..wire.alarms import Alarm, alarm, vendor_alarm
from ..wire.reading import Reading, State
from . import _libresolar_objects as objects
from .base import Tally

MAX_TEXT = 64
GROUPS: Mapping[str, frozenset[str]] = {
    "Battery": frozenset(("rSOC_pct", "rNumBatteries", "pChgDay_Wh", "sNom_Ah")),
    "Solar": frozenset(("pInDay_Wh", "pInTotal_Wh")),
    "Load": frozenset(("pOutDay_Wh", "pOutTotal_Wh")),
    "Charger": frozenset(("rControlTarget_V", "rDCDCState", "sChgMax_A")),
    "Device": frozenset(("rErrorFlags", "cManufacturer", "cType")),
}
"""Names that only one group has: by them an answer that does not say its group is known."""
SCALARS: Mapping[str, str] = {
    "Battery/rMeas_V": "pack_voltage",
    "Battery/rMeas_A": "current",
    "Battery/rCalc_W": "power",
    "Battery/rSOC_pct": "soc",
    "Battery/pChgTotal_Wh": "energy_in",
    "Battery/pDisTotal_Wh": "energy_out",
    "Solar/rMeas_V": "pv_voltage",
    "Solar/pInDay_Wh": "pv_energy_today",
    "Solar/pInTotal_Wh": "pv_energy",
    "Load/rMeas_A": "load_current",
    "Load/rCalc_W": "load_power",
    "Load/pOutDay_Wh": "load_energy_today",
    "Load/pOutTotal_Wh": "load_energy",
    "Charger/rMosfet_degC": "mosfet_temperature",
    "Charger/rControlTarget_V": "charge_voltage_limit",
    "Device/rInt_degC": "bms_temperature",
}
INWARD: Mapping[str, str] = {"Solar/rMeas_A": "pv_current", "Solar/rCalc_W": "pv_power"}
"""Negative on the wire while the panels give."""
SETTINGS: Mapping[str, str] = {
    "Battery/sNom_Ah": "capacity_design",
    "Charger/sChgMax_A": "charge_current_limit",
}
IDENTITY: Mapping[str, str] = {"Device/cFirmwareVersion": "firmware", "cNodeID": "serial"}
NUMBERS: Mapping[int, str] = {
    0x1D: "cNodeID",
    0x23: "Device/cFirmwareVersion",
    0x31: "Battery/rMeas_V",
    0x32: "Battery/rMeas_A",
    0x33: "Battery/rCalc_W",
    0x34: "Battery/rMeas_degC",
    0x35: "Battery/rTempExt",
    0x36: "Device/rInt_degC",
    0x37: "Charger/rMosfet_degC",
    0x38: "Solar/rMeas_V",
    0x39: "Solar/rMeas_A",
    0x3A: "Solar/rCalc_W",
    0x3B: "Load/rMeas_A",
    0x3C: "Load/rCalc_W",
    0x40: "Battery/rSOC_pct",
    0x50: "Charger/rState",
    0x51: "Charger/rControlTarget_V",
    0x54: "Charger/rDCDCState",
    0x55: "Load/rState",
    0x5F: "Device/rErrorFlags",
    0x60: "Battery/pChgTotal_Wh",
    0x61: "Battery/pDisTotal_Wh",
    0x65: "Solar/pInTotal_Wh",
    0x66: "Load/pOutTotal_Wh",
    0x6C: "Solar/pInDay_Wh",
    0x6D: "Load/pOutDay_Wh",
    0xA0: "Battery/sNom_Ah",
    0xA1: "Charger/sChgMax_A",
}
TEMPERATURE, HAS_SENSOR = "Battery/rMeas_degC", "Battery/rTempExt"
CHARGER, CONVERTER, LOAD = "Charger/rState", "Charger/rDCDCState", "Load/rState"
FLAGS = ("Device/rErrorFlags",)
CHARGER_STATES = ("idle", "bulk", "topping", "float", "equalization", "follower")
CONVERTER_STATES = ("off", "mppt", "cc_low", "cv_low", "cc_high", "cv_high", "derating")
MEASURED = frozenset((*SCALARS, *INWARD, *FLAGS, TEMPERATURE, CHARGER, CONVERTER, LOAD))


def _ours(code: str, severity: str = "warning") -> Alarm:
    return vendor_alarm("libresolar", code, severity=severity)


ERRORS: Mapping[int, Alarm] = {
    0: alarm("pack_undervoltage"),
    1: alarm("pack_overvoltage"),
    2: alarm("overcurrent_discharge"),
    3: alarm("overcurrent_charge"),
    4: alarm("undertemperature_discharge"),
    5: alarm("overtemperature_discharge"),
    6: alarm("undertemperature_charge"),
    7: alarm("overtemperature_charge"),
    13: alarm("overtemperature_bms"),
    14: _ours("mosfet_short", "critical"),
    15: _ours("converter_overvoltage", "critical"),
    16: _ours("switch_overvoltage"),
}
LOAD_ERRORS: Mapping[int, Alarm] = {
    0: _ours("load_shed"),
    1: _ours("load_overvoltage"),
    2: _ours("load_overcurrent"),
    3: alarm("short_circuit"),
    4: _ours("load_voltage_dip"),
    5: _ours("load_bus_disabled"),
}
"""Of the load output, whose state is the negative of these bits while there are any."""
BITS = 32


class Mppt:
    """What is known of one device: who it is, and its settings."""

    numbers, old_numbers, group = NUMBERS, NUMBERS, None
    paths = ("Battery", "Solar", "Load", "Charger", "Device")
    details: tuple[str, ...] = ()
    is_identified = True

    def __init__(self, asset: str, tally: Tally) -> None:
        self.asset, self._tally = asset, tally
        self._identity: dict[str, State] = {}
        self._settings: dict[str, float] = {}

    def items(self, data: Any, path: str = "") -> dict[str, Any]:
        """Values by group and name; what they say of the device itself is kept."""
        found = dict(_named(data, path))
        for name, state in IDENTITY.items():
            text = found.get(name)
            if isinstance(text, str) and 0 < len(text) <= MAX_TEXT and text.isprintable():
                self._identity[state] = text
        for name, metric in SETTINGS.items():
            value = objects.number(found.get(name))
            if value is not None and value > 0:
                self._settings[metric] = value
        return found

    def is_measured(self, items: objects.Items) -> bool:
        return not items.keys().isdisjoint(MEASURED)

    def reading(self, items: objects.Items, ts: int) -> Iterator[Reading]:
        """The reading these items make, if any of them is known."""
        values = _values(items)
        states = _states(items, values.get("current"))
        found = objects.number(items.get(TEMPERATURE))
        has_sensor = items.get(HAS_SENSOR) not in (False, 0)  # else the firmware takes 25 °C
        arrays = {"cell_temperature": (found,)} if found is not None and has_sensor else {}
        if not (values or arrays or states):
            return
        values |= self._settings
        yield Reading(self.asset, ts, values, arrays, self._identity | states, _alarms(items))


def _named(data: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Items by their group and name; those that come without a group are told by their names."""
    if not isinstance(data, dict):
        return
    group = path.partition("/")[0]
    if group not in GROUPS:
        group = next((name for name, own in GROUPS.items() if not own.isdisjoint(data)), "")
    for name, value in data.items():
        if not isinstance(name, str):
            continue
        if isinstance(value, dict):
            yield from _named(value, name)
        elif "/" in name or name in IDENTITY:
            yield name, value
        else:
            yield f"{group}/{name}", value


def _values(items: objects.Items) -> dict[str, float]:
    values = {
        metric: value
        for name, metric in SCALARS.items()
        if (value := objects.number(items.get(name))) is not None
    }
    for name, metric in INWARD.items():
        value = objects.number(items.get(name))
        if value is not None:
            values[metric] = 0.0 - value
    if "load_power" not in values and {"load_current", "pack_voltage"} <= values.keys():
        # the load output hangs on the battery's terminals
        values["load_power"] = values["load_current"] * values["pack_voltage"]
    return values


def _states(items: objects.Items, current: float | None) -> dict[str, State]:
    states: dict[str, State] = {}
    charger, converter, load = (items.get(name) for name in (CHARGER, CONVERTER, LOAD))
    if type(charger) is int:
        states["bms_state"] = _word(CHARGER_STATES, charger)
    if type(converter) is int:
        states["x_converter"] = _word(CONVERTER_STATES, converter)
    if type(load) is int:
        states["load_on"] = load == 1
    if current is not None:
        resting = abs(current) < objects.REST_A
        states["mode"] = "idle" if resting else "charging" if current > 0 else "discharging"
    return states


def _word(words: tuple[str, ...], number: int) -> str:
    return words[number] if 0 <= number < len(words) else str(number)


def _alarms(items: objects.Items) -> tuple[Alarm, ...]:
    """Sorted; a bit nobody has documented stays visible by its number."""
    flags, load = objects.unsigned(items, FLAGS) or 0, items.get(LOAD)
    of_load = -load if type(load) is int and -(1 << BITS) < load < 0 else 0
    found = {*_raised(flags, ERRORS, "error_bit"), *_raised(of_load, LOAD_ERRORS, "load_bit")}
    return tuple(sorted(found, key=lambda entry: entry.code))


def _raised(flags: int, known: Mapping[int, Alarm], label: str) -> Iterator[Alarm]:
    for bit in range(BITS):
        if flags >> bit & 1:
            yield known.get(bit) or _ours(f"{label}_{bit}")
