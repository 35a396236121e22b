"""Any Modbus BMS, described by a register table (`collector.registers.profile` says how).

A polling cycle asks for every block of the table that is due; the reading is made of the answers to
that one cycle, and of blocks asked for less often while they hold. A block that did not answer
leaves its values out. An answer is believed only if this cycle asked for it: right unit, function,
address and length, not older than the question, and once. An optional block is given up when the
device says that it has no such registers.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..registers.profile import Profile, ProfileError, load, names
from ..wire.reading import Reading
from ..words import either
from .base import (
    Assembler,
    Driver,
    Garbage,
    Input,
    Option,
    OptionError,
    RegisterRead,
    Registers,
    whole,
)

SPAN_MS = 10_000
"""Answers of a recording further apart than this are not of one cycle."""
NO_SUCH = ("exception_1", "exception_2", "exception_3")
"""Exceptions that a device will always give to the same question."""
Words = dict[tuple[int, int], int]


class RegisterTable(Assembler):
    """Assembles one reading per cycle.

    A cycle begins with `requests` and ends when every block has answered, with the next
    `requests`, or with `finish`, which may be called after each cycle. In a recording nobody
    calls `requests`: there a cycle ends when a block repeats, too.
    """

    def __init__(
        self, asset: str, profile: Profile, unit: int, cells: int | None, current_factor: float
    ) -> None:
        super().__init__(asset)
        self._profile = profile
        self._reads = profile.reads(unit)
        self._periods = {
            RegisterRead(unit, *block): seconds * 1000 for block, seconds in profile.periods.items()
        }
        self._optional = {RegisterRead(unit, *block) for block in profile.optional}
        self._gone: set[RegisterRead] = set()
        self._cells = cells
        self._current_factor = current_factor
        self._polled = False
        self._asked: set[RegisterRead] = set(self._reads)
        self._put: dict[RegisterRead, int] = {}
        """When each of the slow blocks was last asked for."""
        self._held: dict[RegisterRead, tuple[int, Words]] = {}
        self._since = 0
        self._ts = 0
        self._words: Words = {}
        self._late: list[Reading] = []
        if profile.note:
            self.tally.warn(*profile.note)

    def requests(self, now: int) -> Sequence[RegisterRead]:
        self._late.extend(self._close())
        self._polled, self._since = True, now
        reads = tuple(read for read in self._reads if self._is_due(read, now))
        self._put |= dict.fromkeys(self._periods.keys() & set(reads), now)
        self._asked = set(reads)
        return reads

    def refused(self, request: RegisterRead, reason: str) -> None:
        self.tally.reject(reason)
        if reason in NO_SUCH and request in self._optional and request not in self._gone:
            self._gone.add(request)
            _, first, count = _place(request)
            self.tally.warn(
                f"l'appareil n'a pas les {count} registres depuis {first} : ils ne sont plus "
                "demandés",
                f"the device does not have the {count} registers from {first}: they are not asked "
                "for any more",
            )

    def feed(self, item: Input) -> Iterator[Reading]:
        return self.counted(self._feed(item))

    def finish(self) -> Iterator[Reading]:
        return self.counted([*self._overdue(), *self._close()])

    def _feed(self, item: Input) -> Iterator[Reading]:
        yield from self._overdue()
        if not isinstance(item, Registers):
            self.tally.reject(item.reason if isinstance(item, Garbage) else "not_registers")
            return
        if reason := self._why_not(item):
            self.tally.reject(reason)
            return
        self.tally.frames += 1
        read = _question(item)
        if not self._polled and self._begins_anew(read, item.ts):
            yield from self._close()
        if not self._words:
            self._ts = item.ts
        self._ts = max(self._ts, item.ts)
        self._asked.discard(read)
        words = dict(zip(self._profile.addresses(*_place(read)), item.values, strict=True))
        if read in self._periods:
            self._held[read] = item.ts, words
        self._words |= words
        if not self._asked:
            yield from self._close()

    def _why_not(self, item: Registers) -> str | None:
        read = _question(item)
        if read.unit != self._reads[0].unit:
            return "wrong_unit"
        if read not in self._reads:
            same = any(_place(known)[:2] == _place(read)[:2] for known in self._reads)
            return "wrong_length" if same else "not_asked"
        if not all(type(value) is int and 0 <= value <= 0xFFFF for value in item.values):
            return "bad_register"
        if self._polled and item.ts < self._since:
            return "stale"
        if self._polled and read not in self._asked:
            return "not_awaited"
        return None

    def _begins_anew(self, read: RegisterRead, ts: int) -> bool:
        apart = ts - self._ts
        return bool(self._words) and (read not in self._asked or not 0 <= apart <= SPAN_MS)

    def _overdue(self) -> list[Reading]:
        late, self._late = self._late, []
        return late

    def _close(self) -> Iterator[Reading]:
        """The reading of the answers so far, if there are any, and a fresh start."""
        words, self._words = self._words, {}
        self._asked = set() if self._polled else set(self._reads)
        if words:
            yield self._reading({**self._still_held(), **words})

    def _is_due(self, read: RegisterRead, now: int) -> bool:
        if read in self._gone:
            return False
        put = self._put.get(read)
        return put is None or not 0 <= now - put < self._periods.get(read, 0)

    def _still_held(self) -> Words:
        """What slow blocks said, no longer ago than twice their period."""
        found: Words = {}
        for read, (ts, words) in self._held.items():
            if 0 <= self._ts - ts <= 2 * self._periods[read]:
                found |= words
        return found

    def _reading(self, words: Words) -> Reading:
        parts = self._profile.map.decode(words, self._cells)
        values, factor = parts["values"], self._current_factor
        if "current" in values:
            values["current"] *= factor
        if "power" in values and factor < 0:
            values["power"] = -values["power"]
        return Reading(asset=self.asset, ts=self._ts, **parts)


def _question(item: Registers) -> RegisterRead:
    return RegisterRead(item.unit, item.function, item.address, len(item.values))


def _place(read: RegisterRead) -> tuple[int, int, int]:
    return read.function, read.address, read.count


def _factor(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0.001 <= abs(number) <= 1000:
        raise ValueError(
            either(
                f"il faut un nombre de 0.001 à 1000, ou l'opposé, et non {text}",
                f"must be a number from 0.001 to 1000 or the negative of that, not {text}",
            )
        )
    return number


def _open(asset: str, options: Mapping[str, Any]) -> RegisterTable:
    try:
        profile = load(options["profile"])
    except ProfileError as error:
        raise OptionError(either(f"profile : {error}", f"profile: {error}")) from None
    unit = profile.unit if options["unit"] is None else options["unit"]
    return RegisterTable(asset, profile, unit, options["cells"], options["current_factor"])


DRIVER = Driver(
    code="modbus",
    title=("Table de registres Modbus (TCP ou RTU)", "Modbus register table (TCP or RTU)"),
    link="modbus",
    formats=("registers",),
    open=_open,
    options=(
        Option(
            "profile",
            (
                f"table de registres : {', '.join(names())}, ou le chemin d'un fichier .toml, "
                "relatif à celui de la configuration",
                f"register table: {', '.join(names())}, or the path of a .toml file, relative to "
                "that of the configuration",
            ),
            "generic",
            suffix=".toml",
        ),
        Option(
            "unit",
            (
                "numéro d'unité (adresse d'esclave) du BMS ; sinon celui de la table, ou 1",
                "unit number (slave address) of the BMS; usually the one of the table, or 1",
            ),
            None,
            whole(0, 255),
        ),
        Option(
            "cells",
            (
                "nombre de cellules, si le BMS ne le dit pas correctement",
                "number of cells, if the BMS does not say it right",
            ),
            None,
            whole(1, 1024),
        ),
        Option(
            "current_factor",
            (
                "multiplie le courant : -1 où la décharge est positive, 10 ou 0.1 si le pas est "
                "autre",
                "multiplies the current: -1 where discharge is positive, 10 or 0.1 for another "
                "step",
            ),
            1.0,
            _factor,
        ),
    ),
    variants=tuple({"profile": name} for name in names()),
    turned=("current_factor", -1),
)
