"""From what foxBMS's frames said last to one reading."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..wire.alarms import Alarm
from ..wire.reading import Reading
from ._foxbms_flags import fatal_alarm

STATES = (
    "UNINITIALIZED",
    "INITIALIZATION",
    "INITIALIZED",
    "IDLE",
    "OPEN_CONTACTORS",
    "STANDBY",
    "PRECHARGE",
    "NORMAL",
    "DISCHARGE",
    "CHARGE",
    "ERROR",
    "UNDEFINED",
)
OFF, RESTING = frozenset({0, 1, 2}), frozenset({3, 4, 5})
PRECHARGE, ERROR = 6, 10
IDLE_A = 0.05
"""A current below this is the sensor's noise."""
PACK_METRICS = ("limits", "power_limits", "energy", "mean_power", "mean_current", "pack_values")
STATE_NAMES = {
    "strings_deactivated": "x_strings_deactivated",
    "bms_substate": "x_bms_substate",
    "state_number": "x_state_number",
    "interlock": "x_interlock",
    "fuses": "x_fuses",
}
SWITCH_NAMES = {
    "heater": "heater",
    "cooling": "cooling",
    "charging_complete": "x_charging_complete",
    "insulation_monitoring": "x_insulation_monitoring",
    "balancing_allowed": "x_balancing_allowed",
    "phy_linked": "x_phy_linked",
    "phy_alive": "x_phy_alive",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """The last frame of its kind: signal values, or (value, valid) of cells; and its complaints."""

    ts: int
    period: int
    signals: Mapping[str, float]
    items: tuple[tuple[float, bool], ...] = ()
    alarms: tuple[Alarm, ...] = ()


Frames = Mapping[tuple[str, int], Seen]
"""By role and by string or group."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A pack as configured; `sign` turns the current of the bus into ours."""

    strings: int
    cells: int
    sensors: int
    sign: int
    version: tuple[int, int]

    @property
    def all_cells(self) -> int:
        return self.strings * self.cells

    @property
    def all_sensors(self) -> int:
        return self.strings * self.sensors


def reading(asset: str, ts: int, frames: Frames, shape: Shape) -> Reading:
    """Everything the frames tell; what they do not is absent."""
    arrays = _strings(frames, shape) | {
        "cell_voltage": _items("cells", shape.all_cells, frames),
        "cell_temperature": _items("sensors", shape.all_sensors, frames),
    }
    known = {code: a for code, a in arrays.items() if any(item is not None for item in a)}
    values = _pack(frames, shape) | _estimates(frames, shape) | _environment(frames)
    return Reading(
        asset,
        ts,
        _extremes(frames, arrays) | values,
        known,
        _states(frames, values.get("current")),
        _alarms(frames, shape),
    )


def _signals(frames: Frames, role: str, index: int = 0) -> Mapping[str, float]:
    seen = frames.get((role, index))
    return seen.signals if seen else {}


def _per_string(frames: Frames, shape: Shape, role: str) -> list[Mapping[str, float]]:
    return [_signals(frames, role, index) for index in range(shape.strings)]


def _items(role: str, count: int, frames: Frames) -> tuple[float | None, ...]:
    """Cells or sensors in flat order; positions of the last group beyond `count` are phantoms."""
    found: list[float | None] = [None] * count
    for (name, group), seen in frames.items():
        if name == role:
            first = group * len(seen.items)
            for i, (value, valid) in enumerate(seen.items[: count - first]):
                found[first + i] = value if valid else None
    return tuple(found)


def _strings(frames: Frames, shape: Shape) -> dict[str, tuple[float | None, ...]]:
    measured = _per_string(frames, shape, "string_values")
    estimated = _per_string(frames, shape, "string_estimation")
    current = (string.get("current") for string in measured)
    return {
        "string_voltage": tuple(string.get("voltage") for string in measured),
        "string_current": tuple(None if i is None else shape.sign * i for i in current),
        "string_soc": tuple(_estimate(string, "soc") for string in estimated),
    }


def _estimate(string: Mapping[str, float], what: str) -> float | None:
    """The mean of a string: as sent (before v1.7), else the middle of minimum and maximum."""
    if f"{what}_mean" in string:
        return string[f"{what}_mean"]
    if f"{what}_min" in string:
        return (string[f"{what}_min"] + string[f"{what}_max"]) / 2
    return None


def _pack(frames: Frames, shape: Shape) -> dict[str, float]:
    """Pack-wide numbers as sent; without the pack's frame, what its strings add up to."""
    values: dict[str, float] = {}
    for role in PACK_METRICS:
        values |= _signals(frames, role)
    if not _signals(frames, "pack_values"):
        strings = _per_string(frames, shape, "string_values")
        if all(strings):
            values["pack_voltage"] = sum(s["voltage"] for s in strings) / len(strings)
            values["current"] = sum(s["current"] for s in strings)
            values["power"] = sum(s["power"] for s in strings)
    for code in ("current", "power"):
        if code in values:
            values[code] *= shape.sign
    return values


def _estimates(frames: Frames, shape: Shape) -> dict[str, float]:
    """SOC, SOE and energy out of the strings.

    The pack's own estimate is weighted by the strings that are connected: it falls to 0 % whenever
    the contactors open. The SOH on the bus is a constant that foxBMS never fills: left out.
    """
    values: dict[str, float] = {}
    strings = _per_string(frames, shape, "string_estimation")
    for what in ("soc", "soe"):
        means = [m for string in strings if (m := _estimate(string, what)) is not None]
        if means:
            values[what] = sum(means) / len(means)
    if all("energy" in string for string in strings):
        values["energy_remaining"] = sum(string["energy"] for string in strings)
    if lows := [string["soc_min"] for string in strings if "soc_min" in string]:
        values["x_soc_min"] = min(lows)
        values["x_soc_max"] = max(string["soc_max"] for string in strings if "soc_max" in string)
    counters = _per_string(frames, shape, "string_energy")
    if all(counters):
        values["x_energy_counter"] = shape.sign * sum(string["energy"] for string in counters)
    return values


def _environment(frames: Frames) -> dict[str, float]:
    """Insulation, if it is monitored at all, and coolant, if its sensors are fitted."""
    values: dict[str, float] = {}
    state = _signals(frames, "bms_state")
    kiloohms = state.get("insulation_resistance")
    kiloohms = _signals(frames, "insulation").get("insulation_resistance", kiloohms)
    if kiloohms or (kiloohms is not None and state.get("insulation_monitoring")):
        values["insulation_resistance"] = kiloohms
    coolant = {k: v for k, v in _signals(frames, "pack_extremes").items() if k.startswith("x_")}
    if any(coolant.values()):
        values |= coolant
    return values


def _extremes(frames: Frames, arrays: Mapping[str, tuple]) -> dict[str, float]:
    """What foxBMS says of its cells where not all of them are known here."""
    sent: dict[str, float] = {}
    for role in ("pack_extremes", "pack_voltage_extremes", "pack_temperature_extremes"):
        sent |= _signals(frames, role)
    values = {}
    for code, name, array in (
        ("cell_voltage_min", "cell_min", "cell_voltage"),
        ("cell_voltage_max", "cell_max", "cell_voltage"),
        ("temperature_min", "sensor_min", "cell_temperature"),
        ("temperature_max", "sensor_max", "cell_temperature"),
    ):
        if name in sent and None in arrays[array]:
            values[code] = sent[name]
    return values


def _states(frames: Frames, current: float | None) -> dict[str, bool | int | str]:
    state = {**_signals(frames, "bms_state"), **_signals(frames, "state_2")}
    states: dict[str, bool | int | str] = {"soh_provided": False}
    states |= {STATE_NAMES[k]: int(v) for k, v in state.items() if k in STATE_NAMES}
    states |= {SWITCH_NAMES[k]: bool(v) for k, v in state.items() if k in SWITCH_NAMES}
    if "bms_state" in state:
        number = int(state["bms_state"])
        states["bms_state"] = STATES[number] if number < len(STATES) else str(number)
        states["precharge"] = number == PRECHARGE
    if "strings_connected" in state:
        states["strings_connected"] = int(state["strings_connected"])
        states["contactor"] = state["strings_connected"] > 0
    if "plus" in state:
        main = state["plus"] and state["minus"]
        states["contactor"] = bool(main or (state["charge_plus"] and state["charge_minus"]))
        states["precharge"] = bool(state["precharge"] or state["charge_precharge"])
    if system := _signals(frames, "system_state"):
        states["x_system_state"] = int(system["state"])
        states["x_system_substate"] = int(system["substate"])
    balancing = [
        seen.signals["balancing"] for seen in frames.values() if "balancing" in seen.signals
    ]
    if balancing:
        states["balancing_active"] = any(balancing)
    if version := _signals(frames, "version"):
        states["firmware"] = ".".join(str(int(version[k])) for k in ("major", "minor", "patch"))
    return states | _activity(state.get("bms_state"), current, any(balancing))


def _activity(
    number: float | None, current: float | None, balancing: bool
) -> dict[str, bool | int | str]:
    """`mode`, and whether current flows in or out, as far as it is known."""
    flows: dict[str, bool | int | str] = {}
    if current is not None:
        flows = {"charging": current > IDLE_A, "discharging": current < -IDLE_A}
    if number == ERROR:
        mode = "fault"
    elif number in OFF:
        mode = "off"
    elif any(flows.values()):
        mode = "charging" if flows["charging"] else "discharging"
    elif flows or number in RESTING:
        mode = "balancing" if balancing else "idle"
    else:
        return flows
    return flows | {"mode": mode}


def _alarms(frames: Frames, shape: Shape) -> tuple[Alarm, ...]:
    alarms = {alarm for seen in frames.values() for alarm in seen.alarms}
    if fatal := _signals(frames, "fatal_error"):
        sent = _signals(frames, "version")
        version = (int(sent["major"]), int(sent["minor"])) if sent else shape.version
        if found := fatal_alarm(int(fatal["fatal_error"]), version):
            alarms.add(found)
    return tuple(sorted(alarms, key=lambda a: (a.code, -1 if a.index is None else a.index)))
