"""Libre Solar BMS and MPPT behind a gateway that gives ThingSet objects as JSON over HTTP.

The url of the link is that of the device at the gateway, `http://gateway/ts/DEVICE`; each group of
objects is a document below it. All of a cycle's documents make one reading.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..protocols.thingset import flat
from ..wire.reading import Reading
from ._libresolar_device import OPTIONS, VARIANTS, device
from .base import Assembler, Document, Driver, Fetch, Input, Option, Request

TRIES = 3
"""Cycles in which a device is asked who it is; not every gateway passes that on."""
OLD_GROUP = "output"
"""Of the measurements of firmware v21.0."""
SPAN_MS = 10_000
"""Documents of a recording further apart than this are not of one cycle."""


class LibreSolarHttp(Assembler):
    """One reading per cycle: it ends with `finish`, or where a document comes again."""

    def __init__(self, asset: str, options: Mapping[str, Any]) -> None:
        super().__init__(asset)
        self._device = device(asset, self.tally, options)
        is_old = options["firmware"] == "v21"
        self._paths = (OLD_GROUP, f"{OLD_GROUP}/Cells_V") if is_old else self._device.paths
        self._details = () if is_old else self._device.details
        self._tries = 0
        self._items: dict[str, Any] = {}
        self._seen: set[str] = set()
        self._ts = 0

    def requests(self, now: int) -> Sequence[Request]:
        """The measurements, and at first what the device says of itself."""
        paths = self._paths
        if not self._device.is_identified and self._tries < TRIES:
            self._tries += 1
            paths = (*paths, *self._details)
        return tuple(map(Fetch, paths))

    def feed(self, item: Input) -> Iterator[Reading]:
        if not isinstance(item, Document):
            self.tally.reject("not_document")
            return
        self.tally.frames += 1
        if item.path in self._seen or not 0 <= item.ts - self._ts <= SPAN_MS:
            yield from self.finish()
        if not self._seen:
            self._ts = item.ts
        self._seen.add(item.path)
        name = item.path.rpartition("/")[2]
        data = {name: item.data} if isinstance(item.data, list) else item.data
        if not isinstance(data, dict):
            self.tally.reject("no_object")
            return
        self._items |= self._device.items(data, item.path)

    def finish(self) -> Iterator[Reading]:
        """The cycle is over: what came of it is a reading."""
        items, self._items = self._items, {}
        self._seen.clear()
        if self._device.is_measured(flat(items)):
            yield from self.counted(self._device.reading(items, self._ts))


DRIVER = Driver(
    code="libresolar_http",
    title=(
        "Libre Solar, BMS et MPPT (ThingSet en JSON par HTTP)",
        "Libre Solar BMS and MPPT (ThingSet as JSON over HTTP)",
    ),
    link="http",
    formats=("json",),
    open=LibreSolarHttp,
    options=(
        *OPTIONS,
        Option(
            "firmware",
            (
                "du BMS : v23 (v23.0 et plus récents) ou v21",
                "of the BMS: v23 (v23.0 and later) or v21",
            ),
            "v23",
            choices=("v23", "v21"),
        ),
    ),
    variants=VARIANTS,
)
