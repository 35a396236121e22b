"""What the data objects of a Libre Solar BMS mean; pure functions over items by name.

Names of firmware v21.0 (`Bat_V`) and of v23.0 to the main branch (`rPackVoltage_V`) do not overlap,
so one table serves all. Units are in the names; current is positive while charging.

Source: object tables of LibreSolar/bms-firmware (v21.0, v23.0, v23.1, main), facts only.
"""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from ..wire.alarms import Alarm, alarm, vendor_alarm
from ..wire.reading import State

Items = Mapping[str, Any]

SCALARS = {
    "rPackVoltage_V": "pack_voltage",
    "rPackCurrent_A": "current",
    "rSOC_pct": "soc",
    "rICTemp_degC": "bms_temperature",
    "rMOSFETTemp_degC": "mosfet_temperature",
    "rCellMinVoltage_V": "cell_voltage_min",
    "rCellMaxVoltage_V": "cell_voltage_max",
    "rCellAvgVoltage_V": "cell_voltage_mean",
    "Bat_V": "pack_voltage",
    "Bat_A": "current",
    "SOC_pct": "soc",
    "IC_degC": "bms_temperature",
    "MOSFETs_degC": "mosfet_temperature",
    "CellMin_V": "cell_voltage_min",
    "CellMax_V": "cell_voltage_max",
    "CellAvg_V": "cell_voltage_mean",
}
CELLS = ("rCellVoltages_V", "Cells_V")
TEMPERATURES = ("rCellTemps_degC", "rBatTemp_degC", "Bat_degC")
"""An array in the main branch, one number before."""
FLAGS = ("rErrorFlags", "ErrorFlags")
STATE = ("rBmsState", "BmsState")
BALANCING = ("rBalancingStatus", "BalancingStatus")
STACK = "rStackVoltage_V"
SETTINGS = {
    "sNominalCapacity_Ah": "capacity_design",
    "sChgOvercurrent_A": "charge_current_limit",
    "sDisOvercurrent_A": "discharge_current_limit",
}
"""Stored settings; the limits are those at which the switches open."""
MEASURED = frozenset((*SCALARS, *CELLS, *TEMPERATURES, *FLAGS, *STATE, *BALANCING))
IDENTITY = {"cFirmwareVersion": "firmware", "pNodeID": "serial", "cNodeID": "serial"}

ERRORS: dict[int, Alarm] = {
    0: alarm("cell_undervoltage"),
    1: alarm("cell_overvoltage"),
    2: alarm("short_circuit"),
    3: alarm("overcurrent_discharge"),
    4: alarm("overcurrent_charge"),
    5: alarm("open_wire"),
    6: alarm("undertemperature_discharge"),
    7: alarm("overtemperature_discharge"),
    8: alarm("undertemperature_charge"),
    9: alarm("overtemperature_charge"),
    10: alarm("overtemperature_bms"),
    11: alarm("cell_imbalance", severity="critical"),
    12: alarm("contactor_fault"),
    13: alarm("contactor_fault"),
    14: alarm("overtemperature_mosfet"),
}
"""Bits of the error flags. 12, 13: the discharge, the charge switch is off and should be on."""
DISCHARGE_SWITCH_FAULT, CHARGE_SWITCH_FAULT = 1 << 12, 1 << 13

STATES = ("OFF", "CHG", "DIS", "NORMAL", "SHUTDOWN")
OFF, CHARGE_ONLY, DISCHARGE_ONLY, NORMAL, SHUTDOWN = range(5)

CONNECTED_V = 0.5
"""The firmware itself takes an input at or below this for one without a cell."""
MAX_INPUTS = 32
"""As many as there are balancing bits."""
MAX_SENSORS = 64
REST_A = 0.05
"""Less is noise of the measurement, not a current."""
ELSEWHERE = 0.02
"""A pack voltage this far off the sum of the cells was measured on the other side of a switch."""


def number(value: Any) -> float | None:
    """A finite number; the device writes `null` for what it does not know."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return None
    return value


def unsigned(items: Items, names: tuple[str, ...]) -> int | None:
    """The first of these items that is an unsigned 32-bit integer."""
    found = (items.get(name) for name in names)
    return next((item for item in found if type(item) is int and 0 <= item < 1 << 32), None)


def scalars(items: Items) -> dict[str, float]:
    return {
        metric: value
        for name, metric in SCALARS.items()
        if (value := number(items.get(name))) is not None
    }


def settings(items: Items) -> dict[str, float]:
    found = {metric: number(items.get(name)) for name, metric in SETTINGS.items()}
    return {metric: value for metric, value in found.items() if value is not None and value > 0}


def inputs(items: Items) -> list[float | None] | None:
    """Voltages of all inputs of the board, those without a cell as unknown; None if not sent."""
    sent = next((items[name] for name in CELLS if isinstance(items.get(name), list)), None)
    if sent is None:
        return None
    volts = map(number, sent[:MAX_INPUTS])
    return [volt if volt is not None and volt > CONNECTED_V else None for volt in volts]


def temperatures(items: Items) -> tuple[float | None, ...]:
    sent = next((items[name] for name in TEMPERATURES if name in items), [])
    return tuple(map(number, sent[:MAX_SENSORS] if isinstance(sent, list) else [sent]))


def alarms(flags: int) -> tuple[Alarm, ...]:
    """Sorted; a bit nobody has documented stays visible by its number."""
    found = {
        ERRORS.get(bit) or vendor_alarm("libresolar", f"error_bit_{bit}")
        for bit in range(32)
        if flags >> bit & 1
    }
    return tuple(sorted(found, key=lambda entry: entry.code))


def states(state: int | None, flags: int, current: float | None) -> dict[str, State]:
    """What the switches are allowed to be, unless a flag says that they are not; and the mode."""
    found: dict[str, State] = {}
    if state is not None:
        charge = state in (CHARGE_ONLY, NORMAL) and not flags & CHARGE_SWITCH_FAULT
        discharge = state in (DISCHARGE_ONLY, NORMAL) and not flags & DISCHARGE_SWITCH_FAULT
        found["bms_state"] = STATES[state] if state < len(STATES) else str(state)
        found["contactor_charge"], found["contactor_discharge"] = charge, discharge
    if current is not None and abs(current) >= REST_A:
        found["mode"] = "charging" if current > 0 else "discharging"
    elif state in (OFF, SHUTDOWN):
        found["mode"] = "off"
    elif current is not None:
        found["mode"] = "idle"
    return found


def voltages(
    items: Items, state: int | None, cells: Sequence[float | None], pack: float | None
) -> dict[str, float]:
    """Pack and second voltage, which changed places between firmware versions.

    In the main branch (known by its array of temperatures) the second one is outside the switches.
    Before, the first one was: while they are open it does not show the cells, and their sum does.
    """
    found: dict[str, float] = {}
    stack = number(items.get(STACK))
    if stack is not None:
        is_outside = isinstance(items.get(TEMPERATURES[0]), list)
        found["bus_voltage" if is_outside else "x_stack_voltage"] = stack
    if pack is not None:
        total = sum(cell for cell in cells if cell is not None)
        is_open = state in (OFF, SHUTDOWN) and cells and None not in cells
        is_elsewhere = is_open and abs(pack - total) > ELSEWHERE * total
        found["pack_voltage"] = round(total, 3) if is_elsewhere else pack
    return found


def are_cells(data: Any) -> bool:
    """Whether this content is the answer to a request for the cell voltages alone."""
    return (
        isinstance(data, list)
        and bool(data)
        and all(item is None or (number(item) is not None and -1 < item < 10) for item in data)
    )


def lack_cells(items: Items) -> bool:
    """Whether this is v21.0, which answers `?output` without the cells."""
    return CELLS[1] not in items and not items.keys().isdisjoint(("Bat_V", "BmsState"))
