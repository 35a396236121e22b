"""A Libre Solar BMS made of its data objects, whatever carried them: text, HTTP or CAN.

Items are held by name. On CAN objects have numbers, which firmware v21.0 gave other meanings.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..protocols.thingset import flat
from ..wire.reading import Reading, State
from . import _libresolar_objects as objects
from .base import Tally

NODE_ID = re.compile(r"[0-9A-F]{16}")
MAX_TEXT = 64

NUMBERS: Mapping[int, str] = {
    0x1D: "pNodeID",
    0x43: "cFirmwareVersion",
    0x50: "sNominalCapacity_Ah",
    0x53: "sDisOvercurrent_A",
    0x55: "sChgOvercurrent_A",
    0x71: "rPackVoltage_V",
    0x72: "rStackVoltage_V",
    0x73: "rPackCurrent_A",
    0x74: "rCellTemps_degC",
    0x75: "rICTemp_degC",
    0x77: "rMOSFETTemp_degC",
    0x7C: "rSOC_pct",
    0x7E: "rErrorFlags",
    0x7F: "rBmsState",
    0x80: "rCellVoltages_V",
    0x81: "rCellAvgVoltage_V",
    0x82: "rCellMinVoltage_V",
    0x83: "rCellMaxVoltage_V",
    0x84: "rBalancingStatus",
}
"""Firmware v23.0 to main."""
OLD_NUMBERS: Mapping[int, str] = {
    0x71: "Bat_V",
    0x72: "Bat_A",
    0x73: "Bat_degC",
    0x74: "IC_degC",
    0x76: "MOSFETs_degC",
    0x7C: "SOC_pct",
    0x7E: "ErrorFlags",
    0x7F: "BmsState",
    0x80: "Cells_V",
    0x9A: "CellAvg_V",
    0x9B: "CellMin_V",
    0x9C: "CellMax_V",
    0x9D: "BalancingStatus",
}
"""Firmware v21.0."""
MEASUREMENTS = 0x07
"""The number of the group of measurements, from v23.0 on."""


class Bms:
    """What is known of one device: who it is, its settings, and which inputs have a cell.

    inputs  numbers, from 0, of the board's inputs with a cell; empty: up to the last with a voltage
    """

    numbers, old_numbers, group = NUMBERS, OLD_NUMBERS, MEASUREMENTS
    paths = ("Meas",)
    details = ("Device", "Conf")

    def __init__(self, asset: str, tally: Tally, inputs: Sequence[int]) -> None:
        self.asset, self._tally = asset, tally
        self._inputs = tuple(inputs)
        self._highest_input = 0
        self._identity: dict[str, State] = {}
        self._settings: dict[str, float] = {}

    def items(self, data: Any, path: str = "") -> dict[str, Any]:
        """Values by name; what they say of the device itself is kept.

        A lone text can only be the node identifier.
        """
        found = flat(data)
        if isinstance(data, str) and NODE_ID.fullmatch(data):
            self._identity["serial"] = data
        for name, state in objects.IDENTITY.items():
            text = found.get(name)
            if isinstance(text, str) and 0 < len(text) <= MAX_TEXT and text.isprintable():
                self._identity[state] = text
        self._settings |= objects.settings(found)
        return found

    def is_measured(self, items: objects.Items) -> bool:
        return not items.keys().isdisjoint(objects.MEASURED)

    @property
    def is_identified(self) -> bool:
        return bool(self._settings) and set(objects.IDENTITY.values()) <= set(self._identity)

    def reading(self, items: objects.Items, ts: int) -> Iterator[Reading]:
        """The reading these items make, if any of them is known."""
        values = objects.scalars(items)
        flags = objects.unsigned(items, objects.FLAGS) or 0
        state = objects.unsigned(items, objects.STATE)
        states = objects.states(state, flags, values.get("current"))
        cells = self._cells(items)
        arrays = {"cell_voltage": cells, "cell_temperature": objects.temperatures(items)}
        values |= objects.voltages(items, state, cells, values.get("pack_voltage"))
        self._balance(items, arrays, states)
        arrays = {code: array for code, array in arrays.items() if array}
        if not (values or arrays or states):
            return
        alarms = objects.alarms(flags)
        values |= self._settings
        yield Reading(self.asset, ts, values, arrays, self._identity | states, alarms)

    def _chosen(self) -> Sequence[int]:
        """Numbers, from 0, of the board's inputs that have a cell."""
        return self._inputs or range(self._highest_input)

    def _cells(self, items: objects.Items) -> tuple[float | None, ...]:
        """Voltages of the inputs that have a cell; empty if the device sent none.

        A board reports all its inputs. At the end of the array, those that never had a voltage
        are left out; elsewhere an input without one is unknown, for a reason only a technician
        can tell.
        """
        volts = objects.inputs(items)
        if volts is None:
            return ()
        live = (i + 1 for i, volt in enumerate(volts) if volt is not None)
        self._highest_input = max(self._highest_input, *live, 0)
        cells = tuple(volts[i] if i < len(volts) else None for i in self._chosen())
        for i, cell in zip(self._chosen(), cells, strict=True):
            if cell is None:
                self._tally.warn(
                    f"l'entrée {i + 1} n'a pas de tension de cellule : un fil est débranché, ou la "
                    "batterie n'utilise pas cette entrée (réglage cells)",
                    f"input {i + 1} has no cell voltage: a wire is off, or the pack does not "
                    "use this input (set option cells)",
                )
        return cells

    def _balance(self, items: objects.Items, arrays: dict, states: dict[str, State]) -> None:
        """Bit n of the status is input n. Bits of inputs without a cell mean nothing."""
        status = objects.unsigned(items, objects.BALANCING)
        if status is None:
            return
        arrays["balancing"] = tuple(status >> i & 1 for i in self._chosen())
        states["balancing_active"] = any(arrays["balancing"] or (status,))
