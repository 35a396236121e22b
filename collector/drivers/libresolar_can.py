"""Libre Solar BMS and MPPT over ThingSet on CAN (500 kbit/s; 250 with firmware v21.0).

Nodes report by themselves, so that listening is enough: v21.0 to v23.1 one value a frame, the main
branch everything in one report of many frames. Only that one carries the voltages of the cells; an
older BMS can be asked for them, which is transmitting: `transmit` here and `acknowledge` of the
link must both say so.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..protocols.thingset import CONTENT
from ..protocols.thingset_can import ADDRESSES, GATEWAY, Bus, Told, Value, begins, go_on, question
from ..wire.reading import Reading
from ._libresolar_bms import MEASUREMENTS
from ._libresolar_device import OPTIONS, VARIANTS, device
from .base import Assembler, CanFrame, Driver, Garbage, Input, Option, Request, whole

SAMPLE_MS = 500
"""Values of one sample come within this: a node sends all it has at once, each second."""
HOLD_MS = 5000
"""While answers with everything come at least so often, single values make no readings."""
SENDS = frozenset(
    frame for node in ADDRESSES for frame in (question(node, MEASUREMENTS), go_on(node))
)


class LibreSolarCan(Assembler):
    """One reading per report, per answer, or per sample of single values."""

    def __init__(self, asset: str, options: Mapping[str, Any]) -> None:
        super().__init__(asset)
        self._device = device(asset, self.tally, options)
        self._bus = Bus()
        self._node: int | None = options["node"]
        self._asks = options["transmit"] == "yes" and self._device.group is not None
        self._due: list[CanFrame] = []
        self._sample: dict[str, Any] = {}
        self._usual: set[str] = set()
        self._since = 0
        self._answered: int | None = None

    def feed(self, item: Input) -> Iterator[Reading]:
        if not isinstance(item, CanFrame):
            self.tally.reject("not_can")
            return
        if self._sample and not 0 <= item.ts - self._since <= SAMPLE_MS:
            yield from self.counted(self._closed())
        for heard in self._bus.feed(item):
            yield from self.counted(self._heard(heard, item.ts))
        if self._asks and begins(item) == self._node is not None:
            self._due.append(go_on(self._node))

    def finish(self) -> Iterator[Reading]:
        yield from self.counted(self._closed())

    @property
    def asking(self) -> bool:
        return bool(self._due)

    def requests(self, now: int) -> Sequence[Request]:
        """Nothing until a node has spoken: who is there is not found out by asking around."""
        if not self._asks or self._node not in ADDRESSES:
            return ()
        return (question(self._node, MEASUREMENTS),)

    def follow_up(self, now: int) -> Sequence[Request]:
        due, self._due = self._due, []
        return due

    def _heard(self, heard: Value | Told | Garbage, ts: int) -> Iterator[Reading]:
        if isinstance(heard, Garbage):
            self.tally.reject(heard.reason)
            return
        self.tally.frames += 1
        if isinstance(heard, Value):
            numbers = self._device.old_numbers if heard.is_old else self._device.numbers
            items = self._device.items({numbers.get(heard.number, ""): heard.value})
            if self._is_ours(heard.source, items):
                yield from self._gather(items, ts)
        else:
            yield from self._told(heard, ts)

    def _told(self, heard: Told, ts: int) -> Iterator[Reading]:
        """Everything at once, in a report or in an answer; refusals are for whoever asked."""
        message = heard.message
        if not isinstance(message.data, dict) or message.code not in (None, CONTENT):
            if message.is_error and heard.target == GATEWAY and self._asks:
                self.tally.warn(
                    f"le BMS a refusé une demande, code {message.code:02X}",
                    f"the BMS refused a request with status {message.code:02X}",
                )
            return
        numbers = self._device.numbers
        named = {numbers.get(key, key): value for key, value in message.data.items()}
        items = self._device.items({k: v for k, v in named.items() if isinstance(k, str)})
        if self._is_ours(heard.source, items):
            if not message.is_report:
                self._answered = ts
                self._sample = {}
            yield from self._closed()
            yield from self._device.reading(items, ts)

    def _gather(self, items: dict[str, Any], ts: int) -> Iterator[Reading]:
        """Add a value; a sample is whole when it has what the one before had, or begins again."""
        if self._answered is not None and 0 <= ts - self._answered <= HOLD_MS:
            return
        if not items.keys().isdisjoint(self._sample):
            yield from self._closed()
        if not self._sample:
            self._since = ts
        self._sample |= items
        if self._usual and self._usual <= self._sample.keys():
            yield from self._closed()

    def _closed(self) -> Iterator[Reading]:
        sample, self._sample = self._sample, {}
        if sample:
            self._usual = set(sample)
            yield from self._device.reading(sample, self._since)

    def _is_ours(self, source: int, items: Mapping[str, Any]) -> bool:
        """The configured node, or the first that measures something."""
        if not self._device.is_measured(items):
            return False
        if self._node is None:
            self._node = source
        if source != self._node:
            self.tally.warn(
                f"le nœud {source} parle aussi sur ce bus ; le réglage node en choisit un",
                f"node {source} speaks on this bus, too; option node chooses one",
            )
        return source == self._node


DRIVER = Driver(
    code="libresolar_can",
    title=(
        "Libre Solar, BMS et MPPT (ThingSet binaire sur CAN)",
        "Libre Solar BMS and MPPT (binary ThingSet on CAN)",
    ),
    link="can",
    formats=("candump", "slcan", "trc"),
    open=LibreSolarCan,
    options=(
        *OPTIONS,
        Option(
            "node",
            (
                "adresse du nœud à suivre ; sinon le premier qui mesure quelque chose",
                "address of the node to follow; left out: the first that measures something",
            ),
            None,
            whole(ADDRESSES.start, ADDRESSES.stop - 1),
        ),
        Option(
            "transmit",
            (
                "demander aussi les tensions des cellules, que les versions v21 à v23.1 ne "
                "publient pas sur CAN : transmet, si la liaison a acknowledge = true",
                "also ask for the cell voltages, which v21 to v23.1 do not publish on CAN: "
                "transmits, if the link has acknowledge = true",
            ),
            "no",
            choices=("no", "yes"),
        ),
    ),
    sends=SENDS,
    variants=VARIANTS,
)
