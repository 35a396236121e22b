"""The collector's own clock: it never jumps, and it is right even where the computer's is not.

Time is the monotonic clock plus a base (the epoch time at which it read zero). The base comes from
the computer's clock at start, then from the portal, whose receipts carry the time. A board without
a battery starts in 1970 and learns better minutes later, from the portal or from NTP: whatever was
measured before that, on the same boot, moves by the same amount (`Spool.redate`).
"""

import time
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from uuid import uuid4

Now = Callable[[], int]
"""The time, epoch milliseconds."""
TOLERANCE = 2000
"""Milliseconds of disagreement that are not worth a correction: networks are slower than that."""
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Clock:
    """Epoch milliseconds, UTC. Safe to read from any thread.

    synced   the base is known to be right, because the portal said so
    base     epoch milliseconds at which the monotonic clock of this boot read zero
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall, self.monotonic = wall, monotonic
        self._lock = Lock()
        self.synced = False
        self.base = self._system = self._system_base()

    def now(self) -> int:
        return self.base + round(self.monotonic() * 1000)

    def learn(self, server_time: int, sent: float, received: float) -> int:
        """Correct the clock by a portal's time; `sent` and `received` are monotonic seconds.

        Returns the correction in milliseconds, 0 if the clock was right. An answer that took
        longer than the tolerance says nothing precise and only corrects what is worse.
        """
        doubt = max(TOLERANCE, round((received - sent) * 1000))
        middle = round((sent + received) * 500)
        with self._lock:
            self.synced = True
            correction = server_time - (self.base + middle)
            if abs(correction) <= doubt:
                return 0
            self.base += correction
            return correction

    def forget(self, correction: int) -> None:
        """Take back what `learn` returned, because it could not be acted upon."""
        with self._lock:
            self.base -= correction
            self.synced = False

    def step(self) -> int:
        """Milliseconds by which somebody set the computer's clock since the last call, or 0."""
        before, self._system = self._system, self._system_base()
        step = self._system - before
        return step if abs(step) > TOLERANCE else 0

    def follow(self) -> int:
        """Go by the computer's clock after it was set; returns how many milliseconds that moved us.

        Before the portal was heard, the computer's clock is the best there is, so a step of it is
        an improvement. Afterwards it is not our concern.
        """
        with self._lock:
            step = self._system_base() - self.base
            if self.synced or abs(step) <= TOLERANCE:
                return 0
            self.base += step
            return step

    def _system_base(self) -> int:
        return round((self._wall() - self.monotonic()) * 1000)


def boot_id() -> str:
    """Changes with every start of the computer, as the monotonic clock does."""
    try:
        return BOOT_ID.read_text("ascii").strip()
    except OSError:
        return uuid4().hex
