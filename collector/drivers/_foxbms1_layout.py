"""What foxBMS 1 puts on its CAN bus: little-endian, no selectors, up to eight modules.

Source: the CAN database of foxBMS 1 v1.6.8. It does not tell in which sense interlock and fuse bits
count nor what the state numbers mean, so that these are shown as they are and raise nothing.
"""

from ..signals.signal import Signal
from ._foxbms_flags import Flag
from ._foxbms_layouts import SLOW, Layout, Message

MODULES = 8
CELLS_PER_MODULE = 18
SENSORS_PER_MODULE = 12
MOVING_MEAN_OFFSET = 2_500_000


def _field(start: int, length: int, factor: float = 1, offset: float = 0) -> Signal:
    return Signal(start, length, factor, offset=offset, little=True)


def _flag(start: int, name: str, code: str | None, severity: str | None = None, length: int = 1):
    return Flag(name, _field(start, length), code, severity)


_LEVELS = (("MSL", "critical"), ("RSL", "warning"), ("MOL", "info"))


def _levels(start: int, name: str, code: str) -> tuple[Flag, ...]:
    return tuple(
        _flag(start + i, name + level, code, severity)
        for i, (level, severity) in enumerate(_LEVELS)
    )


def _triples(factor: float, offset: float = 0) -> tuple[tuple[Signal, Signal], ...]:
    return tuple((_field(8 + 16 * i, 16, factor, offset), _field(i, 1)) for i in range(3))


_CELLS = _triples(0.001)
_SENSORS = _triples(0.01, -128)

_MESSAGES = {
    0x101: Message(
        "version", 0, {"major": _field(0, 8), "minor": _field(8, 8), "patch": _field(16, 8)}
    ),
    0x110: Message(
        "bms_state",
        SLOW,
        {"state_number": _field(8, 8)},
        flags=(
            _flag(0, "GeneralError", "general_error", length=8),
            *_levels(16, "OvertemperatureCharge", "overtemperature_charge"),
            *_levels(24, "UndertemperatureCharge", "undertemperature_charge"),
            *_levels(32, "OvertemperatureDischarge", "overtemperature_discharge"),
            *_levels(40, "UndertemperatureDischarge", "undertemperature_discharge"),
            *_levels(48, "OvercurrentCharge", "overcurrent_charge"),
            *_levels(56, "OvercurrentDischarge", "overcurrent_discharge"),
        ),
    ),
    0x111: Message(
        "state_1",
        SLOW,
        {"balancing": _field(56, 8)},
        flags=(
            *_levels(0, "Overvoltage", "cell_overvoltage"),
            *_levels(8, "Undervoltage", "cell_undervoltage"),
            _flag(11, "DeepDischarge", "deep_discharge"),
            _flag(16, "McuTemperature", "overtemperature_bms"),
            _flag(24, "Contactor", "contactor_fault", length=8),
            _flag(32, "SelfTest", None, "critical", length=8),
            _flag(40, "CanTiming", "communication_fault", length=8),
            _flag(48, "CurrentSensor", "current_sensor_fault", length=8),
        ),
    ),
    0x112: Message(
        "state_2",
        SLOW,
        {
            "plus": _field(0, 1),
            "precharge": _field(1, 1),
            "minus": _field(2, 1),
            "charge_plus": _field(3, 1),
            "charge_precharge": _field(4, 1),
            "charge_minus": _field(5, 1),
            "interlock": _field(9, 1),
            "fuses": _field(24, 4),
        },
        flags=(
            _flag(16, "InsulationError", "insulation_fault"),
            _flag(32, "LowCoinCellVoltage", None, length=2),
            _flag(40, "OpenWire", "open_wire"),
            _flag(48, "DaisyChainSpi", "communication_fault"),
            _flag(49, "DaisyChainPec", "communication_fault"),
            _flag(50, "DaisyChainMultiplexer", "communication_fault"),
            _flag(51, "DaisyChainConfiguration", "communication_fault"),
            _flag(56, "CellVoltagePlausibility", "voltage_sensor_fault"),
            _flag(57, "TemperaturePlausibility", "temperature_sensor_fault"),
            _flag(58, "PackVoltagePlausibility", "voltage_sensor_fault"),
        ),
    ),
    0x130: Message(
        "limits",
        SLOW,
        {
            "charge_current_limit": _field(0, 16, 0.1),
            "x_peak_charge_current_limit": _field(16, 16, 0.1),
            "discharge_current_limit": _field(32, 16, 0.1),
            "x_peak_discharge_current_limit": _field(48, 16, 0.1),
        },
    ),
    0x131: Message(
        "power_limits",
        SLOW,
        {
            "x_charge_power_limit": _field(0, 16, 100),
            "x_peak_charge_power_limit": _field(16, 16, 100),
            "x_discharge_power_limit": _field(32, 16, 100),
            "x_peak_discharge_power_limit": _field(48, 16, 100),
        },
    ),
    0x140: Message(
        "string_estimation",
        SLOW,
        {
            "soc_mean": _field(0, 16, 0.01),
            "soc_min": _field(16, 16, 0.01),
            "soc_max": _field(32, 16, 0.01),
        },
    ),
    0x160: Message(
        "energy", SLOW, {"soe": _field(0, 16, 0.01), "energy_remaining": _field(16, 32)}
    ),
    0x1A0: Message("insulation", SLOW, {"insulation_resistance": _field(8, 16)}),
    0x1D0: Message("mean_power", SLOW, {"power": _field(0, 32, 1, -MOVING_MEAN_OFFSET)}),
    0x1E0: Message(
        "mean_current", SLOW, {"current": _field(0, 32, 0.001, -MOVING_MEAN_OFFSET / 1000)}
    ),
    0x1F0: Message(
        "pack_values",
        SLOW,
        {"pack_voltage": _field(0, 32, 0.001), "bus_voltage": _field(32, 32, 0.001)},
    ),
}


def _modules() -> dict[int, Message]:
    """Identifiers of the cells and sensors: 0x20 per module, three items per frame."""
    found = {}
    for module in range(MODULES):
        base = 0x200 + 0x20 * module
        for k in range(CELLS_PER_MODULE // 3):
            group = module * CELLS_PER_MODULE // 3 + k
            found[base + k] = Message("cells", SLOW, items=_CELLS, index=group)
        for k in range(SENSORS_PER_MODULE // 3):
            group = module * SENSORS_PER_MODULE // 3 + k
            found[base + 0x10 + k] = Message("sensors", SLOW, items=_SENSORS, index=group)
    return found


FOXBMS_1 = Layout("foxBMS 1", ((0, 0), (1, 99)), _MESSAGES | _modules(), 1, "little")
