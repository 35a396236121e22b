"""A CAN profile as it stands in its file (see `profile`), checked and made usable."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .. import words
from ..drivers.base import CanFrame
from ..registers import naming
from ..registers.table import Table
from ..wire.alarms import SEVERITIES, Alarm
from ..wire.reading import State
from .dbc import Frame
from .frames import FAMILY, Complaint, Field, Flag, FrameMap, Items, Message, Quantity, Text
from .signal import Signal

STANDARD, EXTENDED = 0x7FF, 0x1FFF_FFFF
WIDTHS = {"u8": 8, "s8": 8, "u16": 16, "s16": 16, "u24": 24, "u32": 32, "s32": 32, "u48": 48}
ORDERS = ("little", "big")
LONGEST_MS = 600_000
LAST_ADDRESS = 255


@dataclass(frozen=True, slots=True)
class Question:
    """A frame that asks the battery for something; the battery's address shifts its identifier."""

    id: int
    data: bytes
    step: int

    def frame(self, address: int) -> CanFrame:
        number = self.id + address * self.step
        return CanFrame(number, self.data, 0, extended=number > STANDARD)


@dataclass(frozen=True, slots=True)
class Profile:
    """A checked profile.

    period     least milliseconds between two readings
    addresses  a battery can have, and by how much each moves the identifiers of its frames
    questions  what it must be asked, if it does not talk by itself
    strangers  identifiers that it does not have, and what it means if they are on the bus
    """

    name: str
    title: str
    source: str
    note: words.Text | None
    map: FrameMap
    period: int
    addresses: range
    step: int
    questions: tuple[Question, ...]
    strangers: Mapping[int, words.Text]


def parse(
    name: str, data: dict[str, Any], where: str, database: Mapping[str, Frame] | None = None
) -> Profile:
    """The profile in a TOML document; raises ProfileError. `where` begins every complaint, and
    `database` has the frames that messages may name."""
    return _Parser(name, data, where, database or {}).profile()


class _Parser:
    """Holds what the tables of one file have in common while they are read."""

    def __init__(
        self, name: str, data: dict[str, Any], where: str, database: Mapping[str, Frame]
    ) -> None:
        self.database = database
        self.name = re.sub(r"[^A-Za-z0-9_-]", "_", name)[:32]
        self.top = Table(data, where)
        self.order = self.top.choice("byte_order", ORDERS, "little")
        self.hold = self.top.integer("hold", 1, LONGEST_MS, 5000)

    def profile(self) -> Profile:
        top = self.top
        addresses = self.addresses()
        profile = Profile(
            name=self.name,
            title=top.text("title"),
            source=top.text("source"),
            note=top.words("note"),
            map=FrameMap(tuple(self.message(table) for table in top.tables("message"))),
            period=top.integer("period", 0, LONGEST_MS, 500),
            addresses=addresses,
            step=top.integer("address_step", 1, EXTENDED, 1),
            questions=tuple(self.question(table) for table in top.tables("request")),
            strangers=dict(self.stranger(table) for table in top.tables("stranger")),
        )
        top.close()
        if not any(message.needed for message in profile.map.messages):
            top.fail(
                "aucune [[message]] n'est needed : une mesure ne serait jamais complète",
                "no [[message]] is needed: a reading would never be complete",
            )
        return profile

    def addresses(self) -> range:
        found = self.top.integers("addresses") or (0, 0)
        if len(found) != 2 or not found[0] <= found[1] <= LAST_ADDRESS:
            self.top.fail(
                f"addresses doit être [premier, dernier], jusqu'à {LAST_ADDRESS}",
                f"addresses must be [first, last], up to {LAST_ADDRESS}",
            )
        return range(found[0], found[1] + 1)

    def question(self, table: Table) -> Question:
        number = table.integer("id", 0, EXTENDED)
        try:
            data = bytes.fromhex(table.text("data", ""))
        except ValueError:
            table.fail("data doit être en hexadécimal", "data must be hexadecimal")
        step = table.integer("address_step", 0, EXTENDED, 0)
        table.close()
        return Question(number, data, step)

    def stranger(self, table: Table) -> tuple[int, words.Text]:
        number, note = table.integer("id", 0, EXTENDED), table.words("note")
        if note is None:
            table.fail("note manque", "note is missing")
        table.close()
        return number, note

    def message(self, table: Table) -> Message:
        frame = self.frame(table)
        identifier = frame.id if frame else table.integer("id", 0, EXTENDED)
        extended = frame.extended if frame else identifier > STANDARD
        order = table.choice("byte_order", ORDERS, self.order)
        parts = _Parts(f"{self.name}.{identifier:X}", order, frame)
        selector, first, only = self.selector(table, parts)
        parts.selected = selector is not None
        message = Message(
            id=identifier,
            extended=table.flag("extended", extended),
            mask=table.integer("mask", 0, EXTENDED, EXTENDED),
            count=table.integer("count", 1, 256, 1),
            step=table.integer("id_step", 1, EXTENDED, 1),
            selector=selector,
            first=first,
            only=only,
            length=table.integer("length", 0, 8, 0),
            checksum=table.choice("checksum", ("none", "orion"), "none") == "orion",
            needed=table.flag("needed"),
            hold=table.integer("hold", 1, LONGEST_MS, self.hold),
            quantities=tuple(parts.quantity(t) for t in table.tables("metric")),
            items=tuple(parts.items(t) for t in table.tables("array")),
            counts=tuple(parts.count(t) for t in table.tables("count_of")),
            flags=tuple(parts.flag(t) for t in table.tables("state")),
            texts=tuple(parts.text(t) for t in table.tables("text")),
            complaints=tuple(c for t in table.tables("alarm") for c in parts.complaints(t)),
        )
        table.close()
        if message.count > 1 and selector is not None:
            table.fail("count et selector s'excluent", "count and selector exclude each other")
        return message

    def frame(self, table: Table) -> Frame | None:
        """The frame of the database that `frame` names, if it does."""
        if "frame" not in table:
            return None
        name = table.text("frame")
        if name not in self.database:
            table.fail(
                f"la base de données n'a pas de trame {name}", f"the database has no frame {name}"
            )
        return self.database[name]

    def selector(self, table: Table, parts: "_Parts") -> tuple[Signal | None, int, int | None]:
        inner = parts.inner(table, "selector")
        if inner is None:
            return None, 0, None
        parts.selected = True
        signal = parts.signal(inner, "u8")
        first = inner.integer("first", 0, EXTENDED, 0)
        only = inner.integer("is", 0, EXTENDED) if "is" in inner else None
        inner.close()
        return signal, first, only


class _Parts:
    """Reads what is in one message. `label` names its vendor alarms; `frame` is the message in
    the database; `selected`: it is one of several with its identifier."""

    def __init__(self, label: str, order: str, frame: Frame | None) -> None:
        self.label, self.order, self.frame = label, order, frame
        self.selected = False

    def inner(self, table: Table, key: str) -> Table | None:
        """The table `key` inside of another."""
        if key not in table:
            return None
        found = table.get(key)
        table.forget(key)
        if not isinstance(found, dict):
            table.fail(f"{key} doit être une table", f"{key} must be a table")
        return Table(found, f"{table.where}: {key}")

    def signal(
        self, table: Table, usual: str = "u16", scale: float = 1, offset: float = 0
    ) -> Signal:
        """Where a number is: see `profile` on places."""
        if "signal" in table:
            return self.named(table, scale, offset)
        little = table.choice("byte_order", ORDERS, self.order) == "little"
        signed = False
        if "start" in table:
            start = table.integer("start", 0, 63)
            length = table.integer("length", 1, 64)
            signed = table.flag("signed")
        elif "bit" in table:
            start = 8 * table.integer("byte", 0, 7) + table.integer("bit", 0, 7)
            length = 1
        else:
            kind = table.choice("type", tuple(WIDTHS), usual)
            start = 8 * table.integer("byte", 0, 7) + (0 if little else 7)
            length, signed = WIDTHS[kind], kind[0] == "s"
        return self.placed(table, Signal(start, length, scale, signed, offset, little))

    def named(self, table: Table, scale: float, offset: float) -> Signal:
        """A signal of the database; the profile's scale turns its unit into ours."""
        name = table.text("signal")
        found = self.frame.signals.get(name) if self.frame else None
        if found is None:
            table.fail(
                f"la base de données n'a pas de signal {name} dans cette trame",
                f"the database has no signal {name} in this frame",
            )
        if name in self.frame.chosen and not self.selected:
            value = self.frame.chosen[name]
            table.fail(
                f"{name} n'est dans la trame que si son sélecteur vaut {value} : il faut selector",
                f"{name} is in the frame only while its selector is {value}: it needs selector",
            )
        factor, shift = found.factor * scale, found.offset * scale + offset
        return Signal(found.start, found.length, factor, found.signed, shift, found.little)

    def placed(self, table: Table, signal: Signal) -> Signal:
        if signal.end > 8 or signal.shift < 0:
            table.fail(
                f"le bit {signal.start}, sur {signal.length} bits, sort des huit octets",
                f"bit {signal.start}, {signal.length} bits long, leaves the eight bytes",
            )
        return signal

    def field(self, table: Table, usual: str = "u16", *, scaled: bool = True) -> Field:
        scale, offset = naming.scaling(table) if scaled else (1.0, 0.0)
        absent = frozenset(table.integers("absent"))
        valid = self.inner(table, "valid")
        return Field(self.signal(table, usual, scale, offset), absent, self.validity(valid))

    def validity(self, table: Table | None) -> tuple[Signal, int] | None:
        if table is None:
            return None
        found = self.signal(table, "u8"), table.integer("is", 0, 255, 1)
        table.close()
        return found

    def quantity(self, table: Table) -> Quantity:
        code = naming.metric(table, array=False)
        finer, inner = None, self.inner(table, "finer")
        within = inner.number("within", 1.0) if inner else 0.0
        if inner is not None:
            finer = self.field(inner)
            inner.close()
        magnitude = table.flag("magnitude")
        found = Quantity(code, self.field(table), finer, within, magnitude)
        table.close()
        return found

    def items(self, table: Table) -> Items:
        """The elements follow each other, `stride` bits apart."""
        code = naming.metric(table, array=True)
        count = table.integer("items", 1, 64, 1)
        first = self.field(table)
        stride = table.integer("stride", 1, 63, first.signal.length)
        table.close()
        fields = tuple(self._shifted(table, first, i * stride) for i in range(count))
        return Items(code, fields)

    def _shifted(self, table: Table, field: Field, bits: int) -> Field:
        signal = field.signal
        start = signal.start + bits
        if not signal.little:
            first = 8 * (signal.start // 8) + 7 - signal.start % 8 + bits
            start = 8 * (first // 8) + 7 - first % 8
        moved = Signal(
            start, signal.length, signal.factor, signal.signed, signal.offset, signal.little
        )
        return Field(self.placed(table, moved), field.absent, field.valid)

    def count(self, table: Table) -> tuple[str, Field]:
        code, field = naming.metric(table, array=True), self.field(table, "u8", scaled=False)
        table.close()
        return code, field

    def flag(self, table: Table) -> Flag:
        code = naming.state(table)
        meanings: dict[int, State] = {}
        otherwise: State | None = None
        kind: type = int
        if "is" in table:
            meanings, otherwise = dict.fromkeys(table.integers("is"), True), False
            kind = bool
        elif "values" in table:
            meanings, kind = naming.meanings(table, code), str
        elif "bit" in table:
            meanings, kind = {1: True, 0: False}, bool
        naming.state_is(table, code, kind)
        found = Flag(code, self.field(table, "u8", scaled=False), meanings, otherwise)
        table.close()
        return found

    def text(self, table: Table) -> Text:
        code = naming.state(table)
        naming.state_is(table, code, str)
        start = table.integer("byte", 0, 7, 0)
        length = table.integer("bytes", 1, 8 - start, 8 - start)
        version = table.choice("form", ("ascii", "version"), "ascii") == "version"
        table.close()
        return Text(code, start, length, version)

    def complaints(self, table: Table) -> list[Complaint]:
        kinds = [kind for kind in ("names", "values", "nonzero") if kind in table]
        if len(kinds) != 1:
            table.fail(
                "il faut exactement un de names, values et nonzero",
                "it needs exactly one of names, values and nonzero",
            )
        found = getattr(self, f"_{kinds[0]}")(table)
        table.close()
        return found

    def _names(self, table: Table) -> list[Complaint]:
        """One alarm after another, `width` bits each, the lowest bits first."""
        named, width = table.texts("names"), table.integer("width", 1, 8, 1)
        whole = self.signal(table, "u8")
        graded = table.numbered("severity", str) if "severity" in table else {}
        active = table.integers("active") or ((1,) if width == 1 else ())
        if strange := set(graded.values()) - set(SEVERITIES):
            known = ", ".join(SEVERITIES)
            table.fail(
                f"{min(strange)} n'est pas l'un de {known}", f"{min(strange)} is not one of {known}"
            )
        if len(named) * width > whole.length:
            table.fail(
                f"names dépasse les {whole.length} bits",
                f"names goes beyond the {whole.length} bits",
            )
        found = []
        for i in range(whole.length // width):
            name = (named[i] if i < len(named) else "") or self._unnamed(whole, i * width)
            if name == "-":
                continue
            usual = naming.alarm(table, name, FAMILY)
            alarms = {raw: Alarm(usual.code, severity) for raw, severity in graded.items()}
            alarms |= dict.fromkeys(active, usual)
            field = Field(_bits(whole, i * width, width))
            found.append(Complaint(field, alarms, otherwise=None if alarms else usual))
        return found

    def _unnamed(self, whole: Signal, bit: int) -> str:
        byte = whole.start // 8 if whole.little else whole.end - 1
        return f"vendor:{self.label}.{byte + bit // 8 * (1 if whole.little else -1)}.{bit % 8}"

    def _values(self, table: Table) -> list[Complaint]:
        named = table.numbered("values", str)
        alarms = {raw: naming.alarm(table, name, FAMILY) for raw, name in named.items()}
        field = self.field(table, "u8", scaled=False)
        return [Complaint(field, alarms, unmapped=f"{self.label}.{field.signal.start // 8}")]

    def _nonzero(self, table: Table) -> list[Complaint]:
        alarm = naming.alarm(table, table.text("nonzero"), FAMILY)
        return [Complaint(self.field(table, "u8", scaled=False), {}, otherwise=alarm)]


def _bits(whole: Signal, first: int, width: int) -> Signal:
    """Some bits of a number, bit 0 the least significant."""
    if whole.little:
        return Signal(whole.start + first, width, little=True)
    lowest = 63 - whole.shift - first
    top = lowest - width + 1
    return Signal(8 * (top // 8) + 7 - top % 8, width)
