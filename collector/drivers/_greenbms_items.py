"""Items of the Green-BMS stream and what they mean; pure functions.

A line is a chain `$#<key><value>$#<key><value>…$`, a key one letter and three digits, a value plain
decimal text: `$#g00112.8$#g00216$` is g001 = 12.8 V, g002 = 16 A. Letters v, t, u, z carry a cell
number instead: voltage, temperatures of pole and balance resistor, six flags.

Source: output statements of the control unit sketch 3.s.2.01 (Green-bms/SmartBMS), facts only.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..wire.alarms import Alarm, alarm, vendor_alarm
from ..wire.reading import State, alarm_order

MAX_CELLS = 40
ALARM = "i001"
"""1 if any of: cell error, low voltage, very high voltage, a pole or a resistor too hot."""
CAPACITY, COUNT = "p012", "p014"
PASSWORD = "p002"  # noqa: S105 - the key of the item, sent in clear by pages 1 and 4
CURRENT, MODE = "g002", "g006"

OVERVIEW: dict[str, tuple[str, float, float]] = {
    "g001": ("pack_voltage", 0, 5 * MAX_CELLS),
    CURRENT: ("current", -1000, 1000),
    "g003": ("soc", 0, 100),
    "g004": ("cell_voltage_max", 0.5, 5),
    "g005": ("cell_voltage_min", 0.5, 5),
    MODE: ("", 0, 2),
}
"""Key to metric and plausible range."""
MODES = ("standby", "charging", "discharging")
CELL: dict[str, tuple[str, float, float]] = {
    "v": ("cell_voltage", 0.5, 5),
    "t": ("cell_temperature", -45, 130),
    "u": ("balancer_temperature", -45, 130),
}

_ITEM = re.compile(rb"#([a-z])([0-9]{3})(-?[0-9]{1,6}(?:\.[0-9]{1,3})?)?")
_FLAGS = re.compile(r"[01]{6}")
_WITHOUT_VALUE = "mf"
"""Letters of items that only say something by being there."""
HIGH, BALANCING, LOW, ERROR, POLE_HOT, RESISTOR_HOT = range(6)


@dataclass(frozen=True, slots=True)
class Item:
    letter: str
    number: int
    text: str

    @property
    def key(self) -> str:
        return f"{self.letter}{self.number:03}"

    @property
    def is_cell(self) -> bool:
        return self.letter in "vtuz"


def parse(line: bytes) -> tuple[list[Item], list[str]]:
    """Complete items of a line, without the password; reasons why others were thrown away.

    `cut`: no `$` before or after it; `bad_item`: no clean key and number; `noise`: no items at all.
    """
    line = line.strip()
    if not line:
        return [], []
    if b"$" not in line:
        return [], ["noise"]
    head, *pieces, tail = line.split(b"$")
    found: list[Item] = []
    rejected = ["cut" for piece in (head, tail) if piece]
    for piece in filter(bytes.strip, pieces):
        item = _item(piece)
        if item is None:
            rejected.append("bad_item")
        elif item.key != PASSWORD:
            found.append(item)
    return found, rejected


def _item(piece: bytes) -> Item | None:
    match = _ITEM.fullmatch(piece)
    if match is None:
        return None
    letter, number, text = match[1].decode(), int(match[2]), (match[3] or b"").decode()
    if not text and letter not in _WITHOUT_VALUE:
        return None
    item = Item(letter, number, text)
    if letter == "z" and not _FLAGS.fullmatch(text):
        return None
    return None if item.is_cell and not 1 <= number <= MAX_CELLS else item


def within(text: str, low: float, high: float) -> float | None:
    """The number, if it can be true."""
    value = float(text)
    return value if low <= value <= high else None


def overview(texts: Mapping[str, str]) -> tuple[dict[str, float], int]:
    """Metrics of page 2, and how many could not be true."""
    values, rejected = {}, 0
    for key, text in texts.items():
        metric, low, high = OVERVIEW[key]
        value = within(text, low, high)
        if value is None:
            rejected += 1
        elif metric:
            values[metric] = value
    return values, rejected


def states(texts: Mapping[str, str], current: float | None) -> dict[str, State]:
    """The device's word, which calls small currents standby; and the mode, which does not."""
    found: dict[str, State] = {}
    if texts.get(MODE) in ("0", "1", "2"):
        found["bms_state"] = MODES[int(texts[MODE])]
    if current is not None:
        found["mode"] = "charging" if current > 0 else "discharging" if current < 0 else "idle"
    return found


def scan(
    cells: Mapping[int, Mapping[str, str]], count: int | None
) -> tuple[dict[str, tuple[float | None, ...]], tuple[Alarm, ...], int]:
    """Arrays and alarms of one pass over the cells, and how many numbers could not be true.

    With an odd number of cells the last line carries one cell more, of stale content: it is left
    out by the `count`, and without one if its voltage is none. Of a cell whose module reports an
    error the numbers are old or wrong: they are unknown.
    """
    volts = CELL["v"]
    if count is None:
        real = (n for n, texts in cells.items() if within(texts.get("v", "0"), *volts[1:]))
        count = max(real, default=0)
    numbers, rejected = range(1, count + 1), 0
    flags = {n: cells[n]["z"] for n in numbers if "z" in cells.get(n, {})}
    failed = {n for n, text in flags.items() if text[ERROR] == "1"}
    arrays: dict[str, tuple[float | None, ...]] = {}
    for letter, (metric, low, high) in CELL.items():
        texts = {n: cells[n][letter] for n in numbers if letter in cells.get(n, {})}
        known = {n: within(text, low, high) for n, text in texts.items() if n not in failed}
        rejected += sum(value is None for value in known.values())
        if known:
            arrays[metric] = tuple(known.get(n) for n in numbers)
    if flags:
        bits = {n: int(text[BALANCING]) for n, text in flags.items() if n not in failed}
        arrays["balancing"] = tuple(bits.get(n) for n in numbers)
    found = (entry for n, text in flags.items() for entry in _cell_alarms(n - 1, text))
    return arrays, tuple(sorted(found, key=alarm_order)), rejected


def _cell_alarms(index: int, flags: str) -> list[Alarm]:
    """A cell error means its module is silent or its voltage outside 2.3 to 4.5 V."""
    if flags[ERROR] == "1":
        return [alarm("communication_fault", index)]
    canonical = {HIGH: "cell_overvoltage", LOW: "cell_undervoltage", POLE_HOT: "overtemperature"}
    found = [alarm(code, index) for flag, code in canonical.items() if flags[flag] == "1"]
    if flags[RESISTOR_HOT] == "1":
        found.append(vendor_alarm("greenbms", "balance_resistor_hot", index))
    return found
