"""The agent: every part of a running collector, started together and stopped in order.

The readers of the batteries, one keeper that writes to the disk, and the push.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from threading import Event, Thread

import requests

from . import __version__
from .clock import Clock, boot_id
from .config import Config
from .links.errors import told_in_both
from .notify import notify
from .portal.push import Pusher
from .portal.wishes import Wishes
from .readers import Readers
from .sampler import Sampler
from .spool.spool import SPOOL_FILE, Spool, SpoolError
from .status_page import Snapshot, StatusPage
from .wire.reading import Reading
from .wire.sending import left_out

log = logging.getLogger(__name__)

THIN = 60.0
NO_DISK_PAUSE = 10.0
PUSH_ENDS = 5.0
"""Seconds a push under way may still take when the collector stops."""
SHORTEST_PAUSE = 0.5
"""Seconds between pushes, however many alarms come and go."""
FIXED = ("state", "portal", "ca_file", "status")
"""What a running collector cannot change."""


class Agent:
    """A collector at work. `run` blocks until another thread calls `stop`."""

    def __init__(self, config: Config, clock: Clock | None = None) -> None:
        self.config, self._clock = config, clock or Clock()
        self._stop, self._wake_keeper, self._wake_push = Event(), Event(), Event()
        self._spool = Spool(
            config.state / SPOOL_FILE, boot_id(), self._clock.base, quota=config.quota
        )
        self._sampler = Sampler(self._spool, self._clock.monotonic, self._wake_keeper.set)
        self._wishes = Wishes(config.state, config.sending, allowed=config.remote)
        session = requests.Session()
        if config.ca_file:
            session.verify = config.ca_file
        self._pusher = Pusher(
            config.state, self._spool, self._sampler, self._clock, self._wishes, session
        )
        self._readers = Readers(self._clock, self._take)
        self._page: StatusPage | None = None
        self._broken = False

    def run(self) -> None:
        """Read, keep and push until stopped; then seal what is open.

        Raises RuntimeError if a part failed that nothing can do without.
        """
        keeper = Thread(target=self._guarded, args=(self._keep,), name="keeper")
        # a daemon: a portal that does not answer must not keep the collector from ending
        pusher = Thread(target=self._guarded, args=(self._push,), name="push", daemon=True)
        self._readers.start(self.config.devices)
        keeper.start()
        pusher.start()
        self._show()
        log.info("reading %d devices", len(self.config.devices))
        notify("READY=1")
        try:
            self._stop.wait()
        finally:
            notify("STOPPING=1")
            self.stop()
            if self._page:
                self._page.close()
            self._readers.stop()
            keeper.join()
            self._sampler.keep(seal_all=True)
            pusher.join(PUSH_ENDS)
            if not pusher.is_alive():
                self._spool.close()
        if self._broken:
            raise RuntimeError("a part of the collector failed, see the log")

    def stop(self) -> None:
        """Ask everything to end; returns at once."""
        self._stop.set()
        self._wake_keeper.set()
        self._wake_push.set()

    def become(self, config: Config) -> None:
        """Go on with another configuration; a battery whose description is the same is read on.

        What cannot change while it runs keeps its value, and the log says so.
        """
        for name in FIXED:
            if getattr(config, name) != getattr(self.config, name):
                log.warning("%s changes with the next start", name)
        config = replace(config, **{name: getattr(self.config, name) for name in FIXED})
        self._spool.quota = config.quota
        self._wishes.become(config.sending, allowed=config.remote)
        ended, began = self._readers.become(config.devices)
        self.config = config
        log.info("configuration read again: %d devices", len(config.devices))
        for asset in sorted({*ended, *began}):
            word = "read anew" if asset in ended and asset in began else "read from now on"
            log.info("%s: %s", asset, word if asset in began else "not read any more")

    def look(self) -> Snapshot:
        """How everything is, for the status page."""
        try:
            queued, lost = self._spool.queued(), self._spool.losses()[1]
        except SpoolError:
            queued = lost = None
        return Snapshot(
            now=self._clock.now(),
            collector=self._pusher.name,
            version=__version__,
            newest=self._sampler.newest(),
            troubles={
                asset: trouble and told_in_both(trouble)
                for asset, trouble in self._readers.troubles().items()
            },
            queued=queued,
            lost=lost,
            delivered=self._pusher.delivered,
        )

    def _show(self) -> None:
        """The status page, if there is to be one; what keeps it from opening stops nothing else."""
        if self.config.status is None:
            return
        try:
            self._page = StatusPage(self.config.status, self.look)
        except OSError as error:
            log.error("no status page on %s port %d: %s", *self.config.status, error)

    def _take(self, reading: Reading) -> None:
        if without := self._wishes.sending.without:
            values, arrays = left_out(reading.values, without), left_out(reading.arrays, without)
            reading = replace(reading, values=values, arrays=arrays)
        self._sampler.take(reading)

    def _guarded(self, part: Callable[[], None]) -> None:
        """Run a part; if it fails everything ends, to be started again from the disk."""
        try:
            part()
        except Exception:
            log.exception("the %s failed", part.__name__.strip("_"))
            self._broken = True
        finally:
            self.stop()

    def _keep(self) -> None:
        """Commit as often as configured and when an alarm changed; watch the clock and the room."""
        thin_due = self._clock.monotonic() + THIN
        while not self._stop.is_set():
            self._wake_keeper.wait(self.config.commit)
            self._wake_keeper.clear()
            self._watch_clock()
            if self._sampler.keep():
                self._wake_push.set()
            if self._clock.monotonic() >= thin_due:
                thin_due = self._clock.monotonic() + THIN
                try:
                    self._spool.thin()
                except SpoolError as error:
                    log.error("no room can be made: %s", error)
            notify("WATCHDOG=1")

    def _watch_clock(self) -> None:
        step = self._clock.step()
        if not step:
            return
        log.warning("the computer's clock was set by %.1f s", step / 1000)
        self._readers.hurry()
        moved = self._clock.follow()
        if moved:
            try:
                self._sampler.redate(moved, self._clock.base, final=False)
            except SpoolError as error:
                self._clock.forget(moved)
                log.error("readings keep their wrong dates for now: %s", error)

    def _push(self) -> None:
        while not self._stop.is_set():
            try:
                pushed = self._pusher.push()
            except SpoolError as error:
                log.error("nothing can be pushed: %s", error)
                self._stop.wait(NO_DISK_PAUSE)
                continue
            if not pushed.stored:
                self._stop.wait(pushed.pause)
                continue
            self._stop.wait(min(SHORTEST_PAUSE, pushed.pause))
            self._wake_push.wait(max(0.0, pushed.pause - SHORTEST_PAUSE))
            self._wake_push.clear()
