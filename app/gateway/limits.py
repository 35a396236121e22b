"""How often something may be tried, counted across processes in a sliding window.

The counts are in one small file (`counters`), or in the Redis of LIMITS_URL where there is one.
Memory would count each process apart, and a shared host starts as many as it likes. Views carry a
mark (`limited`); the factory wraps them. When the counts cannot be reached, each process counts
alone: looser for a while, never a closed door.
"""

import ipaddress
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Flask, Response, current_app, request, session
from flask_limiter import Limiter
from flask_login import current_user
from limits import parse
from limits.storage import Storage

from app.errors import TooMany
from collector.wire.envelope import KEY_HEADER

from . import counters  # noqa: F401  (registers the storage)
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

RESET = (Limit("3 per hour", _account), Limit("20 per hour", client_address))
"""Links asked for by mail: whether they help is not told, so each one counts."""

PASSKEY = (Limit("20 per 15 minutes", client_address, failures_only=True),)
"""Passkeys that were refused: nobody guesses one, but each costs a signature to check."""

REFRESH = (Limit("30 per 15 minutes", client_address, failures_only=True),)
"""Wrong refresh tokens. They have 256 bits; this keeps guessing out of the log."""

SHARE = (
    Limit("10 per 15 minutes", lambda: f"{request.path[:80]} {client_address()}", True),
    Limit("60 per 15 minutes", client_address, True),
)
"""Links that share nothing, and wrong passwords of those that do."""

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


def init_app(app: Flask, storage: str) -> None:
    """Enforce the marks of the views registered so far, counting in the storage of this URL."""
    limiter = Limiter(
        client_address,
        app=app,
        storage_uri=storage,
        strategy="sliding-window-counter",
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
    storage = _storage()
    try:
        storage.incr(f"failures {_account()}", 3600)
    except storage.base_exceptions:
        log.warning("a failed sign-in is not counted", exc_info=True)


def under_attack() -> bool:
    """Whether somebody tries this request's account again and again."""
    storage = _storage()
    try:
        return storage.get(f"failures {_account()}") >= ATTACK
    except storage.base_exceptions:
        return False


def count_program(name: str) -> None:
    """Count a request of a program; raises TooMany when it asks too often."""
    limiter = current_app.extensions["limits"].limiter
    try:
        if limiter.hit(PROGRAM, "program", name):
            return
        reset = limiter.get_window_stats(PROGRAM, "program", name).reset_time
    except _storage().base_exceptions:
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
