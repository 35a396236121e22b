"""Between the drivers and the spool: the newest reading of each asset, and the open blocks.

Readings reach the disk in group commits and are sealed a minute at a time; the first two seconds
of an asset, and every change of its alarms, are sealed at once so that they are seen at once.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from threading import Lock

from .spool.rows import BLOCK_NUMBERS
from .spool.spool import Spool, SpoolError
from .wire.block import MAX_READINGS
from .wire.envelope import MAX_LIVE
from .wire.reading import Reading

log = logging.getLogger(__name__)

FIRST_BLOCK = 2.0
BLOCK = 60.0
"""Seconds a block stays open."""
SAME_MOMENT = 1000
"""Milliseconds: readings that came in one piece have one time, and none may hide another."""
MEMORY = 20_000
"""Readings held in memory while the disk refuses them; beyond, the oldest are lost, loudly."""


@dataclass(slots=True, eq=False)
class _Open:
    """The block being filled. `kept` of its readings are journalled; `due` is monotonic.

    An `urgent` one is worth a push of its own when it is sealed.
    """

    due: float
    urgent: bool = False
    readings: list[Reading] = field(default_factory=list)
    kept: int = 0
    numbers: int = 0


class Sampler:
    """`take` is called by device threads; `keep` and `close` by one keeper; `fresh` by the push.

    `alarmed` is called, in the device's thread, when the alarms of an asset changed.
    """

    def __init__(
        self, spool: Spool, monotonic: Callable[[], float], alarmed: Callable[[], None]
    ) -> None:
        self._spool, self._monotonic, self._alarmed = spool, monotonic, alarmed
        self._lock = Lock()
        self._disk = Lock()
        """Held while readings go to the disk or are redated: never both at once."""
        self._open: dict[str, _Open] = {}
        self._newest: dict[str, Reading] = {}
        self._sent: dict[str, int] = {}
        self._lost = 0
        """Readings that memory could not hold, which the spool does not know of yet."""

    def take(self, reading: Reading) -> None:
        """Add a reading. Never waits for the disk."""
        with self._lock:
            before = self._newest.get(reading.asset)
            if before is not None and 0 <= before.ts - reading.ts < SAME_MOMENT:
                reading = replace(reading, ts=before.ts + 1)
            if before is None or reading.ts >= before.ts:
                self._newest[reading.asset] = reading
            changed = before is not None and before.alarms != reading.alarms
            changed = changed or (before is None and bool(reading.alarms))
            now = self._monotonic()
            block = self._open.get(reading.asset)
            if block is None:
                due = now + (FIRST_BLOCK if before is None else BLOCK)
                block = self._open[reading.asset] = _Open(due, urgent=before is None)
            block.readings.append(reading)
            block.numbers += len(reading.values) + sum(map(len, reading.arrays.values()))
            full = len(block.readings) >= MAX_READINGS or block.numbers >= BLOCK_NUMBERS
            if changed or full:
                block.due = now
                block.urgent = block.urgent or changed
        if changed:
            self._alarmed()

    def keep(self, *, seal_all: bool = False) -> bool:
        """Commit what was taken since the last call, and seal the blocks that are due.

        Returns whether one of those should be pushed at once.

        When the disk refuses, everything stays in memory for the next call.
        """
        with self._disk:
            try:
                urgent = self._keep(seal_all)
                if self._lost:
                    self._spool.note_lost(self._lost)
                    self._lost = 0
                return urgent
            except SpoolError as error:
                log.error("readings wait in memory: %s", error)
                self._forget_oldest()
                return False

    def fresh(self) -> tuple[Reading, ...]:
        """The newest reading of every asset that has one the portal has not shown yet."""
        with self._lock:
            news = [r for a, r in self._newest.items() if self._sent.get(a, -1) < r.ts]
        return tuple(sorted(news, key=lambda r: -r.ts)[:MAX_LIVE])

    def shown(self, readings: Iterable[Reading]) -> None:
        """The portal has taken these as live."""
        with self._lock:
            for reading in readings:
                self._sent[reading.asset] = max(self._sent.get(reading.asset, -1), reading.ts)

    def redate(self, by: int, base: int, *, final: bool) -> None:
        """The clock was wrong by `by` milliseconds: move what is in memory and in the spool."""
        with self._disk:
            self._spool.redate(base, final=final)
            with self._lock:
                for block in self._open.values():
                    block.readings[:] = [replace(r, ts=r.ts + by) for r in block.readings]
                self._newest = {a: replace(r, ts=r.ts + by) for a, r in self._newest.items()}
                self._sent.clear()

    def newest(self) -> Mapping[str, Reading]:
        with self._lock:
            return dict(self._newest)

    def _keep(self, seal_all: bool) -> bool:
        now = self._monotonic()
        with self._lock:
            parts = [(block, list(block.readings)) for block in self._open.values()]
        due = [(b, readings) for b, readings in parts if seal_all or b.due <= now]
        still = [(b, readings) for b, readings in parts if not (seal_all or b.due <= now)]
        if due:
            everything = [reading for _, readings in still for reading in readings]
            self._spool.seal(*(readings for _, readings in due), still_open=everything)
        elif news := [reading for block, readings in still for reading in readings[block.kept :]]:
            self._spool.journal(news)
        for block, readings in still:
            block.kept = len(readings)
        for block, readings in due:
            self._sealed(block, readings)
        return any(block.urgent for block, _ in due)

    def _sealed(self, block: _Open, readings: list[Reading]) -> None:
        """These are on the disk; what came meanwhile begins the next block."""
        with self._lock:
            rest = block.readings[len(readings) :]
            asset = readings[0].asset
            if rest:
                numbers = sum(len(r.values) + sum(map(len, r.arrays.values())) for r in rest)
                self._open[asset] = _Open(self._monotonic() + BLOCK, readings=rest, numbers=numbers)
            else:
                del self._open[asset]

    def _forget_oldest(self) -> None:
        with self._lock:
            held = sum(len(block.readings) for block in self._open.values())
            if held <= MEMORY:
                return
            for block in self._open.values():
                gone = len(block.readings) // 2
                self._lost += max(0, gone - block.kept)
                del block.readings[:gone]
                block.kept = max(0, block.kept - gone)
        log.critical("the disk refuses readings and memory is full: the oldest half is lost")
