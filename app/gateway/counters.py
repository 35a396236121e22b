"""Counts of attempts in one SQLite file, right across the processes that share it."""

import sqlite3
import time
from math import floor
from pathlib import Path
from threading import Lock
from typing import Any

from limits.storage import SlidingWindowCounterSupport, Storage
from limits.storage.base import TimestampedSlidingWindow


class CountersFile(Storage, SlidingWindowCounterSupport, TimestampedSlidingWindow):
    """Counters in SQLite. They may be lost with the machine, so nothing waits for the disk.

    A window slides: what was counted in the one before still counts, for as much of it as lies
    within the last `expiry` seconds.
    """

    STORAGE_SCHEME = ["counters"]

    def __init__(self, uri: str, wrap_exceptions: bool = False, **_: Any) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions)
        self._path = Path(uri.removeprefix("counters://"))
        self._lock = Lock()
        self._db: sqlite3.Connection | None = None

    @property
    def base_exceptions(self) -> type[Exception]:
        return sqlite3.Error

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count and return the new number, in one statement: two processes never see the same."""
        now = time.time()
        row = self._one(
            "INSERT INTO counters VALUES (?1, ?2, ?3) ON CONFLICT (key) DO UPDATE SET"
            " n = CASE WHEN expires <= ?4 THEN ?2 ELSE n + ?2 END,"
            " expires = CASE WHEN expires <= ?4 THEN ?3 ELSE expires END RETURNING n",
            (key, amount, now + expiry, now),
        )
        if row[0] == amount:  # a new window: a good moment to forget old ones
            self._one("DELETE FROM counters WHERE expires <= ?", (now,))
        return row[0]

    def acquire_sliding_window_entry(
        self, key: str, limit: int, expiry: int, amount: int = 1
    ) -> bool:
        """Count unless that would be more than `limit`; one statement decides between processes."""
        now = time.time()
        before, current = self.sliding_window_keys(key, expiry, now)
        earlier = floor(self.get(before) * _left(expiry, now) / expiry)
        if earlier + amount > limit:
            return False
        row = self._one(
            "INSERT INTO counters VALUES (?1, ?2, ?3) ON CONFLICT (key) DO UPDATE SET n = n + ?2"
            " WHERE n + ?2 <= ?4 RETURNING n",
            (current, amount, now + 2 * expiry, limit - earlier),
        )
        if row and row[0] == amount:  # a new window: a good moment to forget old ones
            self._one("DELETE FROM counters WHERE expires <= ?", (now,))
        return row is not None

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        now = time.time()
        before, current = self.sliding_window_keys(key, expiry, now)
        left = _left(expiry, now)
        return self.get(before), left, self.get(current), left + expiry

    def clear_sliding_window(self, key: str, expiry: int) -> None:
        for each in self.sliding_window_keys(key, expiry, time.time()):
            self.clear(each)

    def get(self, key: str) -> int:
        row = self._counter(key)
        return row[0] if row else 0

    def get_expiry(self, key: str) -> float:
        row = self._counter(key)
        return row[1] if row else time.time()

    def check(self) -> bool:
        try:
            self._counter("")
        except sqlite3.Error:
            return False
        return True

    def reset(self) -> None:
        self._one("DELETE FROM counters")

    def clear(self, key: str) -> None:
        self._one("DELETE FROM counters WHERE key = ?", (key,))

    def _counter(self, key: str) -> tuple[int, float] | None:
        return self._one(
            "SELECT n, expires FROM counters WHERE key = ? AND expires > ?", (key, time.time())
        )

    def _one(self, statement: str, values: tuple[Any, ...] = ()) -> Any:
        with self._lock:
            if self._db is None:
                self._db = self._open()
            return next(iter(self._db.execute(statement, values).fetchall()), None)

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(self._path, timeout=5, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=OFF")
        db.execute(
            "CREATE TABLE IF NOT EXISTS counters"
            " (key TEXT PRIMARY KEY, n INTEGER NOT NULL, expires REAL NOT NULL) WITHOUT ROWID"
        )
        return db


def _left(expiry: int, now: float) -> float:
    """Seconds until the window in hand ends; windows begin at multiples of their length."""
    return expiry - now % expiry
