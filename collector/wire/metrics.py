"""The metric registry: one entry is all it takes to add a quantity.

Validation, storage, charts, exports, rules and the JSON Schema read these entries. Labels are not
here: they are message ids in the portal's catalogues (`metric.<code>`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Values = Mapping[str, float]
Arrays = Mapping[str, Sequence[float | None]]
Derivation = Callable[[Values, Arrays], float | None]

EXTENSION = "x_"
"""Codes with this prefix need no entry: stored as they come, charted by name, never rolled up."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A named quantity with its unit and its limits of plausibility.

    `digits` is the number of decimals kept: the storage resolution is 10**-digits of the unit.
    A value outside `low`..`high` is not a measurement of anything and is treated as absent.
    `kind` is `gauge` or `counter` (only ever grows); `shape` is `scalar` or `array` (one value per
    cell or sensor). `derive` computes the value where a device does not send it.
    """

    code: str
    unit: str
    digits: int
    low: float
    high: float
    kind: str = "gauge"
    shape: str = "scalar"
    rolled: bool = True
    derive: Derivation | None = None

    @property
    def is_array(self) -> bool:
        return self.shape == "array"

    def plausible(self, value: float) -> bool:
        return self.low <= value <= self.high


def _known(arrays: Arrays, code: str) -> list[float]:
    return [value for value in arrays.get(code, ()) if value is not None]


def _power(values: Values, _: Arrays) -> float | None:
    if "pack_voltage" in values and "current" in values:
        return values["pack_voltage"] * values["current"]
    return None


def _pv_power(values: Values, _: Arrays) -> float | None:
    if "pv_voltage" in values and "pv_current" in values:
        return values["pv_voltage"] * values["pv_current"]
    return None


def _over(code: str, reduce: Callable[[list[float]], float]) -> Derivation:
    def derive(_: Values, arrays: Arrays) -> float | None:
        known = _known(arrays, code)
        return reduce(known) if known else None

    return derive


def _mean(known: list[float]) -> float:
    return sum(known) / len(known)


def _spread(known: list[float]) -> float:
    return max(known) - min(known)


_ENTRIES = (
    Metric("pack_voltage", "V", 3, 0, 2000),
    Metric("bus_voltage", "V", 3, -2000, 2000),
    Metric("current", "A", 3, -20_000, 20_000),
    Metric("power", "W", 2, -20_000_000, 20_000_000, derive=_power),
    Metric("soc", "%", 2, 0, 100),
    Metric("soe", "%", 2, 0, 100),
    Metric("soh", "%", 2, 0, 110),
    Metric("cycles", "", 2, 0, 1_000_000, kind="counter"),
    Metric("capacity_remaining", "Ah", 3, 0, 100_000),
    Metric("capacity_full", "Ah", 3, 0, 100_000),
    Metric("capacity_design", "Ah", 3, 0, 100_000),
    Metric("energy_remaining", "Wh", 1, 0, 100_000_000),
    Metric("charge_in", "Ah", 3, 0, 1e10, kind="counter"),
    Metric("charge_out", "Ah", 3, 0, 1e10, kind="counter"),
    Metric("energy_in", "Wh", 1, 0, 1e13, kind="counter"),
    Metric("energy_out", "Wh", 1, 0, 1e13, kind="counter"),
    Metric("cell_voltage", "V", 4, 0, 10, shape="array"),
    Metric("cell_temperature", "°C", 2, -60, 200, shape="array"),
    Metric("balancing", "", 0, 0, 1, shape="array", rolled=False),
    Metric("balancer_temperature", "°C", 2, -60, 200, shape="array"),
    Metric("string_current", "A", 3, -20_000, 20_000, shape="array"),
    Metric("string_voltage", "V", 3, 0, 2000, shape="array"),
    Metric("string_soc", "%", 2, 0, 100, shape="array"),
    Metric("ambient_temperature", "°C", 2, -60, 100),
    Metric("mosfet_temperature", "°C", 2, -60, 200),
    Metric("bms_temperature", "°C", 2, -60, 200),
    Metric("charge_voltage_limit", "V", 3, 0, 2000),
    Metric("discharge_voltage_limit", "V", 3, 0, 2000),
    Metric("charge_current_limit", "A", 3, 0, 20_000),
    Metric("discharge_current_limit", "A", 3, 0, 20_000),
    Metric("pv_voltage", "V", 3, 0, 2000),
    Metric("pv_current", "A", 3, -20_000, 20_000),
    Metric("pv_power", "W", 2, -20_000_000, 20_000_000, derive=_pv_power),
    Metric("pv_energy", "Wh", 1, 0, 1e13, kind="counter"),
    Metric("pv_energy_today", "Wh", 1, 0, 1e10),
    Metric("load_current", "A", 3, -20_000, 20_000),
    Metric("load_power", "W", 2, -20_000_000, 20_000_000),
    Metric("load_energy", "Wh", 1, 0, 1e13, kind="counter"),
    Metric("load_energy_today", "Wh", 1, 0, 1e10),
    Metric("insulation_resistance", "kΩ", 1, 0, 1e9),
    Metric("cell_voltage_min", "V", 4, 0, 10, derive=_over("cell_voltage", min)),
    Metric("cell_voltage_max", "V", 4, 0, 10, derive=_over("cell_voltage", max)),
    Metric("cell_voltage_mean", "V", 4, 0, 10, derive=_over("cell_voltage", _mean)),
    Metric("cell_voltage_spread", "V", 4, 0, 10, derive=_over("cell_voltage", _spread)),
    Metric("temperature_min", "°C", 2, -60, 200, derive=_over("cell_temperature", min)),
    Metric("temperature_max", "°C", 2, -60, 200, derive=_over("cell_temperature", max)),
)

METRICS: dict[str, Metric] = {entry.code: entry for entry in _ENTRIES}
DERIVED: tuple[Metric, ...] = tuple(entry for entry in _ENTRIES if entry.derive)

STATES: dict[str, type] = {
    "mode": str,
    "bms_state": str,
    "charging": bool,
    "discharging": bool,
    "balancing_active": bool,
    "contactor": bool,
    "contactor_charge": bool,
    "contactor_discharge": bool,
    "precharge": bool,
    "load_on": bool,
    "heater": bool,
    "cooling": bool,
    "strings_connected": int,
    "firmware": str,
    "serial": str,
    "soh_provided": bool,
}
"""Discrete states. `mode` is one of MODES; `bms_state` is the BMS's own word for what it does."""

MODES = ("charging", "discharging", "idle", "balancing", "off", "fault")
