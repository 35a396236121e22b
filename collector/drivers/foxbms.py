"""foxBMS 1 and 2 over CAN: 500 kbit/s, 11-bit identifiers. Listens only, on any of its buses.

A reading is complete when every configured cell and sensor group and the pack's (or all strings')
voltage and current have come since the one before. Slower values are carried along while they are
fresh. If two seconds pass without that, what came is shown as it is, with what is missing unknown.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ..wire.reading import MAX_ELEMENTS, Reading
from ._foxbms1_layout import FOXBMS_1
from ._foxbms_layouts import G1, G2, G3, Layout, Message
from ._foxbms_reading import ERROR, Frames, Seen, Shape, reading
from .base import Assembler, CanFrame, Driver, Input, Option, whole

LAYOUTS: Mapping[str, Layout] = {"1.6": G1, "1.10": G2, "1.11": G3, "foxbms1": FOXBMS_1}

PATIENCE_MS = 2000
HOLD_MS = 5000
"""A value sent every second is carried along for this long."""
ROUNDS = 3
"""A group of cells is believed for three rounds of all groups."""
PLAUSIBLE_CELL = (1.5, 4.5)
PARTS = {"cells": "cellules", "sensors": "sondes"}
"""Groups of a pack, in French."""

TELLTALES: Mapping[int, str] = {
    **dict.fromkeys((0x110, 0x111, 0x140, 0x1F0), "foxbms1"),
    **dict.fromkeys((0x223, 0x224, 0x225, 0x226, 0x281, 0x282, 0x283), "1.6"),
    **dict.fromkeys((0x232, 0x233, 0x245, 0x260), "1.10"),
    **dict.fromkeys((0x219, 0x242), "1.11"),
}
"""Identifiers that a generation without them in its layout should not see."""


class FoxBms(Assembler):
    """Keeps the last frame of every kind and knows which came since the last reading."""

    def __init__(self, asset: str, options: Mapping[str, Any]) -> None:
        super().__init__(asset)
        self._generation = options["generation"]
        self._layout = layout = LAYOUTS[self._generation]
        given = options["invalid_when"]
        self._invalid_when = layout.invalid_when if given is None else given
        self._shape = Shape(
            options["strings"],
            options["cells"],
            options["temperatures"],
            -1 if options["positive_current"] == "discharge" else 1,
            layout.version[1],
        )
        self._lengths = {number: message.length for number, message in layout.messages.items()}
        self._groups = {"cells": self._shape.all_cells, "sensors": self._shape.all_sensors}
        self._needed = frozenset(
            key for role in self._groups for key in self._group_keys(role, self._groups[role])
        )
        self._per_string = {("string_values", i) for i in range(self._shape.strings)}
        self._round_ms = max(self._round(role, total) for role, total in self._groups.items())
        self._seen: dict[tuple[str, int], Seen] = {}
        self._fresh: set[tuple[str, int]] = set()
        self._since = self._last = 0

    def _message(self, role: str) -> Message:
        return next(m for m in self._layout.messages.values() if m.role == role)

    def _group_keys(self, role: str, total: int) -> list[tuple[str, int]]:
        size = len(self._message(role).items)
        return [(role, group) for group in range(-(-total // size))]

    def _round(self, role: str, total: int) -> int:
        """ms until every group has had its turn: one frame per period, except foxBMS 1."""
        message = self._message(role)
        turns = 1 if message.selector is None else len(self._group_keys(role, total))
        return message.period * turns

    def feed(self, item: Input) -> Iterator[Reading]:
        if not isinstance(item, CanFrame):
            self.tally.reject("not_a_can_frame")
            return
        if item.extended or item.remote or item.error:
            return
        message = self._layout.messages.get(item.id)
        self._suspect(item, message)
        if message is None:
            return
        self.tally.frames += 1
        if len(item.data) < self._lengths[item.id]:
            self.tally.reject("short_frame")
            return
        word = int.from_bytes(item.data[:8].ljust(8, b"\0"), self._layout.order)
        index = message.selector.raw(word) if message.selector else message.index
        if self._concerns(message, index, word):
            yield from self.counted(self._take((message.role, index), message, word, item.ts))

    def finish(self) -> Iterator[Reading]:
        """What came since the last reading, however little."""
        if self._fresh:
            yield from self.counted([self._reading(self._last)])

    def _take(
        self, key: tuple[str, int], message: Message, word: int, ts: int
    ) -> Iterator[Reading]:
        if self._fresh and ts - self._last > PATIENCE_MS:
            yield self._reading(self._last)
        if not self._fresh or ts < self._since:
            self._since = ts
        self._seen[key] = self._decode(key[1], message, word, ts)
        self._fresh.add(key)
        self._last = ts
        if message.role == "version":
            self._check_version(self._seen[key].signals)
        if self._complete() or ts - self._since >= PATIENCE_MS:
            yield self._reading(ts)

    def _decode(self, index: int, message: Message, word: int, ts: int) -> Seen:
        owner = index if message.role == "string_state" else None
        return Seen(
            ts,
            message.period,
            {name: signal.value(word) for name, signal in message.signals.items()},
            tuple(
                (value.value(word), validity.raw(word) != self._invalid_when)
                for value, validity in message.items
            ),
            tuple(flag.alarm(owner) for flag in message.flags if flag.signal.raw(word)),
        )

    def _complete(self) -> bool:
        return self._needed <= self._fresh and (
            ("pack_values", 0) in self._fresh or self._per_string <= self._fresh
        )

    def _reading(self, ts: int) -> Reading:
        frames = {key: seen for key, seen in self._seen.items() if self._believed(key, seen, ts)}
        self._fresh.clear()
        self._check_validity(frames)
        return reading(self.asset, ts, frames, self._shape)

    def _believed(self, key: tuple[str, int], seen: Seen, ts: int) -> bool:
        age = abs(ts - seen.ts)
        if key[0] == "fatal_error":
            state = self._seen.get(("bms_state", 0))
            return age <= HOLD_MS or (state is not None and state.signals["bms_state"] == ERROR)
        if key[0] in self._groups:
            return age <= max(1000, ROUNDS * self._round_ms)
        return seen.period == 0 or age <= (HOLD_MS if seen.period >= 1000 else PATIENCE_MS)

    def _concerns(self, message: Message, index: int, word: int) -> bool:
        """Whether the frame is about a part of the pack as configured."""
        if message.only is not None and index != message.only:
            return False
        if message.role in self._groups:
            if index * len(message.items) < self._groups[message.role]:
                return True
            if any(value.raw(word) for value, _ in message.items):
                self.tally.warn(
                    f"il y a plus de {PARTS[message.role]} sur le bus que prévu aux réglages",
                    f"there are more {message.role} on the bus than configured",
                )
            return False
        if message.selector and message.only is None and index >= self._shape.strings:
            self.tally.warn(
                f"la chaîne {index} est sur le bus, mais strings vaut {self._shape.strings}",
                f"string {index} is on the bus, but strings is {self._shape.strings}",
            )
            return False
        return True

    def _suspect(self, frame: CanFrame, message: Message | None) -> None:
        """Say so if the frame belongs to another generation; the setting stays what it is."""
        other = TELLTALES.get(frame.id) if message is None else None
        if message and message.role == "pack_voltage_extremes" and frame.data[:1] > b"\0":
            other = "1.10"
        if other:
            self.tally.warn(
                f"la trame 0x{frame.id:03X} est de la génération {other}, "
                f"mais generation vaut {self._generation}",
                f"frame 0x{frame.id:03X} is of generation {other}, "
                f"but generation is set to {self._generation}",
            )

    def _check_version(self, signals: Mapping[str, float]) -> None:
        first, last = self._layout.version
        version = (int(signals["major"]), int(signals["minor"]))
        if not first <= version <= last:
            said = f"{version[0]}.{version[1]}"
            self.tally.warn(
                f"le micrologiciel se dit {said}, mais generation vaut {self._generation}",
                f"the firmware says it is {said}, but generation is set to {self._generation}",
            )

    def _check_validity(self, frames: Frames) -> None:
        """The validity bit of a cell was turned over in v1.8: say so if it seems to be."""
        cells = [c for (role, _), seen in frames.items() if role == "cells" for c in seen.items]
        measured = [(value, valid) for value, valid in cells if value]
        low, high = PLAUSIBLE_CELL
        if measured and all(low <= value <= high and not valid for value, valid in measured):
            now, other = self._invalid_when, 1 - self._invalid_when
            self.tally.warn(
                "toutes les cellules sont marquées invalides, bien que leurs tensions soient "
                f"plausibles : invalid_when vaut {now}, il faut peut-être {other}",
                "all cells are marked invalid though their voltages are plausible: "
                f"invalid_when is {now}, it may have to be {other}",
            )


DRIVER = Driver(
    code="foxbms",
    title=("foxBMS 1 et 2 (CAN)", "foxBMS 1 and 2 (CAN)"),
    link="can",
    formats=("candump", "slcan", "trc"),
    open=FoxBms,
    options=(
        Option(
            "generation",
            (
                "disposition des trames : 1.6 (v1.1 à v1.6), 1.10 (v1.7 à v1.10), 1.11 ou foxbms1",
                "layout of the frames: 1.6 (v1.1 to v1.6), 1.10 (v1.7 to v1.10), 1.11, or foxbms1",
            ),
            "1.11",
            choices=tuple(LAYOUTS),
        ),
        Option(
            "strings",
            ("chaînes en parallèle dans la batterie", "strings of the pack"),
            1,
            whole(1, MAX_ELEMENTS),
        ),
        Option(
            "cells",
            ("cellules en série, par chaîne", "cells in series, per string"),
            18,
            whole(1, MAX_ELEMENTS),
        ),
        Option(
            "temperatures",
            ("sondes de température, par chaîne", "temperature sensors, per string"),
            8,
            whole(0, MAX_ELEMENTS),
        ),
        Option(
            "positive_current",
            (
                "ce que veut dire un courant positif sur le bus ; décharge (discharge) d'origine",
                "what a positive current on the bus means; the firmware's default is discharge",
            ),
            "discharge",
            choices=("discharge", "charge"),
        ),
        Option(
            "invalid_when",
            (
                "valeur du bit d'une cellule qui la marque invalide ; d'origine 1 pour les "
                "générations 1.6 et foxbms1, 0 pour 1.10 et 1.11 (le micrologiciel v1.7 est de la "
                "génération 1.10, avec 1)",
                "value of a cell's bit that marks it invalid; by default 1 in generations 1.6 and "
                "foxbms1, 0 in 1.10 and 1.11 (firmware v1.7 is generation 1.10 with 1)",
            ),
            None,
            int,
            choices=("0", "1"),
        ),
    ),
    variants=tuple({"generation": generation} for generation in reversed(LAYOUTS)),
    turned=("positive_current", "charge"),
)
