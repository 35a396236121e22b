"""A Libre Solar BMS as its serial port shows it: reports, and answers to requests; no I/O.

Values are written with the decimals the firmware uses. Requests that would change anything are
refused, which a real device might not do: nobody should ever send it one.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..protocols.lines import Lines
from ..protocols.thingset import seal
from .pack import Pack

Items = dict[str, str]
"""Name to JSON text."""

NODE_ID = "00C0FFEE00000001"
PHRASES = {"85": "Content.", "A0": "Bad Request.", "A3": "Forbidden.", "A4": "Not Found."}
"""Said after the status before ThingSet 0.6."""
FLAGS = {"cell_undervoltage": 0, "cell_overvoltage": 1, "cell_imbalance": 11}
CHARGE_ONLY, DISCHARGE_ONLY, NORMAL = 1, 2, 3
ON_REQUEST = "Cells_V"
"""v21.0 leaves it out of reports and of the answer for its whole group."""
LONGEST_REQUEST = 1024


@dataclass(frozen=True, slots=True)
class Firmware:
    """What differs: names of the values, their group, CRC, status phrases, line end."""

    items: Callable[[Pack, int], Items]
    group: str
    has_checksum: bool = False
    has_phrases: bool = False
    end: bytes = b"\r\n"


def items_v21(pack: Pack, inputs: int) -> Items:
    return {
        "Bat_V": f"{pack.voltage:.2f}",
        "Bat_A": f"{pack.current:.2f}",
        "Bat_degC": f"{_warmest(pack):.1f}",
        "IC_degC": f"{_chip(pack):.1f}",
        "MOSFETs_degC": f"{_switches(pack):.1f}",
        "SOC_pct": f"{pack.soc:.1f}",
        "ErrorFlags": str(_flags(pack)),
        "BmsState": str(_state(pack)),
        "Cells_V": _cells(pack, inputs),
        "CellAvg_V": f"{_mean(pack.cell_voltages):.3f}",
        "CellMin_V": f"{min(pack.cell_voltages):.3f}",
        "CellMax_V": f"{max(pack.cell_voltages):.3f}",
        "BalancingStatus": str(_balancing(pack)),
    }


def items_v23(pack: Pack, inputs: int) -> Items:
    """Those of the main branch, with one temperature instead of several."""
    items = items_main(pack, inputs)
    del items["rCellTemps_degC"]
    return items | {"rBatTemp_degC": f"{_warmest(pack):.1f}"}


def items_main(pack: Pack, inputs: int) -> Items:
    return {
        "rPackVoltage_V": f"{pack.voltage:.2f}",
        "rStackVoltage_V": f"{pack.voltage:.2f}",
        "rPackCurrent_A": f"{pack.current:.2f}",
        "rCellTemps_degC": _array(pack.temperatures, 1),
        "rICTemp_degC": f"{_chip(pack):.1f}",
        "rMOSFETTemp_degC": f"{_switches(pack):.1f}",
        "rSOC_pct": f"{pack.soc:.1f}",
        "rErrorFlags": str(_flags(pack)),
        "rBmsState": str(_state(pack)),
        "rCellVoltages_V": _cells(pack, inputs),
        "rCellAvgVoltage_V": f"{_mean(pack.cell_voltages):.3f}",
        "rCellMinVoltage_V": f"{min(pack.cell_voltages):.3f}",
        "rCellMaxVoltage_V": f"{max(pack.cell_voltages):.3f}",
        "rBalancingStatus": str(_balancing(pack)),
    }


FIRMWARES: Mapping[str, Firmware] = {
    "v21.0": Firmware(items_v21, "output", has_phrases=True, end=b"\n"),
    "v23.0": Firmware(items_v23, "Meas", has_phrases=True),
    "v23.1": Firmware(items_v23, "Meas", has_checksum=True),
    "main": Firmware(items_main, "Meas", has_checksum=True),
}


class Device:
    """`inputs` is how many cells the board could measure; the pack uses the first ones.

    On a `shell`, requests are typed after a prompt and come back as an echo with colour codes,
    answers have no CRC, and there are no reports.
    """

    def __init__(self, pack: Pack, firmware: str, inputs: int, *, has_shell: bool = False) -> None:
        self.pack, self._inputs = pack, inputs
        self.name, self._firmware = firmware, FIRMWARES[firmware]
        self._has_shell = has_shell
        self._lines = Lines(LONGEST_REQUEST)

    def report(self) -> bytes:
        """The line pushed once a second."""
        if self._has_shell:
            return b""
        items = written(self.measured(), without=ON_REQUEST)
        group = self._firmware.group
        return self.line(f"# {items}" if group == "output" else f'#mLive {{"{group}":{items}}}')

    def receive(self, data: bytes) -> bytes:
        """Answers to the requests that `data` completes."""
        lines = [line.strip() for line in self._lines.feed(data) if line]
        reply = self._typed if self._has_shell else self._asked
        return b"".join(reply(line.decode("utf-8", "replace")) for line in lines if line)

    def _asked(self, request: str) -> bytes:
        return self.line(self.answer(request))

    def _typed(self, line: str) -> bytes:
        command, _, request = line.partition(" ")
        said = self.answer(request) if command == "thingset" else f"{command}: command not found"
        return f"{line}\r\n\x1b[8D\x1b[J{said}\r\n\x1b[1;32muart:~$ \x1b[m".encode()

    def answer(self, request: str) -> str:
        """The response to one request, without CRC and line end."""
        if not request.startswith("?"):
            return self._status("A3")
        path, _, wanted = request[1:].partition(" ")
        groups = self.groups()
        group, _, item = path.partition("/")
        if path == "":
            return self._content(json.dumps([*groups]) if wanted == "null" else _root(groups))
        if path == "pNodeID" and "Meas" in groups:
            return self._content(f'"{NODE_ID}"')
        if group not in groups or (item and item not in groups[group]):
            return self._status("A4")
        return self._content(groups[group][item]) if item else self._group(groups[group], wanted)

    def _group(self, items: Items, wanted: str) -> str:
        """All items, their names (`null`), or the values of some (`["a","b"]`)."""
        if not wanted:
            return self._content(written(items, without=ON_REQUEST))
        try:
            names = json.loads(wanted)
        except ValueError:
            return self._status("A0")
        if names is None:
            return self._content(json.dumps([*items]))
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            return self._status("A0")
        if not set(names) <= set(items):
            return self._status("A4")
        return self._content(f"[{','.join(items[name] for name in names)}]")

    def measured(self) -> Items:
        """What it measures, with nothing of itself."""
        return self._firmware.items(self.pack, self._inputs)

    def groups(self) -> dict[str, Items]:
        """Everything it shows of itself."""
        if self._firmware.group == "output":
            return {"output": self.measured()}
        identity = {
            "cManufacturer": '"Libre Solar"',
            "cDeviceType": '"BMS C1"',
            "cFirmwareVersion": f'"{self.name}"',
            "xShutdown": "[]",
        }
        capacity = self.pack.spec.capacity_ah
        settings = {
            "sNominalCapacity_Ah": f"{capacity:.1f}",
            "sDisOvercurrent_A": f"{capacity:.1f}",
            "sChgOvercurrent_A": f"{capacity / 2:.1f}",
        }
        return {"Device": identity, "Conf": settings, "Meas": self.measured()}

    def _content(self, text: str) -> str:
        return f"{self._status('85')} {text}"

    def _status(self, code: str) -> str:
        return f":{code} {PHRASES[code]}" if self._firmware.has_phrases else f":{code}"

    def line(self, text: str) -> bytes:
        """A message as it goes over the line."""
        data = seal(text) if self._firmware.has_checksum else text.encode()
        return data + self._firmware.end


def written(items: Items, without: str = "") -> str:
    """The JSON object of these items."""
    pairs = (f'"{name}":{text}' for name, text in items.items() if name != without)
    return "{" + ",".join(pairs) + "}"


def _root(groups: Mapping[str, Items]) -> str:
    return written(dict.fromkeys(groups, "null"))


def _array(numbers: list[float], digits: int) -> str:
    return f"[{','.join(f'{number:.{digits}f}' for number in numbers)}]"


def _cells(pack: Pack, inputs: int) -> str:
    """Inputs without a cell read a few millivolts."""
    volts = pack.cell_voltages
    return _array([*volts, *(0.002 + i % 5 / 1000 for i in range(inputs - len(volts)))], 3)


def _mean(volts: list[float]) -> float:
    return sum(volts) / len(volts)


def _warmest(pack: Pack) -> float:
    return max(pack.temperatures, default=pack.ambient)


def _chip(pack: Pack) -> float:
    return pack.ambient + 6


def _switches(pack: Pack) -> float:
    return pack.ambient + 4 + abs(pack.current) / pack.spec.capacity_ah * 25


def _flags(pack: Pack) -> int:
    hot = 9 if pack.charging else 7
    bits = (hot if code == "overtemperature" else FLAGS.get(code) for code in pack.alarms)
    return sum(1 << bit for bit in bits if bit is not None)


def _state(pack: Pack) -> int:
    if "cell_undervoltage" in pack.alarms:
        return CHARGE_ONLY
    return DISCHARGE_ONLY if "cell_overvoltage" in pack.alarms else NORMAL


def _balancing(pack: Pack) -> int:
    return sum(bit << i for i, bit in enumerate(pack.balancing))
