"""SunSpec information models: where each point sits and what its registers mean.

Offsets count from the register with the model's number. Values are big endian, high word first; a
scale factor is a power of ten in a register of its own, and a point whose factor is not there
means nothing. Source: sunspec/models, json/model_1.json and model_802.json to model_805.json.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

MARK = (0x5375, 0x6E53)
"""The characters SunS."""
BASES = (40_000, 0, 50_000)
"""Where the mark may be, in the order to look for it."""
END = 0xFFFF
ABSENT = {"u16": 0xFFFF, "s16": 0x8000, "u32": 0xFFFF_FFFF}
MOST_FACTOR = 10

Words = Sequence[int]
Values = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Point:
    """A number, or a string of `length` registers. `factor` names the point with its scale."""

    offset: int
    type: str = "u16"
    factor: str = ""
    length: int = 1

    @property
    def absent(self) -> int:
        """The number that means "not implemented", unsigned."""
        return ABSENT[self.type]

    def raw(self, words: Words, base: int = 0) -> int | None:
        """The number with its sign; None if it is not implemented or was not read."""
        at = base + self.offset
        width = 2 if self.type == "u32" else 1
        if at + width > len(words):
            return None
        number = words[at] if width == 1 else words[at] << 16 | words[at + 1]
        if number == self.absent:
            return None
        return number - 0x1_0000 if self.type == "s16" and number >> 15 else number

    def text(self, words: Words) -> str | None:
        data = b"".join(
            word.to_bytes(2, "big") for word in words[self.offset : self.offset + self.length]
        )
        text = data.split(b"\0")[0].decode("ascii", "replace").strip()
        return text if text and text.isascii() and text.isprintable() else None


@dataclass(frozen=True, slots=True)
class Model:
    """`length` registers follow the first two, then groups of `size` registers, if any."""

    length: int
    points: Mapping[str, Point]
    factors: Mapping[str, int] = field(default_factory=dict)
    size: int = 0
    group: Mapping[str, Point] = field(default_factory=dict)

    @property
    def fixed(self) -> int:
        """Registers before the groups, the first two included."""
        return self.length + 2

    def groups(self, words: Words) -> int:
        return (len(words) - self.fixed) // self.size if self.size else 0

    def read(self, words: Words) -> Values:
        """What is known of the part before the groups."""
        return self._known(self.points, words, 0)

    def read_group(self, words: Words, number: int) -> Values:
        return self._known(self.group, words, self.fixed + number * self.size)

    def scales(self) -> tuple[int, int]:
        """Offset and number of the registers with scale factors."""
        first, last = min(self.factors.values()), max(self.factors.values())
        return first, last - first + 1

    def _known(self, points: Mapping[str, Point], words: Words, base: int) -> Values:
        values = {}
        for name, point in points.items():
            if point.type == "text":
                continue
            raw = point.raw(words, base)
            power = self._power(point, words)
            if raw is not None and power is not None:
                values[name] = raw * 10**power if power >= 0 else raw / 10**-power
        return values

    def _power(self, point: Point, words: Words) -> int | None:
        if not point.factor:
            return 0
        power = Point(self.factors[point.factor], "s16").raw(words)
        return power if power is not None and abs(power) <= MOST_FACTOR else None


def _row(names: str, first: int) -> dict[str, int]:
    """Scale factors, one register after another; - for a register without one."""
    return {name: first + i for i, name in enumerate(names.split()) if name != "-"}


def _text(offset: int, length: int) -> Point:
    return Point(offset, "text", length=length)


COMMON = Model(
    65,
    {
        "maker": _text(2, 16),
        "model": _text(18, 16),
        "firmware": _text(42, 8),
        "serial": _text(50, 16),
    },
)

BASE = Model(
    62,
    {
        "AHRtg": Point(2, factor="AHRtg"),
        "WHRtg": Point(3, factor="WHRtg"),
        "SoC": Point(11, factor="SoC"),
        "SoH": Point(13, factor="SoH"),
        "NCyc": Point(14, "u32"),
        "ChaSt": Point(16),
        "Hb": Point(18),
        "State": Point(22),
        "StateVnd": Point(23),
        "Evt1": Point(26, "u32"),
        "EvtVnd1": Point(30, "u32"),
        "EvtVnd2": Point(32, "u32"),
        "V": Point(34, factor="V"),
        "VMax": Point(35, factor="V"),
        "VMin": Point(36, factor="V"),
        "CellVMax": Point(37, factor="CellV"),
        "CellVMin": Point(40, factor="CellV"),
        "CellVAvg": Point(43, factor="CellV"),
        "A": Point(44, "s16", "A"),
        "AChaMax": Point(45, factor="AMax"),
        "ADisChaMax": Point(46, factor="AMax"),
        "W": Point(47, "s16", "W"),
    },
    _row("AHRtg WHRtg WChaDisChaMax DisChaRte SoC DoD SoH V CellV A AMax W", 52),
)

BANK = Model(
    26,
    {
        "NStr": Point(2),
        "NStrCon": Point(3),
        "ModTmpMax": Point(4, "s16", "ModTmp"),
        "ModTmpMin": Point(7, "s16", "ModTmp"),
        "NCellBal": Point(21),
    },
    _row("CellV ModTmp A SoH SoC V", 22),
    32,
    {
        "St": Point(1, "u32"),
        "ConFail": Point(3),
        "SoC": Point(4, factor="SoC"),
        "A": Point(6, "s16", "A"),
        "CellVMax": Point(7, factor="CellV"),
        "CellVMin": Point(9, factor="CellV"),
        "Evt1": Point(20, "u32"),
        "EvtVnd1": Point(24, "u32"),
        "EvtVnd2": Point(26, "u32"),
    },
)

STRING = Model(
    46,
    {
        "NMod": Point(3),
        "St": Point(4, "u32"),
        "ConFail": Point(6),
        "NCellBal": Point(7),
        "SoC": Point(8, factor="SoC"),
        "NCyc": Point(10, "u32"),
        "SoH": Point(12, factor="SoH"),
        "A": Point(13, "s16", "A"),
        "V": Point(14, factor="V"),
        "CellVMax": Point(15, factor="CellV"),
        "CellVMin": Point(17, factor="CellV"),
        "ModTmpMax": Point(20, "s16", "ModTmp"),
        "ModTmpMin": Point(22, "s16", "ModTmp"),
        "Evt1": Point(28, "u32"),
        "EvtVnd1": Point(32, "u32"),
        "EvtVnd2": Point(34, "u32"),
    },
    _row("SoC SoH DoD A V CellV ModTmp", 38),
    16,
    {
        "SoC": Point(1, factor="SoC"),
        "CellVMax": Point(3, factor="CellV"),
        "CellVMin": Point(5, factor="CellV"),
        "CellTmpMax": Point(8, "s16", "ModTmp"),
        "CellTmpMin": Point(10, "s16", "ModTmp"),
    },
)

MODULE = Model(
    42,
    {
        "NCell": Point(4),
        "V": Point(10, factor="V"),
        "CellVMax": Point(11, factor="CellV"),
        "CellVMin": Point(13, factor="CellV"),
        "CellTmpMax": Point(16, "s16", "Tmp"),
        "CellTmpMin": Point(18, "s16", "Tmp"),
    },
    _row("SoC SoH DoD V CellV Tmp", 38),
    4,
    {
        "V": Point(0, factor="CellV"),
        "Tmp": Point(1, "s16", "Tmp"),
        "St": Point(2, "u32"),
    },
)

MODELS: Mapping[int, Model] = {1: COMMON, 802: BASE, 803: BANK, 804: STRING, 805: MODULE}
BATTERY = (802, 803, 804, 805)
