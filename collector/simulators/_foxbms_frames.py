"""The frames a foxBMS sends about a pack, at the firmware's periods.

Every 100 ms the pack's state and one group of cells, every 200 ms one group of sensors, every
second the estimates. Current and power are positive while discharging, as the firmware has it.
"""

from collections.abc import Callable, Iterator, Mapping

from ..drivers._foxbms_layouts import FAST, Layout, Message
from ..drivers.base import CanFrame
from ..drivers.foxbms import LAYOUTS
from ..signals.signal import compose
from .pack import Pack

INSULATION_KOHM = 5000
NORMAL, RUNNING = 7, 5
VERSIONS = {"1.6": (1, 6, 0), "1.10": (1, 10, 0), "1.11": (1, 11, 0), "foxbms1": (1, 6, 8)}
EXTREMES = (
    "pack_extremes",
    "pack_voltage_extremes",
    "pack_temperature_extremes",
    "string_extremes",
    "string_voltage_extremes",
    "string_temperature_extremes",
)
NEAREST = {"overtemperature": "overtemperature_discharge", "soc_low": "general_warning"}
"""What foxBMS says instead of an alarm it does not have."""

Values = Mapping[str, float]
PerString = Callable[[int], Values]


def frames(pack: Pack, generation: str, beat: int, ts: int = 0) -> Iterator[CanFrame]:
    """What foxBMS sends in the 100 ms number `beat` after its start."""
    layout = LAYOUTS[generation]
    parts = _whole(pack) | _version(generation) | _per_string(pack)
    for number, message in layout.messages.items():
        for index in _due(pack, message, beat):
            if message.items:
                word = _items(pack, layout, message, index)
            elif message.role in parts:
                values = parts[message.role]
                word = compose(message.signals, values(index) if callable(values) else values)
                word |= _flags(pack, message)
            else:
                continue
            if message.selector:
                word |= message.selector.place(index)
            yield CanFrame(number, word.to_bytes(8, layout.order), ts)


def beats_per_round(pack: Pack, generation: str) -> int:
    """Beats until everything has been sent at least once."""
    counts = [len(_groups(pack, m)) for m in LAYOUTS[generation].messages.values() if m.selector]
    return max(10, 2 * max(counts, default=0))


def _groups(pack: Pack, message: Message) -> range:
    if not message.items:
        return range(pack.spec.strings)
    count = len(pack.cell_voltages if message.role == "cells" else pack.temperatures)
    return range(-(-count // len(message.items)))


def _due(pack: Pack, message: Message, beat: int) -> tuple[int, ...]:
    """Strings or groups whose turn it is; groups take turns."""
    turn, rest = divmod(beat, max(1, message.period // FAST))
    if rest or (message.period == 0 and (beat or message.role != "version")):
        return ()
    groups = _groups(pack, message)
    if message.selector is None:
        return (message.index,) if not message.items or message.index in groups else ()
    if message.only is not None:
        return (message.only,)
    if message.items:
        return (groups[turn % len(groups)],) if groups else ()
    return tuple(groups)


def _items(pack: Pack, layout: Layout, message: Message, group: int) -> int:
    """Positions beyond the last cell are sent as zero with a zero bit, as the firmware does."""
    values = pack.cell_voltages if message.role == "cells" else pack.temperatures
    first, word = group * len(message.items), 0
    for value, (signal, validity) in zip(values[first:], message.items, strict=False):
        word |= signal.place(value) | validity.place(1 - layout.invalid_when)
    return word


def _flags(pack: Pack, message: Message) -> int:
    """The most severe bit of each of the pack's complaints, if this message has one."""
    word = 0
    for code in {NEAREST.get(code, code) for code in pack.alarms}:
        flag = next((flag for flag in message.flags if flag.code == code), None)
        if flag:
            word |= flag.signal.place(1)
    return word


def _version(generation: str) -> dict[str, Values]:
    return {
        "version": dict(zip(("major", "minor", "patch"), VERSIONS[generation], strict=True)),
    }


def _whole(pack: Pack) -> dict[str, Values]:
    """Signal values by role, of what concerns the whole pack."""
    power = -pack.voltage * pack.current
    limits = _limits(pack)
    return {
        "bms_state": {
            "strings_connected": pack.spec.strings,
            "bms_state": NORMAL,
            "insulation_monitoring": 1,
            "insulation_resistance": INSULATION_KOHM,
            "balancing_allowed": 1,
            "state_number": NORMAL,
        },
        "state_details": {},
        "state_1": {"balancing": any(pack.balancing)},
        "state_2": {"plus": 1, "minus": 1},
        "system_state": {"state": RUNNING},
        "limits": limits,
        "power_limits": limits,
        "pack_values": {
            "pack_voltage": pack.voltage,
            "bus_voltage": pack.voltage,
            "power": power,
            "current": -pack.current,
        },
        "mean_power": {"power": power},
        "mean_current": {"current": -pack.current},
        "insulation": {"insulation_resistance": INSULATION_KOHM},
        "energy": {"soe": pack.soc, "energy_remaining": pack.capacity_remaining * pack.voltage},
        "pack_estimation": _estimate(pack, pack.soc, 1),
        "string_energy": {},
        **dict.fromkeys(EXTREMES, _extremes(pack)),
    }


def _limits(pack: Pack) -> Values:
    amperes, voltage, cells = pack.spec.capacity_ah, pack.voltage, pack.spec.cells
    return {
        "discharge_current_limit": amperes,
        "charge_current_limit": amperes / 2,
        "x_discharge_power_limit": amperes * voltage,
        "x_charge_power_limit": amperes / 2 * voltage,
        "charge_voltage_limit": pack.chemistry.full * cells,
        "discharge_voltage_limit": pack.chemistry.empty * cells,
    }


def _extremes(pack: Pack) -> Values:
    warmth = pack.temperatures or [0.0]
    return {
        "cell_max": max(pack.cell_voltages),
        "cell_min": min(pack.cell_voltages),
        "sensor_max": max(warmth),
        "sensor_min": min(warmth),
    }


def _estimate(pack: Pack, soc: float, share: float) -> Values:
    """The SOH is the firmware's constant."""
    kinds = [f"{what}_{kind}" for what in ("soc", "soe") for kind in ("min", "mean", "max")]
    energy = pack.capacity_remaining * pack.voltage * share
    return dict.fromkeys(kinds, soc) | {"soh": 100.0, "energy": energy}


def _per_string(pack: Pack) -> dict[str, PerString]:
    spec = pack.spec

    def state(string: int) -> Values:
        mine = pack.balancing[string * spec.cells : (string + 1) * spec.cells]
        return {"connected": 1, "balancing": any(mine)}

    def values(string: int) -> Values:
        voltage, current = pack.string_voltages[string], -pack.current / spec.strings
        return {"voltage": voltage, "current": current, "power": voltage * current}

    def estimation(string: int) -> Values:
        return _estimate(pack, pack.string_socs[string], 1 / spec.strings)

    return {"string_state": state, "string_values": values, "string_estimation": estimation}
