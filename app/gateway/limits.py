"""How often something may be tried, counted across processes in one small SQLite file.

Memory would count each process apart, and a shared host starts as many as it likes. Views carry a
mark (`limited`); the factory wraps them. When the file cannot be used, each process counts alone:
looser for a while, never a closed door.
"""

import ipaddress
import logging
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from flask import Flask, Response, current_app, request, session
from flask_limiter import Limiter
from flask_login import current_user
from limits import parse
from limits.storage import Storage

from app.errors import TooMany
from collector.wire.envelope import KEY_HEADER

from .devices import known_device

log = logging.getLogger(__name__)

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Limit:
    """`amount` such as "5 per 15 minutes", counted for each `key` of a request."""

    amount: str | Callable[[], str]
    key: Callable[[], str]
    failures_only: bool = False


def client_address() -> str:
    """Who is asking, as far as the network tells; an IPv6 customer is a whole /64."""
    address = ipaddress.ip_address(request.remote_addr or "0.0.0.0")  # noqa: S104
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False).network_address)
    return str(address)


def _account() -> str:
    given = request.get_json(silent=True) if request.is_json else request.form
    email = given.get("email", "") if hasattr(given, "get") else ""
    return str(email).strip().lower()[:254] or "nobody"


def _account_at_place() -> str:
    """The account and where it is tried: a browser of its own, else an address."""
    device = known_device(request, _account())
    return f"{_account()} {device or client_address()}"


def _pace() -> str:
    """How often an account may be tried from one place. Under attack one try is left to places
    that are not known to be the person's: with the right password it is all one needs."""
    if known_device(request, _account()) or not under_attack():
        return "5 per 15 minutes"
    return "1 per 15 minutes"


def _waiting() -> str:
    """Who has shown a password and not yet a second factor; the account named, for programs."""
    return f"waiting {session['waiting'][0]}" if session.get("waiting") else _account()


def _collector() -> str:
    return request.headers.get(KEY_HEADER, "")[:32] or client_address()


SIGN_IN = (
    Limit(_pace, _account_at_place, failures_only=True),
    Limit("50 per 15 minutes", client_address, failures_only=True),
)
"""Failed sign-ins. An account is slowed down only for the place that fails, and more so while
somebody tries it from everywhere: nobody can lock a colleague out by mistyping."""

ATTACK = 100
"""This many failures of one account within an hour are an attack, wherever they come from."""

SECOND_FACTOR = (
    Limit("10 per 15 minutes", lambda: f"{_waiting()} {client_address()}", True),
    Limit("30 per hour", _waiting, True),
)
"""Wrong codes. Only who knows the password gets so far, so these count against the person, too."""

CONFIRM = (Limit("10 per 15 minutes", lambda: f"person {current_user.get_id()}", True),)
"""Wrong passwords and codes of somebody signed in."""

LINK = (Limit("20 per hour", client_address, failures_only=True),)
"""Wrong links. They are signed; this keeps guessing out of the log."""

PASSKEY = (Limit("20 per 15 minutes", client_address, failures_only=True),)
"""Passkeys that were refused: nobody guesses one, but each costs a signature to check."""

REFRESH = (Limit("30 per 15 minutes", client_address, failures_only=True),)
"""Wrong refresh tokens. They have 256 bits; this keeps guessing out of the log."""

ENROL = (Limit("5 per hour", client_address, failures_only=True),)
"""Wrong claim codes. They have 80 bits; this keeps guessing out of the log, too."""

INGEST = (Limit("600 per minute", _collector),)
"""A collector pushes every second at most, faster while it catches up after an outage."""


PROGRAM = parse("600 per minute")
"""What one key or one person's tokens may ask."""


def limited(limits: tuple[Limit, ...], shared: str = "") -> Callable[[View], View]:
    """Mark a view with its limits; views that name the same `shared` counter are counted as one."""

    def mark(view: View) -> View:
        view.limits = limits
        view.limits_of = shared
        return view

    return mark


def init_app(app: Flask, path: Path) -> None:
    """Enforce the marks of the views registered so far, counting in the file at `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    limiter = Limiter(
        client_address,
        app=app,
        storage_uri=f"counters://{path}",
        strategy="fixed-window",
        in_memory_fallback_enabled=True,
    )
    app.extensions["limits"] = limiter
    for endpoint, view in app.view_functions.items():
        for limit in getattr(view, "limits", ()):
            view = limiter.limit(
                limit.amount,
                key_func=limit.key,
                scope=getattr(view, "limits_of", "") or endpoint,
                deduct_when=_failed if limit.failures_only else None,
            )(view)
        app.view_functions[endpoint] = view


def note_failure() -> None:
    """Count a failed sign-in against its account, so that an attack is noticed."""
    with suppress(sqlite3.Error):
        _storage().incr(f"failures {_account()}", 3600)


def under_attack() -> bool:
    """Whether somebody tries this request's account again and again."""
    try:
        return _storage().get(f"failures {_account()}") >= ATTACK
    except sqlite3.Error:
        return False


def count_program(name: str) -> None:
    """Count a request of a program; raises TooMany when it asks too often."""
    limiter = current_app.extensions["limits"].limiter
    try:
        if limiter.hit(PROGRAM, "program", name):
            return
        reset = limiter.get_window_stats(PROGRAM, "program", name).reset_time
    except sqlite3.Error:
        log.warning("a program's requests are not counted", exc_info=True)
        return
    wait = max(1, round(reset - time.time()))
    raise TooMany("Too many attempts: wait a little and try again.", retry_after=wait)


def seconds_left(now: float) -> float:
    """How long until the limit that was reached opens again."""
    reached = current_app.extensions["limits"].current_limit
    return reached.reset_at - now if reached else 60


def _storage() -> Storage:
    return current_app.extensions["limits"].storage


def _failed(response: Response) -> bool:
    return response.status_code >= 400


class CountersFile(Storage):
    """Counters in SQLite. They may be lost with the machine, so nothing waits for the disk."""

    STORAGE_SCHEME = ["counters"]

    def __init__(self, uri: str, wrap_exceptions: bool = False, **_: Any) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions)
        self._path = uri.removeprefix("counters://")
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
        db = sqlite3.connect(self._path, timeout=5, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=OFF")
        db.execute(
            "CREATE TABLE IF NOT EXISTS counters"
            " (key TEXT PRIMARY KEY, n INTEGER NOT NULL, expires REAL NOT NULL) WITHOUT ROWID"
        )
        return db
