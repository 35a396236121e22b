"""Everything that reads a battery: a thread for each that talks, a job for each that is asked.

A reader can come, go and be replaced while the others work.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event, Lock, Thread

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from .clock import Clock
from .config import Device
from .devices import Listener, Poller, Take
from .links.asked import Asked, open_asked
from .links.spec import KINDS, LinkSpec
from .notify import notify

log = logging.getLogger(__name__)

READER_ENDS = 20.0
"""Seconds a reader may take to end: the longest time-out of a link, and a bit."""


@dataclass(slots=True)
class _Reader:
    """One device at work; `thread` if it talks by itself."""

    device: Device
    what: Listener | Poller
    stop: Event
    thread: Thread | None = None


class Readers:
    """The readers of all devices. `take` gets each reading, in the thread of its reader."""

    def __init__(self, clock: Clock, take: Take) -> None:
        self._clock, self._take = clock, take
        self._lock = Lock()
        self._at_work: dict[str, _Reader] = {}
        self._lines: dict[LinkSpec, Asked] = {}
        self._scheduler = BackgroundScheduler(
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone="UTC",
        )

    def start(self, devices: Iterable[Device]) -> None:
        self._scheduler.start()
        self.become(devices)

    def become(self, devices: Iterable[Device]) -> tuple[list[str], list[str]]:
        """Read these devices from now on; the assets whose reading ended, and those that began.

        A device whose description did not change is not touched.
        """
        wanted = {device.asset: device for device in devices}
        with self._lock:
            old = [r for a, r in self._at_work.items() if wanted.get(a) != r.device]
            for reader in old:
                reader.stop.set()
            for reader in old:
                self._end(reader)
            self._close_lines({device.link for device in wanted.values()})
            new = [device for asset, device in wanted.items() if asset not in self._at_work]
            for device in new:
                self._begin(device)
        return [reader.device.asset for reader in old], [device.asset for device in new]

    def stop(self) -> None:
        """End every reader; what they have read has been taken."""
        self.become(())
        self._scheduler.shutdown(wait=True)

    def hurry(self) -> None:
        """The computer's clock was set, by which the schedule runs: set back an hour, it would
        sleep for one."""
        with self._lock:
            for job in self._scheduler.get_jobs():
                job.modify(next_run_time=datetime.now(UTC))

    def troubles(self) -> Mapping[str, Exception | None]:
        """Why each device does not answer at the moment, None where it does."""
        with self._lock:
            return {asset: reader.what.trouble for asset, reader in self._at_work.items()}

    def _begin(self, device: Device) -> None:
        stop = Event()
        if KINDS[device.link.kind].asked:
            poller = Poller(device, self._clock, self._take, self._line(device.link))
            reader = _Reader(device, poller, stop)
            self._every(device, poller.poll)
        else:
            listener = Listener(device, self._clock, self._take, stop)
            reader = _Reader(device, listener, stop, Thread(target=listener.run, name=device.asset))
            reader.thread.start()
            if device.driver.sends:
                self._every(device, listener.ask)
        self._at_work[device.asset] = reader

    def _end(self, reader: _Reader) -> None:
        asset = reader.device.asset
        if self._scheduler.get_job(asset):
            self._scheduler.remove_job(asset)
            self._scheduler.remove_executor(_thread(asset))  # waits for a question under way
        if reader.thread:
            reader.thread.join(READER_ENDS)
            if reader.thread.is_alive():
                log.error("%s: its link does not let go", asset)
        del self._at_work[asset]
        notify("WATCHDOG=1")

    def _every(self, device: Device, job: Callable[[], None]) -> None:
        """At its interval, in a thread of its own: a slow device must not make another wait."""
        alias = _thread(device.asset)
        self._scheduler.add_executor(ThreadPoolExecutor(1), alias)
        self._scheduler.add_job(
            job, "interval", seconds=device.interval, id=device.asset, executor=alias
        )

    def _line(self, link: LinkSpec) -> Asked:
        """The connection of this description; devices behind one share it."""
        if link not in self._lines:
            self._lines[link] = open_asked(link, self._clock.now)
        return self._lines[link]

    def _close_lines(self, wanted: set[LinkSpec]) -> None:
        for link in [link for link in self._lines if link not in wanted]:
            self._lines.pop(link).close()


def _thread(asset: str) -> str:
    """The name of a device's own thread in the schedule."""
    return f"reader {asset}"
