"""Urgent messages where cron is slow: told after a push has been answered, within seconds.

A signed push of any site of the client is the clock. What was urgent and waited for fifteen seconds
goes out once the collector has its receipt: nobody waits for a mail server. One process at a time,
under the same lock as `cron deliver`.
"""

import fcntl
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from app.core.access import EVERY_ASSET, TenantRef
from app.database.base import now_ms
from app.database.engines import Engines
from app.database.sessions import open_tenant
from app.processor.alerts.outbox import urgent_waits
from app.processor.delivery.sending import deliver

log = logging.getLogger(__name__)

EVERY_MS = 10_000
WAITED_SECONDS = 15
SECONDS = 5.0
"""How long one pass goes on beginning messages: the process serves nobody meanwhile."""
AT_ONCE = 2

_asked: dict[str, int] = {}
_noted: dict[str, TenantRef] = {}


def note(ref: TenantRef, now: int) -> None:
    """A push of this client was stored: look after its urgent messages when it is answered."""
    last = _asked.setdefault(ref.url, now)
    if not 0 <= now - last < EVERY_MS:
        _asked[ref.url] = now
        _noted[ref.url] = ref


def catch_up(engines: Engines) -> None:
    """Tell what is urgent and has waited. What was pushed stays pushed whatever happens here."""
    while _noted:
        _, ref = _noted.popitem()
        try:
            _tell(engines, ref)
        except (SQLAlchemyError, OSError):
            log.warning("urgent messages of client %s not sent", ref.slug, exc_info=True)


def _tell(engines: Engines, ref: TenantRef) -> None:
    with open_tenant(engines, ref, EVERY_ASSET) as session:
        if not urgent_waits(session, now_ms(), WAITED_SECONDS):
            return
    over = time.monotonic() + SECONDS
    with _alone(engines) as alone:
        if alone:
            deliver(engines, ref, lambda: time.monotonic() < over, at_once=AT_ONCE)


@contextmanager
def _alone(engines: Engines) -> Iterator[bool]:
    """The lock of `cron deliver` on this host."""
    folder = engines.settings.data_dir / "cron"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "deliver.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
