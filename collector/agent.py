"""The agent: every part of a running collector, started together and stopped in order.

One thread per device that talks, one scheduled job per device that must be asked, one keeper that
writes to the disk, and the push.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Event, Thread

import requests
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from .clock import Clock, boot_id
from .config import Config, Device
from .devices import Listener, Poller
from .links.asked import Asked, open_asked
from .links.spec import KINDS, LinkSpec
from .notify import notify
from .portal.identity import Identity, Signer
from .portal.push import Pusher
from .sampler import Sampler
from .spool.spool import SPOOL_FILE, Spool, SpoolError

log = logging.getLogger(__name__)

THIN = 60.0
NO_DISK_PAUSE = 10.0
PUSH_ENDS = 5.0
"""Seconds a push under way may still take when the collector stops."""
SHORTEST_PAUSE = 0.5
"""Seconds between pushes, however many alarms come and go."""


class Agent:
    """A collector at work. `run` blocks until another thread calls `stop`."""

    def __init__(
        self, config: Config, identity: Identity, signer: Signer, clock: Clock | None = None
    ) -> None:
        self._clock, self._commit = clock or Clock(), config.commit
        self._stop, self._wake_keeper, self._wake_push = Event(), Event(), Event()
        self._spool = Spool(
            config.state / SPOOL_FILE, boot_id(), self._clock.base, quota=config.quota
        )
        self._sampler = Sampler(self._spool, self._clock.monotonic, self._wake_keeper.set)
        session = requests.Session()
        if config.ca_file:
            session.verify = config.ca_file
        self._pusher = Pusher(identity, signer, self._spool, self._sampler, self._clock, session)
        self._scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(max(1, len(config.devices)))},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone="UTC",
        )
        self._threads: list[Thread] = []
        self._lines: dict[LinkSpec, Asked] = {}
        self._count, self._broken = len(config.devices), False
        for device in config.devices:
            self._add(device)

    def run(self) -> None:
        """Read, keep and push until stopped; then seal what is open.

        Raises RuntimeError if a part failed that nothing can do without.
        """
        keeper = Thread(target=self._guarded, args=(self._keep,), name="keeper")
        # a daemon: a portal that does not answer must not keep the collector from ending
        pusher = Thread(target=self._guarded, args=(self._push,), name="push", daemon=True)
        for thread in (*self._threads, keeper, pusher):
            thread.start()
        self._scheduler.start()
        log.info("reading %d devices", self._count)
        notify("READY=1")
        try:
            self._stop.wait()
        finally:
            notify("STOPPING=1")
            self.stop()
            self._scheduler.shutdown(wait=True)
            for thread in (*self._threads, keeper):
                thread.join()
            for line in self._lines.values():
                line.close()
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

    def _add(self, device: Device) -> None:
        if KINDS[device.link.kind].asked:
            poller = Poller(device, self._clock, self._sampler.take, self._line(device.link))
            self._every(device.interval, poller.poll)
            return
        listener = Listener(device, self._clock, self._sampler.take, self._stop)
        self._threads.append(Thread(target=listener.run, name=device.asset))
        if device.driver.sends:
            self._every(device.interval, listener.ask)

    def _line(self, link: LinkSpec) -> Asked:
        """The connection of this description; devices behind one share it."""
        if link not in self._lines:
            self._lines[link] = open_asked(link, self._clock.now)
        return self._lines[link]

    def _every(self, seconds: float, job: Callable[[], None]) -> None:
        self._scheduler.add_job(job, "interval", seconds=seconds)

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
            self._wake_keeper.wait(self._commit)
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
        for job in self._scheduler.get_jobs():
            # the schedule runs on the computer's clock: set back an hour, it would sleep for one
            job.modify(next_run_time=datetime.now(UTC))
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
