"""From the models of a SunSpec battery to one reading. What no model says is absent."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..wire.alarms import Alarm, alarm, vendor_alarm
from ..wire.reading import MAX_ELEMENTS, State
from ._sunspec_models import BANK, BASE, COMMON, MODULE, STRING, Values, Words

Models = Sequence[tuple[int, int, Words | None]]
"""(number, registers, what they hold or None) of every model, in the order of the device."""
Row = tuple[float | None, ...]

NAMES = {
    "AHRtg": "capacity_design",
    "WHRtg": "x_energy_design",
    "SoC": "soc",
    "SoH": "soh",
    "NCyc": "cycles",
    "V": "pack_voltage",
    "VMax": "charge_voltage_limit",
    "VMin": "discharge_voltage_limit",
    "CellVMax": "cell_voltage_max",
    "CellVMin": "cell_voltage_min",
    "CellVAvg": "cell_voltage_mean",
    "A": "current",
    "AChaMax": "charge_current_limit",
    "ADisChaMax": "discharge_current_limit",
    "W": "power",
}
MODES = {1: "off", 2: "idle", 3: "discharging", 4: "charging", 5: "idle", 6: "idle"}
DISCHARGING, CHARGING = 3, 4
STATES = {
    1: "DISCONNECTED",
    2: "INITIALIZING",
    3: "CONNECTED",
    4: "STANDBY",
    5: "SOC_PROTECTION",
    6: "SUSPENDING",
    99: "FAULT",
}
CONNECTED, FAULT = 3, 99
CLOSED = 1 << 1
BALANCING = 1
EVENTS = (
    alarm("communication_fault"),
    alarm("overtemperature"),
    Alarm("overtemperature", "warning"),
    Alarm("undertemperature", "critical"),
    alarm("undertemperature"),
    alarm("overcurrent_charge"),
    Alarm("overcurrent_charge", "warning"),
    alarm("overcurrent_discharge"),
    Alarm("overcurrent_discharge", "warning"),
    alarm("pack_overvoltage"),
    Alarm("pack_overvoltage", "warning"),
    alarm("pack_undervoltage"),
    Alarm("pack_undervoltage", "warning"),
    Alarm("soc_low", "critical"),
    alarm("soc_low"),
    vendor_alarm("sunspec", "soc_high", severity="critical"),
    vendor_alarm("sunspec", "soc_high"),
    alarm("cell_imbalance"),
    Alarm("temperature_spread", "critical"),
    alarm("temperature_spread"),
    alarm("contactor_fault"),
    vendor_alarm("sunspec", "fan", severity="critical"),
    alarm("insulation_fault"),
    vendor_alarm("sunspec", "open_door"),
    vendor_alarm("sunspec", "current_imbalance"),
    alarm("general_error"),
    alarm("general_warning"),
    vendor_alarm("sunspec", "event27"),
    vendor_alarm("sunspec", "configuration", severity="critical"),
    vendor_alarm("sunspec", "configuration"),
    vendor_alarm("sunspec", "event30"),
    vendor_alarm("sunspec", "event31"),
)
"""By bit of Evt1 and StrEvt1."""
CONNECTION = {
    2: alarm("insulation_fault"),
    3: vendor_alarm("sunspec", "voltage_range", severity="critical"),
    5: alarm("fuse_blown"),
    6: alarm("contactor_fault"),
    7: alarm("precharge_fault"),
    8: vendor_alarm("sunspec", "string_fault", severity="critical"),
}
"""By reason why a string could not connect; a button and a string that is not enabled are none."""


def parts(models: Models, sign: int) -> dict[str, Any]:
    """values, arrays, states and alarms of a Reading; `sign` turns the current into ours."""
    base = next((BASE.read(w) for number, _, w in models if number == 802 and w), {})
    bank, in_bank = _bank(models)
    strings = [STRING.read(w) if w else {} for number, _, w in models if number == 804]
    members = in_bank or strings
    arrays = _cells(models) | _modules(models) | _strings(members, strings, sign)
    values = _values(base, bank, strings, sign)
    return {
        "values": values,
        "arrays": {code: row for code, row in arrays.items() if any(v is not None for v in row)},
        "states": _identity(models) | _states(base, bank, members),
        "alarms": _alarms(base, members),
    }


def _bank(models: Models) -> tuple[Values, list[Values]]:
    words = next((w for number, _, w in models if number == 803 and w), None)
    if words is None:
        return {}, []
    bank, there = BANK.read(words), BANK.groups(words)
    count = min(int(bank.get("NStr", there)), there)
    return bank, [BANK.read_group(words, i) for i in range(count)]


def _values(base: Values, bank: Values, strings: Sequence[Values], sign: int) -> dict[str, float]:
    values = {NAMES[name]: value for name, value in base.items() if name in NAMES}
    if not base:
        values = _summed(strings)
    for code in ("current", "power"):
        if code in values:
            values[code] *= sign
    for name, code in (("ModTmpMax", "temperature_max"), ("ModTmpMin", "temperature_min")):
        known = [string[name] for string in strings if name in string]
        if name in bank:
            values[code] = bank[name]
        elif known:
            values[code] = max(known) if name == "ModTmpMax" else min(known)
    return values


def _summed(strings: Sequence[Values]) -> dict[str, float]:
    """Without a model of the whole: strings in parallel share a voltage and add their currents."""
    values = {}
    if strings and all("V" in string for string in strings):
        values["pack_voltage"] = sum(string["V"] for string in strings) / len(strings)
    if strings and all("A" in string for string in strings):
        values["current"] = sum(string["A"] for string in strings)
    if len(strings) == 1:
        same = ("SoC", "SoH", "NCyc", "CellVMax", "CellVMin")
        values |= {NAMES[name]: strings[0][name] for name in same if name in strings[0]}
    return values


def _strings(members: Sequence[Values], strings: Sequence[Values], sign: int) -> dict[str, Row]:
    currents = (member.get("A") for member in members)
    return {
        "string_current": tuple(None if a is None else sign * a for a in currents),
        "string_soc": tuple(member.get("SoC") for member in members),
        "string_voltage": tuple(string.get("V") for string in strings),
    }


def _modules(models: Models) -> dict[str, Row]:
    """The extremes of each module, where strings tell them."""
    rows: dict[str, list[float | None]] = {}
    for number, size, words in models:
        if number != 804:
            continue
        there = (size - STRING.fixed) // STRING.size
        count = min(int(STRING.read(words).get("NMod", there)), there) if words else there
        for i in range(count):
            group = STRING.read_group(words, i) if words else {}
            for name, code in (
                ("SoC", "x_module_soc"),
                ("CellVMax", "x_module_cell_voltage_max"),
                ("CellVMin", "x_module_cell_voltage_min"),
                ("CellTmpMax", "x_module_temperature_max"),
                ("CellTmpMin", "x_module_temperature_min"),
            ):
                rows.setdefault(code, []).append(group.get(name))
    return {code: tuple(row[:MAX_ELEMENTS]) for code, row in rows.items()}


def _cells(models: Models) -> dict[str, Row]:
    """Module after module, in the device's order; one that did not answer leaves its cells empty.

    Temperatures come first: they are the shorter list where not every cell has a sensor.
    """
    volts: list[float | None] = []
    warmth: list[float | None] = []
    bleeding: list[float | None] = []
    for number, size, words in models:
        if number != 805:
            continue
        there = (size - MODULE.fixed) // MODULE.size
        count = min(int(MODULE.read(words).get("NCell", there)), there) if words else there
        for i in range(count):
            cell = MODULE.read_group(words, i) if words else {}
            volts.append(cell.get("V"))
            warmth.append(cell.get("Tmp"))
            bleeding.append(int(cell["St"]) & BALANCING if "St" in cell else None)
    rows = {"cell_voltage": volts, "cell_temperature": warmth, "balancing": bleeding}
    return {code: tuple(row[:MAX_ELEMENTS]) for code, row in rows.items()}


def _identity(models: Models) -> dict[str, State]:
    words = next((w for number, _, w in models if number == 1 and w), None)
    if words is None:
        return {}
    names = {"maker": "x_maker", "model": "x_model", "firmware": "firmware", "serial": "serial"}
    found = ((code, COMMON.points[name].text(words)) for name, code in names.items())
    return {code: text for code, text in found if text}


def _states(base: Values, bank: Values, members: Sequence[Values]) -> dict[str, State]:
    states: dict[str, State] = {}
    charge, state = base.get("ChaSt"), base.get("State")
    if charge in MODES:
        states["mode"] = MODES[int(charge)]
        states["charging"] = charge == CHARGING
        states["discharging"] = charge == DISCHARGING
    if state is not None:
        states["bms_state"] = STATES.get(int(state), str(int(state)))
        states["contactor"] = state == CONNECTED
    if state == FAULT:
        states["mode"] = "fault"
    if "NStrCon" in bank:
        states["strings_connected"] = int(bank["NStrCon"])
    elif members and all("St" in member for member in members):
        states["strings_connected"] = sum(bool(int(m["St"]) & CLOSED) for m in members)
    balancing = [m["NCellBal"] for m in (bank, *members) if "NCellBal" in m]
    if balancing:
        states["balancing_active"] = any(balancing)
    return states


def _alarms(base: Values, members: Sequence[Values]) -> tuple[Alarm, ...]:
    found = set(_events(base, None))
    for index, member in enumerate(members):
        found |= _events(member, index)
        failure = CONNECTION.get(int(member.get("ConFail", 0)))
        if failure:
            found.add(Alarm(failure.code, failure.severity, index))
    return tuple(found)


def _events(values: Mapping[str, float], index: int | None) -> set[Alarm]:
    bits = int(values.get("Evt1", 0))
    found = {Alarm(e.code, e.severity, index) for i, e in enumerate(EVENTS) if bits >> i & 1}
    for name in ("EvtVnd1", "EvtVnd2"):
        bits = int(values.get(name, 0))
        found |= {vendor_alarm("sunspec", f"{name}.{i}", index) for i in range(32) if bits >> i & 1}
    return found
