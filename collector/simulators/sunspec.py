"""A SunSpec battery over Modbus TCP or on a serial line: models 1, 802 to 805, one 805 for each
string of the pack, and a model in between that no reader of batteries knows.

Options: `base` (40000, 0 or 50000), `sign` (charge or discharge: what a positive current means),
and those of the simulator `modbus`, but for the profile.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from ..drivers._sunspec_models import BANK, BASE, BASES, COMMON, END, MARK, MODULE, STRING, Model
from ..drivers._sunspec_reading import EVENTS
from ..wire.reading import Reading
from .base import Simulator, choice
from .modbus import TRANSPORTS, serve_table
from .pack import Pack

HOLDING = 3
UNKNOWN_MODEL = 64_901
FACTORS = {"V": -2, "CellV": -3, "A": -1, "ModTmp": -1, "Tmp": -1, "W": 0, "AMax": 0, "AHRtg": 0}
USUAL_FACTOR = -1
DISCHARGING, CHARGING, HOLDING_STATE, CONNECTED = 3, 4, 6, 3
ENABLED_AND_CLOSED = 3


@dataclass(frozen=True, slots=True)
class SunSpecTable:
    """The registers of a pack as a SunSpec device has them. `sign` -1: discharge is positive."""

    strings: int
    cells: int
    base: int = BASES[0]
    sign: int = 1
    unit: int = 1

    @property
    def map(self) -> "SunSpecTable":
        return self

    @property
    def blocks(self) -> tuple[tuple[int, int, int], ...]:
        empty = Reading("", 0)
        return ((HOLDING, self.base, len(self._registers(empty))),)

    def addresses(self, function: int, address: int, count: int) -> tuple[tuple[int, int], ...]:
        return tuple((function, address + i) for i in range(count))

    def encode(self, reading: Reading) -> dict[tuple[int, int], int]:
        words = self._registers(reading)
        return {(HOLDING, self.base + i): word for i, word in enumerate(words)}

    def _registers(self, reading: Reading) -> list[int]:
        words = [*MARK]
        for number, model in self._models(reading):
            words += [number, len(model) - 2, *model[2:]]
        return [*words, END, 0]

    def _models(self, reading: Reading) -> Iterator[tuple[int, list[int]]]:
        yield 1, self._common(reading)
        yield UNKNOWN_MODEL, [0] * 12
        yield 802, self._battery(reading)
        yield 803, self._bank(reading)
        for i in range(self.strings):
            yield 804, self._string(reading, i)
        for i in range(self.strings):
            yield 805, self._module(reading, i)

    def _common(self, reading: Reading) -> list[int]:
        sheet = _Sheet(COMMON)
        for name, text in (
            ("maker", "TrackingBMS"),
            ("model", "Simulator"),
            ("firmware", "1.0"),
            ("serial", str(reading.states.get("serial", ""))),
        ):
            sheet.write(name, text)
        return sheet.words

    def _battery(self, reading: Reading) -> list[int]:
        sheet, values, states = _Sheet(BASE), reading.values, reading.states
        for name, code in (
            ("AHRtg", "capacity_design"),
            ("SoC", "soc"),
            ("SoH", "soh"),
            ("NCyc", "cycles"),
            ("V", "pack_voltage"),
            ("VMax", "charge_voltage_limit"),
            ("VMin", "discharge_voltage_limit"),
            ("CellVMax", "cell_voltage_max"),
            ("CellVMin", "cell_voltage_min"),
            ("CellVAvg", "cell_voltage_mean"),
            ("AChaMax", "charge_current_limit"),
            ("ADisChaMax", "discharge_current_limit"),
        ):
            sheet.put(name, values.get(code))
        for name, code in (("A", "current"), ("W", "power")):
            sheet.put(name, self.sign * values[code] if code in values else None)
        charging = CHARGING if states.get("charging") else HOLDING_STATE
        sheet.put("ChaSt", DISCHARGING if states.get("discharging") else charging)
        sheet.put("State", CONNECTED)
        sheet.put("Evt1", _events(reading))
        return sheet.words

    def _bank(self, reading: Reading) -> list[int]:
        sheet = _Sheet(BANK, self.strings)
        sheet.put("NStr", self.strings)
        sheet.put("NStrCon", self.strings)
        sheet.put("ModTmpMax", reading.values.get("temperature_max"))
        sheet.put("ModTmpMin", reading.values.get("temperature_min"))
        for i in range(self.strings):
            sheet.put("St", ENABLED_AND_CLOSED, i)
            sheet.put("ConFail", 0, i)
            sheet.put("SoC", reading.values.get("soc"), i)
            sheet.put("A", self._share(reading), i)
            sheet.put("Evt1", 0, i)
        return sheet.words

    def _string(self, reading: Reading, number: int) -> list[int]:
        sheet, cells = _Sheet(STRING, 1), self._mine(reading, "cell_voltage", number)
        sheet.put("NMod", 1)
        sheet.put("St", ENABLED_AND_CLOSED)
        sheet.put("ConFail", 0)
        sheet.put("SoC", reading.values.get("soc"))
        sheet.put("A", self._share(reading))
        sheet.put("V", sum(cells) if cells else None)
        sheet.put("Evt1", 0)
        sheet.put("CellVMax", max(cells, default=None), 0)
        sheet.put("CellVMin", min(cells, default=None), 0)
        return sheet.words

    def _module(self, reading: Reading, number: int) -> list[int]:
        sheet, cells = _Sheet(MODULE, self.cells), self._mine(reading, "cell_voltage", number)
        bleeding = self._mine(reading, "balancing", number)
        sheet.put("NCell", self.cells)
        for i, volts in enumerate(cells):
            sheet.put("V", volts, i)
            sheet.put("St", bleeding[i], i)
        return sheet.words

    def _share(self, reading: Reading) -> float | None:
        current = reading.values.get("current")
        return None if current is None else self.sign * current / self.strings

    def _mine(self, reading: Reading, code: str, number: int) -> tuple[float, ...]:
        row = reading.arrays.get(code, ())
        return row[number * self.cells : (number + 1) * self.cells]


@dataclass(slots=True)
class _Sheet:
    """The registers of one model; whatever nobody wrote is not implemented."""

    model: Model
    groups: int = 0
    words: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.words = [0] * (self.model.fixed + self.groups * self.model.size)
        for name, offset in self.model.factors.items():
            self.words[offset] = FACTORS.get(name, USUAL_FACTOR) & 0xFFFF
        for name in self.model.points:
            self.put(name, None)
        for i in range(self.groups):
            for name in self.model.group:
                self.put(name, None, i)

    def put(self, name: str, value: float | None, group: int | None = None) -> None:
        points = self.model.points if group is None else self.model.group
        point, base = points[name], 0
        if group is not None:
            base = self.model.fixed + group * self.model.size
        if point.type == "text":
            return
        power = FACTORS.get(point.factor, USUAL_FACTOR) if point.factor else 0
        raw = point.absent if value is None else round(value / 10**power)
        at = base + point.offset
        if point.type == "u32":
            self.words[at : at + 2] = raw >> 16 & 0xFFFF, raw & 0xFFFF
        else:
            self.words[at] = raw & 0xFFFF

    def write(self, name: str, text: str) -> None:
        point = self.model.points[name]
        data = text.encode("ascii", "replace")[: 2 * point.length].ljust(2 * point.length, b"\0")
        for i in range(point.length):
            self.words[point.offset + i] = int.from_bytes(data[2 * i : 2 * i + 2], "big")


def _events(reading: Reading) -> int:
    """The first bit of each alarm's code, in its severity where there is one."""
    bits = 0
    for alarm in reading.alarms:
        same = [i for i, event in enumerate(EVENTS) if event.code == alarm.code]
        graded = [i for i in same if EVENTS[i].severity == alarm.severity]
        if same:
            bits |= 1 << (graded or same)[0]
    return bits


def serve(
    pack: Pack,
    where: str,
    stop: threading.Event,
    options: Mapping[str, str],
    ready: Callable[[str], None],
) -> None:
    """See `simulators.base.Serve`."""
    base = int(choice(options, "base", tuple(map(str, BASES)), str(BASES[0])))
    sign = -1 if choice(options, "sign", ("charge", "discharge"), "charge") == "discharge" else 1
    table = SunSpecTable(pack.spec.strings, pack.spec.cells, base, sign)
    serve_table(pack, table, where, stop, options, ready)


SIMULATOR = Simulator(
    "sunspec",
    ("Batterie SunSpec (modèles 802 à 805)", "SunSpec battery (models 802 to 805)"),
    TRANSPORTS,
    serve,
)
