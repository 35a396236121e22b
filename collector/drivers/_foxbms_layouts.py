"""What foxBMS puts on its CAN bus, generation by generation.

Identifiers were given a new meaning in v1.7.0 and again in v1.11.0, so that the generation must be
known. Signals carry the names of the portal's metrics where there is one, and its units. Sources:
the CAN databases of foxBMS 2 v1.6.0, v1.10.0 and v1.11.0 and of foxBMS 1 v1.6.8; periods from the
firmware's transmit tables.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..signals.signal import Signal
from . import _foxbms_flags as flags
from ._foxbms_flags import Flag

FAST, SLOW = 100, 1000


@dataclass(frozen=True, slots=True)
class Message:
    """A frame's content.

    role      what it is about, the same in every generation
    period    ms between two of them
    selector  signal that says which string or group this frame is for; without it, `index`
    only      the one value of the selector that has these signals, if not all
    items     signals of consecutive cells or sensors, each with its validity bit
    """

    role: str
    period: int
    signals: Mapping[str, Signal] = field(default_factory=dict)
    selector: Signal | None = None
    flags: tuple[Flag, ...] = ()
    items: tuple[tuple[Signal, Signal], ...] = ()
    index: int = 0
    only: int | None = None

    @property
    def length(self) -> int:
        """Bytes a frame must have."""
        parts = [*self.signals.values(), *(flag.signal for flag in self.flags)]
        parts += [signal for pair in self.items for signal in pair]
        return max(part.end for part in parts + [self.selector or parts[0]])


@dataclass(frozen=True, slots=True)
class Layout:
    """One generation.

    order         byte order of the frames
    invalid_when  value of a validity bit that means "do not believe this"
    version       first and last firmware, as (major, minor)
    """

    title: str
    version: tuple[tuple[int, int], tuple[int, int]]
    messages: Mapping[int, Message]
    invalid_when: int
    order: str = "big"


def _bit(start: int) -> Signal:
    return Signal(start, 1)


LOW_4 = Signal(3, 4)
HIGH_4 = Signal(7, 4)
HIGH_3 = Signal(7, 3)
BYTE_0 = Signal(7, 8)

BMS_STATE = {
    "strings_connected": Signal(7, 4),
    "bms_state": Signal(3, 4),
    "strings_deactivated": Signal(51, 4),
    "charging_complete": _bit(8),
    "insulation_monitoring": _bit(13),
    "heater": _bit(14),
    "cooling": _bit(15),
}
CELLS = tuple((Signal(at, 13, 0.001), _bit(12 + i)) for i, at in enumerate((11, 30, 33, 52)))
SENSORS = tuple(
    (Signal(at, 8, signed=True), _bit(8 + i)) for i, at in enumerate((23, 31, 39, 47, 55, 63))
)
STRING_STATE = {"connected": _bit(4), "balancing": _bit(5)}
VERSION = Message(
    "version",
    0,
    {"major": Signal(15, 8), "minor": Signal(23, 8), "patch": Signal(31, 8)},
    BYTE_0,
    only=0,
)

_SHARED = {
    0x220: Message(
        "bms_state",
        FAST,
        BMS_STATE
        | {
            "bms_substate": Signal(37, 6),
            "insulation_resistance": Signal(63, 8, 200),
            "balancing_allowed": _bit(31),
            "charging_flag": _bit(29),
            "phy_linked": _bit(38),
            "phy_alive": _bit(39),
        },
        flags=flags.BMS_STATE,
    ),
    0x221: Message("state_details", SLOW, flags=flags.STATE_DETAILS),
    0x222: Message("fatal_error", 0, {"fatal_error": BYTE_0}),
    0x232: Message(
        "limits",
        FAST,
        {
            "discharge_current_limit": Signal(7, 12, 0.25),
            "charge_current_limit": Signal(11, 12, 0.25),
            "x_discharge_power_limit": Signal(31, 12, 100),
            "x_charge_power_limit": Signal(35, 12, 100),
            "charge_voltage_limit": Signal(55, 8, 4),
            "discharge_voltage_limit": Signal(63, 8, 4),
        },
    ),
    0x233: Message(
        "pack_values",
        FAST,
        {
            "pack_voltage": Signal(7, 15, 0.1, signed=True),
            "bus_voltage": Signal(8, 15, 0.1, signed=True),
            "power": Signal(25, 17, 10, signed=True),
            "current": Signal(40, 17, 0.01, signed=True),
        },
    ),
    0x234: Message("insulation", FAST, {"insulation_resistance": Signal(7, 13, 7)}),
    0x235: Message(
        "pack_estimation",
        SLOW,
        {
            "soc_min": Signal(7, 10, 0.1),
            "soc_max": Signal(13, 10, 0.1),
            "soe_min": Signal(19, 10, 0.1),
            "soe_max": Signal(25, 10, 0.1),
            "soh": Signal(47, 8, 0.5),
            "energy": Signal(55, 16, 100),
        },
    ),
    0x240: Message("string_state", FAST, STRING_STATE, LOW_4, flags.STRING_STATE),
    0x243: Message(
        "string_values",
        FAST,
        {
            "voltage": Signal(4, 18, 0.01, signed=True),
            "current": Signal(18, 18, 0.01, signed=True),
            "power": Signal(32, 18, 10, signed=True),
        },
        HIGH_3,
    ),
    0x244: Message("string_energy", FAST, {"energy": Signal(15, 32, signed=True)}, HIGH_4),
    0x245: Message(
        "string_estimation",
        SLOW,
        {
            "soc_min": Signal(3, 9, 0.2),
            "soc_max": Signal(10, 9, 0.2),
            "soe_min": Signal(17, 9, 0.2),
            "soe_max": Signal(24, 9, 0.2),
            "soh": Signal(47, 9, 0.2),
            "energy": Signal(54, 15, 10),
        },
        HIGH_4,
    ),
    0x250: Message("cells", FAST, selector=BYTE_0, items=CELLS),
    0x260: Message("sensors", 200, selector=BYTE_0, items=SENSORS),
    0x301: VERSION,
}

_COOLANT = {
    "x_coolant_inlet_temperature": Signal(39, 8, signed=True),
    "x_coolant_outlet_temperature": Signal(47, 8, signed=True),
}

G2 = Layout(
    "foxBMS 2 v1.7 to v1.10",
    ((1, 7), (1, 10)),
    _SHARED
    | {
        0x231: Message(
            "pack_extremes",
            FAST,
            _COOLANT
            | {
                "cell_max": Signal(7, 14, 0.001, signed=True),
                "cell_min": Signal(9, 14, 0.001, signed=True),
                "sensor_max": Signal(55, 8, signed=True),
                "sensor_min": Signal(63, 8, signed=True),
            },
        ),
        0x241: Message(
            "string_extremes",
            FAST,
            {
                "cell_max": Signal(15, 14, 0.001, signed=True),
                "cell_min": Signal(17, 14, 0.001, signed=True),
                "sensor_max": Signal(35, 9, 0.5, signed=True),
                "sensor_min": Signal(42, 9, 0.5, signed=True),
            },
            LOW_4,
        ),
    },
    invalid_when=0,
)

_WHICH = {
    "which_min": Signal(15, 4),
    "which_max": Signal(11, 4),
    "module_min": Signal(23, 4),
    "module_max": Signal(19, 4),
}
"""Where the extremes are: only 4 bits, so that an index above 15 wraps. Not used."""
_WHICH_STRING = _WHICH | {"string_min": Signal(31, 4), "string_max": Signal(27, 4)}

G3 = Layout(
    "foxBMS 2 v1.11",
    ((1, 11), (1, 99)),
    _SHARED
    | {
        0x219: Message("system_state", FAST, {"substate": Signal(7, 7), "state": Signal(0, 5)}),
        0x230: Message(
            "pack_temperature_extremes",
            FAST,
            _WHICH_STRING
            | {
                "sensor_min": Signal(39, 8, signed=True),
                "sensor_max": Signal(47, 8, signed=True),
            },
        ),
        0x231: Message(
            "pack_voltage_extremes",
            FAST,
            _WHICH_STRING
            | {
                "cell_max": Signal(37, 14, 0.001, signed=True),
                "cell_min": Signal(53, 14, 0.001, signed=True),
            },
        ),
        0x241: Message(
            "string_temperature_extremes",
            FAST,
            _WHICH
            | {
                "sensor_max": Signal(31, 8, 0.5, signed=True),
                "sensor_min": Signal(39, 8, 0.5, signed=True),
            },
            LOW_4,
        ),
        0x242: Message(
            "string_voltage_extremes",
            FAST,
            _WHICH
            | {
                "cell_max": Signal(31, 14, 0.001, signed=True),
                "cell_min": Signal(33, 14, 0.001, signed=True),
            },
            LOW_4,
        ),
    },
    invalid_when=0,
)

G1 = Layout(
    "foxBMS 2 v1.1 to v1.6",
    ((1, 1), (1, 6)),
    {
        0x220: Message(
            "bms_state",
            FAST,
            BMS_STATE | {"insulation_resistance": Signal(63, 8, 10)},
            flags=flags.BMS_STATE_G1,
        ),
        0x221: Message(
            "string_state",
            FAST,
            STRING_STATE | {"open_wire_number": Signal(63, 8)},
            LOW_4,
            flags.STRING_STATE_G1,
        ),
        0x222: Message(
            "pack_values",
            FAST,
            {
                "pack_voltage": Signal(7, 14, 0.1),
                "bus_voltage": Signal(9, 14, 0.1),
                "power": Signal(27, 18, 10, signed=True),
                "current": Signal(41, 18, 0.01, signed=True),
            },
        ),
        0x223: Message(
            "pack_extremes",
            FAST,
            _COOLANT
            | {
                "cell_max": Signal(7, 13, 0.001),
                "cell_min": Signal(10, 13, 0.001),
                "sensor_max": Signal(55, 8, signed=True),
                "sensor_min": Signal(63, 8, signed=True),
            },
        ),
        0x224: Message(
            "limits",
            FAST,
            _SHARED[0x232].signals | {"x_charge_power_limit": Signal(35, 12, 200)},
        ),
        0x225: Message(
            "pack_estimation",
            SLOW,
            {
                "soc_mean": Signal(7, 14, 0.01),
                "soe_mean": Signal(9, 14, 0.01),
                "soh": Signal(27, 12, 0.025),
                "energy": Signal(47, 24, 10),
            },
        ),
        0x226: Message("state_details", SLOW, flags=flags.STATE_DETAILS),
        0x227: VERSION,
        0x240: _SHARED[0x250],
        0x250: _SHARED[0x260],
        0x280: Message(
            "string_values",
            FAST,
            {
                "voltage": Signal(4, 17, 0.01),
                "current": Signal(19, 18, 0.01, signed=True),
                "power": Signal(33, 18, 10, signed=True),
            },
            HIGH_3,
        ),
        0x281: Message(
            "string_extremes",
            FAST,
            {
                "cell_max": Signal(15, 13, 0.001),
                "cell_min": Signal(18, 13, 0.001),
                "sensor_max": Signal(37, 9, 0.5, signed=True),
                "sensor_min": Signal(44, 9, 0.5, signed=True),
            },
            LOW_4,
        ),
        0x282: Message(
            "string_estimation",
            SLOW,
            {
                "soc_min": Signal(3, 9, 0.25),
                "soc_mean": Signal(10, 9, 0.25),
                "soc_max": Signal(17, 9, 0.25),
                "soe_mean": Signal(24, 9, 0.25),
                "soh": Signal(47, 9, 0.25),
                "energy": Signal(54, 15, 10),
            },
            HIGH_4,
        ),
        0x283: _SHARED[0x244],
    },
    invalid_when=1,
)
