"""Libre Solar BMS over ThingSet text on a serial line (115200 baud, 8N1, 3.3 V levels).

The device pushes a report a second without being asked, so listening is enough; where it is silent
(a command shell on USB, reports switched off) it can be asked, with constant lines that read and
nothing else. Firmware v21.0 to the main branch is understood without being told which it is.

Not provided by the device: state of health, cycles, ambient temperature.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..protocols.lines import Lines
from ..protocols.thingset import CONTENT, LONGEST, LineError, Message, flat, parse
from ..wire.reading import Reading, State
from ..words import either
from . import _libresolar_objects as objects
from . import _libresolar_polling as polling
from .base import Assembler, Bytes, Driver, Input, Option, Request

NODE_ID = re.compile(r"[0-9A-F]{16}")
MAX_TEXT = 64


@dataclass(slots=True)
class _Held:
    """Values without the cells, until those come by themselves; `shown`: as a reading already."""

    items: dict[str, Any]
    ts: int
    shown: bool = False


class LibreSolar(Assembler):
    """One reading per report, or per set of answers to what was asked."""

    def __init__(self, asset: str, options: Mapping[str, Any]) -> None:
        super().__init__(asset)
        self._inputs: tuple[int, ...] = options["cells"] or ()
        self._highest_input = 0
        self._only_node: str = options["node"] or ""
        self._first_node = ""
        self._asking = polling.Asking("no" if self._only_node else options["poll"])
        self._lines = Lines(LONGEST)
        self._now = 0
        self._identity: dict[str, State] = {}
        self._settings: dict[str, float] = {}
        self._held: _Held | None = None

    def feed(self, item: Input) -> Iterator[Reading]:
        if not isinstance(item, Bytes):
            self.tally.reject("not_serial")
            return
        self._now = item.ts
        for line in self._lines.feed(item.data):
            yield from self.counted(self._line(line))

    def finish(self) -> Iterator[Reading]:
        """A last line without its end counts if it is whole; cut short it is nobody's fault."""
        try:
            message = parse(self._lines.rest())
        except LineError:
            message = None
        if message:
            self.tally.frames += 1
            yield from self.counted(self._message(message))
        yield from self.counted(self._released())

    def requests(self, now: int) -> Sequence[Request]:
        """Lines to send in this cycle; `now` is epoch milliseconds."""
        wanted = set(objects.IDENTITY.values())
        is_identified = bool(self._settings) and wanted <= set(self._identity)
        lines = self._asking.due(now, is_identified=is_identified)
        if self._asking.in_vain:
            self.tally.warn(
                "aucune réponse : ni rapports, ni réponses aux demandes",
                "no answer: neither reports nor replies to requests",
            )
        return lines

    def _line(self, line: bytes | None) -> Iterator[Reading]:
        if line is None:
            self.tally.reject("too_long")
            return
        try:
            message = parse(line)
        except LineError as error:
            self.tally.reject(error.reason)
            return
        if message:
            self.tally.frames += 1
            yield from self._message(message)

    def _message(self, message: Message) -> Iterator[Reading]:
        if not self._is_ours(message.node):
            return
        items = flat(message.data)
        self._identify(message.data, items)
        is_measured = not items.keys().isdisjoint(objects.MEASURED)
        if is_measured:
            self._asking.heard(report=message.is_report)
        if message.is_report:
            if is_measured:
                yield from self._report(items)
            return
        if message.is_error:
            self._asking.refused()
            self.tally.warn(
                f"le BMS a refusé une demande, code {message.code:02X}",
                f"the BMS refused a request with status {message.code:02X}",
            )
        elif message.code == CONTENT and self._held and objects.are_cells(message.data):
            self._held = _Held(self._held.items | {objects.CELLS[1]: message.data}, self._held.ts)
        yield from self._released()
        if is_measured:
            self._held = _Held(items, self._now)
            if not objects.lack_cells(items):
                yield from self._released()

    def _report(self, items: dict[str, Any]) -> Iterator[Reading]:
        """A report may come between the two answers that make a reading of v21.0."""
        was_waiting = self._held is not None
        yield from self._released()
        yield from self._reading(items, self._now)
        if was_waiting:
            self._held = _Held(items, self._now, shown=True)

    def _released(self) -> Iterator[Reading]:
        held, self._held = self._held, None
        if held and not held.shown:
            yield from self._reading(held.items, held.ts)

    def _is_ours(self, node: str | None) -> bool:
        """A device without a gateway, the configured node, or the first node that speaks."""
        if not node:
            return not self._only_node
        wanted = self._only_node or self._first_node or node
        self._first_node = wanted
        if node != wanted:
            self.tally.warn(
                "plusieurs nœuds parlent sur cette ligne : en choisir un avec le réglage node",
                "several nodes speak on this line: set option node to one of them",
            )
        return node == wanted

    def _identify(self, data: Any, items: objects.Items) -> None:
        """Keep what the device says about itself; a lone text can only be the node identifier."""
        if isinstance(data, str) and NODE_ID.fullmatch(data):
            self._identity["serial"] = data
        for name, state in objects.IDENTITY.items():
            text = items.get(name)
            if isinstance(text, str) and 0 < len(text) <= MAX_TEXT and text.isprintable():
                self._identity[state] = text
        self._settings |= objects.settings(items)

    def _reading(self, items: objects.Items, ts: int) -> Iterator[Reading]:
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
                self.tally.warn(
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


def _inputs(text: str) -> tuple[int, ...]:
    """`8`: the first eight inputs. `1-7,16`: these."""
    numbers: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not (first.isdecimal() and (last.isdecimal() or not dash)):
            raise ValueError(
                either(
                    f"il faut un nombre de cellules, ou des entrées comme 1-7,16, et non {text}",
                    f"expected a number of cells, or inputs like 1-7,16, not {text}",
                )
            )
        low = int(first) if dash or "," in text else 1
        high = int(last or first)
        if not 1 <= low <= high <= objects.MAX_INPUTS:
            raise ValueError(
                either(
                    f"les entrées vont de 1 à {objects.MAX_INPUTS}, et non {part}",
                    f"inputs are numbered 1 to {objects.MAX_INPUTS}, not {part}",
                )
            )
        numbers.extend(range(low, high + 1))
    return tuple(dict.fromkeys(number - 1 for number in numbers))


DRIVER = Driver(
    code="libresolar",
    title=(
        "BMS Libre Solar (texte ThingSet sur ligne série, 115200 bauds)",
        "Libre Solar BMS (ThingSet text on a serial line, 115200 baud)",
    ),
    link="serial",
    formats=("serial", "transcript"),
    open=LibreSolar,
    options=(
        Option(
            "cells",
            (
                "combien d'entrées de la carte ont une cellule (8), ou lesquelles (1-7,16) ; "
                "sinon, celles au-dessus de 0,5 V",
                "how many of the board's inputs have a cell (8), or which (1-7,16); "
                "left out: those above 0.5 V",
            ),
            None,
            _inputs,
        ),
        Option(
            "poll",
            (
                "demander les valeurs : no, yes, ou auto : après trois secondes sans rapport",
                "ask for values: no, yes, or auto: only after three seconds without a report",
            ),
            "auto",
            choices=polling.POLICIES,
        ),
        Option(
            "node",
            (
                "nœud à suivre derrière une passerelle ; écoute seulement",
                "the node to follow behind a gateway; listens only",
            ),
            None,
        ),
    ),
    sends=polling.SENDS,
)
