"""The data chain: battery → BMS → collector → portal, and which link is the first to be silent."""

from dataclasses import dataclass

from app.core.models import Collector
from app.processor.state import LIVE

from .board import Row

COLLECTOR_SILENT_MS = 150_000
"""A collector speaks at least every minute; this long without a word is silence."""
CLOCK_LIMIT_MS = 5_000


@dataclass(frozen=True, slots=True)
class Link:
    """One link as it is drawn: its icon, whether the data stop before it, and its status."""

    icon: str
    cut: bool
    mark: str


@dataclass(frozen=True, slots=True)
class Links:
    """The four, from the cells to here."""

    battery: Link
    bms: Link
    collector: Link
    portal: Link


@dataclass(frozen=True, slots=True)
class Chain:
    """What is known of each link. `cut` is the first silent one: "", collector, bms or battery.

    `collector` None: no collector has ever sent anything of this battery.
    """

    row: Row
    collector: Collector | None
    silent_ms: int | None
    cut: str

    @property
    def clock_wrong(self) -> bool:
        offset = self.collector.clock_offset_ms if self.collector else None
        return offset is not None and abs(offset) > CLOCK_LIMIT_MS

    @property
    def links(self) -> Links:
        """The first silent link is `off`; of those behind it nothing is known: they `wait`."""
        deaf = self.cut == "collector"
        bms = "wait" if deaf else "off" if self.cut == "bms" else "ok"
        collector = "off" if deaf else "warn" if self.clock_wrong else "ok"
        return Links(
            battery=Link("battery", bool(self.cut), "wait" if self.cut else "ok"),
            bms=Link("chip", self.cut in ("bms", "collector"), bms),
            collector=Link(
                "server", deaf or self.collector is None, collector if self.collector else "wait"
            ),
            portal=Link("cloud", False, "ok"),
        )


def chain(row: Row, collector: Collector | None, now: int) -> Chain:
    """Find the first broken link, from the portal outwards.

    A collector that speaks while a battery is silent has lost its BMS; a BMS that speaks without
    a single measurement has lost its battery.
    """
    seen = collector.last_seen if collector else None
    silent = None if seen is None else max(now - seen, 0)
    return Chain(row, collector, silent, _cut(row, collector, silent))


def _cut(row: Row, collector: Collector | None, silent: int | None) -> str:
    if row.connection == LIVE:
        return "" if row.values else "battery"
    if collector is None or silent is None or silent > COLLECTOR_SILENT_MS:
        return "collector"
    return "bms"
