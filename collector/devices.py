"""A device being read: a link, a decoder, and what to do when one of them fails.

Devices know nothing of each other. One that fails is tried again after a second, then less and
less often, at most every five minutes; its neighbours do not notice.
"""

import logging
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from threading import Event, Lock

from .clock import Clock, Now
from .config import Device
from .decoding import decode, tidied
from .drivers.base import Decoder, Request, Tally
from .links.asked import Asked
from .links.errors import BadAnswer, LinkDown, LinkError, LinkTimeout
from .links.spec import LinkSpec
from .links.stream import Stream, open_stream
from .wire.reading import Reading

log = logging.getLogger(__name__)

Take = Callable[[Reading], None]
WAIT = 0.5
"""Seconds a link waits for something before the thread looks whether it must stop."""
BRIEF = 0.02
"""The same while a conversation is under way, whose next question has its moment."""
SILENCE = 30.0
"""Seconds without a byte after which a link is opened anew: adapters forget that they were open."""
LONGEST_PAUSE = 300.0
BUSY = ("exception_5", "exception_6", "exception_11")
"""Exceptions of a Modbus device that will answer if it is asked again."""
BUSY_TRIES = 3
"""Questions of a cycle that are put again, after the others."""
REPORT = 60.0
"""Seconds between two lines of the log on what was rejected."""


def pause_after(failures: int) -> float:
    """Seconds until the next attempt: quick at first, since most faults are a plug being moved."""
    return 1.0 if failures <= 1 else min(LONGEST_PAUSE, 2.0 * failures)


@dataclass(slots=True)
class Condition:
    """How a device is doing: failures in a row, the last, and rejects already in the log."""

    name: str
    failures: int = 0
    trouble: Exception | None = None
    reported: Counter[str] = field(default_factory=Counter)
    report_due: float = 0.0

    def failed(self, error: Exception) -> float:
        """Count a failure and log it; the pause that follows."""
        self.failures += 1
        self.trouble = error
        pause = pause_after(self.failures)
        log.warning("%s: %s; next attempt in %.0f s", self.name, error, pause)
        return pause

    def works(self) -> None:
        if self.failures:
            log.info("%s answers again", self.name)
            self.failures, self.trouble = 0, None

    def report(self, decoder: Decoder, now: float) -> None:
        """Log, now and then, what was rejected since the last time."""
        if now < self.report_due:
            return
        self.report_due = now + REPORT
        news = decoder.tally.reasons - self.reported
        self.reported = Counter(decoder.tally.reasons)
        if news:
            counts = ", ".join(f"{reason} {count}" for reason, count in news.most_common())
            log.warning("%s: rejected %s", self.name, counts)


class Listener:
    """A device on a stream: reads until told to stop, in a thread of its own."""

    def __init__(
        self,
        device: Device,
        clock: Clock,
        take: Take,
        stop: Event,
        connect: Callable[[LinkSpec, Now], Stream] = open_stream,
    ) -> None:
        self.device = device
        self._clock, self._take, self._stop, self._connect = clock, take, stop, connect
        self._decoder = device.driver.decoder(device.asset, device.options)
        self._condition = Condition(device.asset)
        self._stream: Stream | None = None
        self._lock = Lock()

    @property
    def tally(self) -> Tally:
        return self._decoder.tally

    @property
    def trouble(self) -> Exception | None:
        """Why it does not work at the moment."""
        return self._condition.trouble

    def run(self) -> None:
        """Until stopped: connect, listen, and after a failure wait and begin again."""
        while not self._stop.is_set():
            try:
                self._listen()
            except LinkError as error:
                self._stop.wait(self._condition.failed(error))
            except Exception as error:
                log.exception("%s: a fault in the collector itself", self.device.asset)
                self._stop.wait(self._condition.failed(error))
        self._give(tidied(self._decoder.finish()))

    def ask(self) -> None:
        """Send what the driver wants to ask; called by the schedule, while `run` listens."""
        with self._lock:
            if self._stream is None:
                return
            try:
                self._send(self._decoder.requests(self._clock.now()))
            except LinkDown:
                return  # the listening thread meets the same error and says so

    def _send(self, requests: Iterable[Request]) -> None:
        for request in requests:
            if request not in self.device.driver.sends:
                raise ValueError(f"{self.device.driver.code} may not send {request!r}")
            self._stream.send(request)

    def _listen(self) -> None:
        stream = self._connect(self.device.link, self._clock.now)
        try:
            with self._lock:
                self._stream = stream
            heard = self._clock.monotonic()
            while not self._stop.is_set():
                items = stream.receive(BRIEF if self._decoder.asking else WAIT)
                now = self._clock.monotonic()
                with self._lock:
                    readings = list(decode(self._decoder, items))
                    self._send(self._decoder.follow_up(self._clock.now()))
                self._give(readings)
                if items:
                    heard = now
                    self._condition.works()
                elif now - heard > SILENCE:
                    raise LinkTimeout(
                        f"{self.device.link} : rien entendu depuis {SILENCE:.0f} s",
                        f"{self.device.link}: nothing heard for {SILENCE:.0f} s",
                    )
                self._condition.report(self._decoder, now)
        finally:
            with self._lock:
                self._stream = None
            stream.close()

    def _give(self, readings: Iterable[Reading]) -> None:
        for reading in readings:
            self._take(reading)


class Poller:
    """A device that is asked: one cycle of questions each time it is called by the schedule."""

    def __init__(self, device: Device, clock: Clock, take: Take, link: Asked) -> None:
        self.device = device
        self._clock, self._take, self._link = clock, take, link
        self._decoder = device.driver.decoder(device.asset, device.options)
        self._condition = Condition(device.asset)
        self._resume = 0.0

    @property
    def tally(self) -> Tally:
        return self._decoder.tally

    @property
    def trouble(self) -> Exception | None:
        """Why it does not work at the moment."""
        return self._condition.trouble

    def poll(self) -> None:
        """Ask for every block; a device that stays silent is left alone for a while.

        A block that does not answer leaves its values out; the others still make a reading.
        """
        if self._clock.monotonic() < self._resume:
            return
        try:
            readings = list(self._cycle())
            self._condition.works()
            for reading in readings:
                self._take(reading)
        except LinkError as error:
            self._rest(error)
        except Exception as error:
            log.exception("%s: a fault in the collector itself", self.device.asset)
            self._rest(error)
        self._condition.report(self._decoder, self._clock.monotonic())

    def _cycle(self) -> Iterable[Reading]:
        answered, busy = 0, 0
        waiting = deque(self._decoder.requests(self._clock.now()))
        while waiting:
            request, failure = waiting.popleft(), None
            try:
                answer = self._link.read(request)
            except BadAnswer as error:
                failure = error
                self._decoder.refused(request, error.reason)
                if error.reason in BUSY and busy < BUSY_TRIES:
                    busy += 1
                    waiting.append(request)
            except LinkTimeout:
                self._decoder.refused(request, "timeout")
                if not answered:
                    raise  # a silent device would hold up the line at every question
            else:
                answered += 1
                yield from decode(self._decoder, [answer])
            waiting.extend(self._decoder.follow_up(self._clock.now()))
            if failure is not None and not waiting and not answered:
                raise failure
        yield from tidied(self._decoder.finish())

    def _rest(self, error: Exception) -> None:
        self._resume = self._clock.monotonic() + self._condition.failed(error)
