"""Libre Solar BMS and MPPT over ThingSet text on a serial line (115200 baud, 8N1, 3.3 V levels).

The device pushes a report a second without being asked, so listening is enough; where it is silent
(a command shell on USB, reports switched off) it can be asked, with constant lines that read and
nothing else. Firmware v21.0 to the main branch is understood without being told which it is. A
charge controller (`device`: mppt) is only listened to.

Not provided by a BMS: state of health, cycles, ambient temperature.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..protocols.lines import Lines
from ..protocols.thingset import CONTENT, LONGEST, LineError, Message, parse
from ..wire.reading import Reading
from . import _libresolar_objects as objects
from . import _libresolar_polling as polling
from ._libresolar_device import BMS, OPTIONS, VARIANTS, device
from .base import Assembler, Bytes, Driver, Input, Option, Request


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
        self._device = device(asset, self.tally, options)
        self._only_node: str = options["node"] or ""
        self._first_node = ""
        can_ask = options["device"] == BMS and not self._only_node
        self._asking = polling.Asking(options["poll"] if can_ask else "no")
        self._lines = Lines(LONGEST)
        self._now = 0
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
        lines = self._asking.due(now, is_identified=self._device.is_identified)
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
        items = self._device.items(message.data, message.path)
        # a charge controller answers in parts, which make no reading each
        is_whole = message.is_report or self._device.group is not None
        is_measured = is_whole and self._device.is_measured(items)
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
        yield from self._device.reading(items, self._now)
        if was_waiting:
            self._held = _Held(items, self._now, shown=True)

    def _released(self) -> Iterator[Reading]:
        held, self._held = self._held, None
        if held and not held.shown:
            yield from self._device.reading(held.items, held.ts)

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


DRIVER = Driver(
    code="libresolar",
    title=(
        "Libre Solar, BMS et MPPT (texte ThingSet sur ligne série, 115200 bauds)",
        "Libre Solar BMS and MPPT (ThingSet text on a serial line, 115200 baud)",
    ),
    link="serial",
    formats=("serial", "transcript"),
    open=LibreSolar,
    options=(
        *OPTIONS,
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
    variants=VARIANTS,
)
