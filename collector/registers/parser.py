"""A register table as it stands in its file (see `profile`), checked and made usable."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .. import words
from ..drivers.base import RegisterRead
from ..wire.alarms import Alarm
from ..wire.reading import MAX_ELEMENTS, State
from . import naming
from .map import WIDTHS, Array, Complaint, Flag, Point, Quantity, RegisterMap, Text
from .table import Table

FUNCTIONS = (1, 2, 3, 4)
BITS = (1, 2)
"""Functions that read bits: an address is that of one of them."""
MAX_REGISTERS, MAX_BITS = 125, 2000
BYTE = 8
LONGEST_PERIOD_S = 86_400
Block = tuple[int, int, int]
"""Function, address, count."""
NUMBERS = tuple(kind for kind in WIDTHS if kind != "bit")
UNSIGNED = ("u16", "u32", "u8")


@dataclass(frozen=True, slots=True)
class Profile:
    """A checked register table.

    blocks    what to ask for, merged and in order
    periods   seconds between two questions for a block, where it is not asked every cycle
    optional  blocks that some devices of this kind do not have
    """

    name: str
    title: str
    source: str
    note: words.Text | None
    unit: int
    step: int
    blocks: tuple[Block, ...]
    periods: Mapping[Block, int]
    optional: frozenset[Block]
    map: RegisterMap

    def reads(self, unit: int) -> tuple[RegisterRead, ...]:
        """What to ask the device for to know everything once."""
        return tuple(RegisterRead(unit, *block) for block in self.blocks)

    def addresses(self, function: int, address: int, count: int) -> tuple[tuple[int, int], ...]:
        """Where the words or bits of an answer belong."""
        step = 1 if function in BITS else self.step
        return tuple((function, address + i * step) for i in range(count))


def parse(name: str, data: dict[str, Any], where: str) -> Profile:
    """The profile in a TOML document; raises ProfileError. `where` begins every complaint."""
    return _Parser(name, data, where).profile()


class _Parser:
    """Holds what the tables of one file have in common while they are read."""

    def __init__(self, name: str, data: dict[str, Any], where: str) -> None:
        self.name = re.sub(r"[^A-Za-z0-9_-]", "_", name)[:32]
        self.top = Table(data, where)
        self.function = self.top.choice("function", FUNCTIONS, 3)
        self.base = self.top.integer("address_base", 0, 0xFFFF, 0)
        self.step = self.top.integer("address_step", 1, 4, 1)
        self.low_first = self.top.choice("word_order", ("high", "low"), "high") == "low"
        self.most = self.top.integer("max_registers", 1, MAX_REGISTERS, MAX_REGISTERS)

    def profile(self) -> Profile:
        top = self.top
        merged = tuple(_merged([self.block(t) for t in top.tables("block")], self.step))
        parts = RegisterMap(
            quantities=tuple(self.quantity(table) for table in top.tables("metric")),
            arrays=tuple(self.array(table) for table in top.tables("array")),
            states=tuple(self.state(table) for table in top.tables("state")),
            complaints=tuple(c for t in top.tables("alarm") for c in self.complaints(t)),
        )
        profile = Profile(
            name=self.name,
            title=top.text("title"),
            source=top.text("source"),
            note=top.words("note"),
            unit=top.integer("unit", 0, 255, 1),
            step=self.step,
            blocks=tuple(wanted.block for wanted in merged),
            periods={wanted.block: wanted.period for wanted in merged if wanted.period},
            optional=frozenset(wanted.block for wanted in merged if wanted.optional),
            map=parts,
        )
        top.close()
        self.check(profile)
        return profile

    def check(self, profile: Profile) -> None:
        """Every value must come whole out of one answer, or half of it could be a moment older."""
        if not profile.blocks:
            self.top.fail("il n'y a aucun [[block]]", "it has no [[block]]")
        answers = [set(profile.addresses(*block)) for block in profile.blocks]
        seen = set()
        for code, function, addresses in profile.map.places():
            wanted = {(function, address) for address in addresses}
            if not any(wanted <= answer for answer in answers):
                where = f"{addresses[0] + self.base} ({addresses[0] + self.base:#x})"
                self.top.fail(
                    f"{code} à {where} n'est pas en entier dans un [[block]]",
                    f"{code} at {where} is not inside one [[block]]",
                )
        for item in (*profile.map.quantities, *profile.map.arrays, *profile.map.states):
            if item.code in seen:
                self.top.fail(
                    f"{item.code} est décrit deux fois", f"{item.code} is described twice"
                )
            seen.add(item.code)

    def block(self, table: Table) -> "_Wanted":
        function = table.choice("function", FUNCTIONS, self.function)
        most = MAX_BITS if function in BITS else self.most
        block = function, self.address(table), table.integer("count", 1, most)
        period = table.integer("every", 0, LONGEST_PERIOD_S, 0)
        wanted = _Wanted(block, period, table.flag("optional"), most)
        table.close()
        return wanted

    def address(self, table: Table, key: str = "address") -> int:
        return table.integer(key, self.base, self.base + 0xFFFF) - self.base

    def stride(self, function: int) -> int:
        """Between an address and the next."""
        return 1 if function in BITS else self.step

    def registers(self, address: int, width: int) -> tuple[int, ...]:
        """Most significant first."""
        found = tuple(address + i * self.step for i in range(width))
        return found[::-1] if self.low_first else found

    def point(
        self, table: Table, types: tuple[str, ...], address: int, *, packed: bool = False
    ) -> Point:
        """Where a value is, or the first of a packed row of them."""
        function = table.choice("function", FUNCTIONS, self.function)
        kind = table.choice("type", ("u16",) if function in BITS else types, "u16")
        part = 0
        if kind in ("u8", "s8") and not packed:
            part = ("high", "low").index(table.choice("byte", ("high", "low")))
        return Point(
            function=function,
            addresses=self.registers(address, WIDTHS[kind]),
            type=kind,
            part=part,
            absent=frozenset(table.integers("absent")),
        )

    def quantity(self, table: Table) -> Quantity:
        code = naming.metric(table, array=False)
        point, needs = self.point(table, NUMBERS, self.address(table)), self.needs(table)
        found = Quantity(code, point, *naming.scaling(table), needs)
        table.close()
        return found

    def needs(self, table: Table) -> Point | None:
        if "needs" not in table:
            return None
        return Point(self.function, (self.address(table, "needs"),))

    def array(self, table: Table) -> Array:
        code = naming.metric(table, array=True)
        if "addresses" in table:
            points = self._scattered(table)
        else:
            length = table.integer("length", 1, MAX_ELEMENTS)
            stride = table.integer("stride", 1, 64, 0)
            first = self.point(table, tuple(WIDTHS), self.address(table), packed=True)
            points = tuple(self._row(first, length, stride))
        count, by_bits = self._count(table, points[0].function)
        scaling = naming.scaling(table)
        table.close()
        return Array(code, tuple(Quantity(code, p, *scaling) for p in points), count, by_bits)

    def _scattered(self, table: Table) -> tuple[Point, ...]:
        addresses = table.integers("addresses")
        if not addresses or min(addresses) < self.base:
            table.fail(
                "addresses doit être une liste d'adresses", "addresses must be a list of addresses"
            )
        first = self.point(table, NUMBERS, addresses[0] - self.base)
        shifts = (address - addresses[0] for address in addresses)
        return tuple(
            replace(first, addresses=tuple(a + shift for a in first.addresses)) for shift in shifts
        )

    def _row(self, first: Point, length: int, stride: int) -> Iterator[Point]:
        """Bits and bytes fill a register before they go on, unless a stride is given."""
        packed = 1 if stride else {"bit": 16, "u8": 2, "s8": 2}.get(first.type, 1)
        stride = stride or WIDTHS[first.type]
        for i in range(length):
            register, part = divmod(i, packed)
            shift = register * stride * self.stride(first.function)
            yield replace(first, addresses=tuple(a + shift for a in first.addresses), part=part)

    def _count(self, table: Table, function: int) -> tuple[Point | None, bool]:
        given = [key for key in ("count", "count_bits") if key in table]
        if not given:
            return None, False
        if len(given) > 1:
            table.fail("count et count_bits s'excluent", "count and count_bits exclude each other")
        by_bits = given[0] == "count_bits"
        width = 2 if by_bits else 1
        registers = self.registers(self.address(table, given[0]), width)
        return Point(function, registers, f"u{16 * width}"), by_bits

    def state(self, table: Table) -> Flag | Text:
        code = naming.state(table)
        found = (
            self._text(table, code) if table.get("type") == "string" else self._flag(table, code)
        )
        table.close()
        return found

    def _text(self, table: Table, code: str) -> Text:
        table.forget("type")
        width = table.integer("length", 1, MAX_REGISTERS)
        address = self.address(table)
        naming.state_is(table, code, str)
        function = table.choice("function", FUNCTIONS, self.function)
        return Text(code, function, tuple(address + i * self.step for i in range(width)))

    def _flag(self, table: Table, code: str) -> Flag:
        meanings: dict[int, State] = {}
        otherwise: State | None = None
        kind: type = int
        if "bit" in table:
            bit = table.integer("bit", 0, 31)
            point = self.bit(self.point(table, ("u16", "u32"), self.address(table)), bit)
            meanings, otherwise, kind = {1: True}, False, bool
        else:
            point = self.point(table, UNSIGNED, self.address(table))
            if "is" in table:
                meanings, otherwise = dict.fromkeys(table.integers("is"), True), False
                kind = bool
            elif "values" in table:
                meanings, kind = naming.meanings(table, code), str
        naming.state_is(table, code, kind)
        return Flag(code, point, meanings, otherwise, self.needs(table))

    def bit(self, whole: Point, bit: int) -> Point:
        """One bit of a number, bit 0 the least significant."""
        if whole.type == "u8":
            return Point(whole.function, whole.addresses, "bit", bit + 8 * (1 - whole.part))
        word, part = divmod(bit, 16)
        if word >= len(whole.addresses):
            self.top.fail(
                f"le bit {bit} dépasse un {whole.type}", f"bit {bit} is beyond a {whole.type}"
            )
        return Point(whole.function, (whole.addresses[-1 - word],), "bit", part)

    def complaints(self, table: Table) -> list[Complaint]:
        kinds = [k for k in ("bits", "each", "levels", "values", "nonzero") if k in table]
        if len(kinds) != 1:
            table.fail(
                "il faut exactement un de bits, each, levels, values et nonzero",
                "it needs exactly one of bits, each, levels, values and nonzero",
            )
        types = ("u16",) if "levels" in table else UNSIGNED
        whole = self.point(table, types, self.address(table))
        label = f"{self.name}.{min(whole.addresses) + self.base}"
        found = getattr(self, f"_{kinds[0]}")(table, whole, label)
        table.close()
        return found

    def _bits(self, table: Table, whole: Point, label: str) -> list[Complaint]:
        named = table.texts("bits")
        if whole.function in BITS:
            return self._coils(table, whole, label, named)
        width = 8 if whole.type == "u8" else 16 * len(whole.addresses)
        if len(named) > width:
            table.fail(f"bits en nomme plus de {width}", f"bits names more than {width}")
        first = 8 * (whole.type == "u8" and not whole.part)
        found = []
        for bit in range(width):
            name = named[bit] if bit < len(named) else f"vendor:{label}.bit{bit + first}"
            if name != "-":
                found.append(Complaint(self.bit(whole, bit), {1: self.alarm(table, name)}))
        return found

    def _coils(self, table: Table, first: Point, label: str, named: list[str]) -> list[Complaint]:
        """Bits with addresses of their own, in whole bytes."""
        found = []
        for bit, point in enumerate(self._row(first, -(-len(named) // BYTE) * BYTE, 0)):
            name = named[bit] if bit < len(named) else f"vendor:{label}.bit{bit}"
            if name != "-":
                found.append(Complaint(point, {1: self.alarm(table, name)}))
        return found

    def _each(self, table: Table, whole: Point, label: str) -> list[Complaint]:
        name, first = table.text("each"), table.integer("first", 0, MAX_ELEMENTS - 32, 0)
        if whole.function in BITS:
            length = table.integer("length", 1, MAX_ELEMENTS - first)
            return [
                Complaint(point, {1: self.alarm(table, name, first + bit)})
                for bit, point in enumerate(self._row(whole, length, 0))
            ]
        bits = range(8 if whole.type == "u8" else 16 * len(whole.addresses))
        return [
            Complaint(self.bit(whole, bit), {1: self.alarm(table, name, first + bit)})
            for bit in bits
        ]

    def _levels(self, table: Table, whole: Point, label: str) -> list[Complaint]:
        found = []
        for i, name in enumerate(table.texts("levels")):
            if name == "-":
                continue
            point = Point(whole.function, tuple(a + i * self.step for a in whole.addresses))
            usual = self.alarm(table, name)
            graded = {1: Alarm(usual.code, "warning"), 2: Alarm(usual.code, "critical")}
            found.append(Complaint(point, graded, otherwise=usual))
        return found

    def _values(self, table: Table, whole: Point, label: str) -> list[Complaint]:
        named = table.numbered("values", str)
        alarms = {raw: self.alarm(table, name) for raw, name in named.items()}
        return [Complaint(whole, alarms, unmapped=label)]

    def _nonzero(self, table: Table, whole: Point, label: str) -> list[Complaint]:
        alarm = self.alarm(table, table.text("nonzero"))
        return [Complaint(whole, {}, otherwise=alarm)]

    def alarm(self, table: Table, name: str, index: int | None = None) -> Alarm:
        return naming.alarm(table, name, "modbus", index)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A block as the file asks for it; `most` is what the device answers at once."""

    block: Block
    period: int
    optional: bool
    most: int


def _merged(wanted: list[_Wanted], step: int) -> Iterator[_Wanted]:
    """Blocks that touch or overlap become one question, as long as the device answers it whole and
    they are asked for alike."""
    current: _Wanted | None = None
    for item in sorted(wanted, key=lambda w: (w.block[0], w.period, w.optional, w.block)):
        joined = current and _joined(current, item, 1 if item.block[0] in BITS else step)
        if current is not None and not joined:
            yield current
        current = joined or item
    if current is not None:
        yield current


def _joined(one: _Wanted, other: _Wanted, step: int) -> _Wanted | None:
    """Both as one; None if they must stay apart. `other` does not begin before `one`."""
    (function, address, count), (theirs, start, more) = one.block, other.block
    alike = (function, one.period, one.optional) == (theirs, other.period, other.optional)
    if not alike or (start - address) % step:
        return None
    apart = (start - address) // step
    together = max(count, apart + more)
    if apart > count or together > one.most:
        return None
    return replace(one, block=(function, address, together))
