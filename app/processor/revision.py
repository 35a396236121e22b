"""The live revision: one number per client that grows whenever a live page would look different.

It is raised in the transaction that changes something and mirrored, after the commit, to a small
file that every web process reads: an unchanged poll is answered without opening the client's
database. The database is the truth; a mirror older than `TRUSTED_SECONDS` is not believed, so that
a process killed between commit and mirror delays a page, never freezes it.
"""

import fcntl
import logging
import os
import time
from math import inf
from pathlib import Path

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from app.database.base import now_ms
from app.database.prepared import prepare
from app.settings import Settings

from .models import LiveRevision

TRUSTED_SECONDS = 30.0
WATCH_TOUCH_SECONDS = 5.0
DIGITS = 20
_ROW = 1

_CURRENT = select(LiveRevision.revision).where(LiveRevision.id == _ROW)
_HOLD = prepare(LiveRevision, _CURRENT.with_for_update())
_RAISE = prepare(
    LiveRevision,
    update(LiveRevision).where(LiveRevision.id == _ROW).values(revision=bindparam("number")),
)

log = logging.getLogger(__name__)


def hold(session: Session) -> int:
    """The revision, its row locked until the transaction ends.

    Taken first by whoever writes live data, it makes the writers of one client queue up instead of
    running into each other's row locks.
    """
    found = _HOLD.rows(session, {})
    if found:
        return found[0][0]
    session.execute(insert(LiveRevision), [{"id": _ROW, "revision": 0}])
    return 0


def advance(session: Session, held: int) -> int:
    """Raise a held revision. Following the clock keeps it growing even over a restored copy."""
    number = max(held + 1, now_ms())
    _RAISE.each(session, [{"number": number}])
    return number


def bump(session: Session) -> int:
    """Raise the revision in this transaction; `publish` what is returned after the commit."""
    return advance(session, hold(session))


def read(session: Session) -> int:
    """The revision as the database has it; 0 before anything happened."""
    return session.scalar(_CURRENT) or 0


def publish(settings: Settings, tenant_id: int, revision: int) -> None:
    """Mirror a committed revision, unless somebody mirrored a later one already.

    A cache that cannot be written is logged, not raised: what was committed stays committed, and
    readers turn to the database once the mirror is too old.
    """
    path = _mirror(settings, tenant_id)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        mirror = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(mirror, fcntl.LOCK_EX)
            before = os.read(mirror, DIGITS)
            if not before.isdigit() or revision >= int(before):
                # In place: replacing a file makes some file systems wait for the disk. Who reads
                # half of it takes that for yet another revision, once.
                os.pwrite(mirror, f"{revision:0{DIGITS}d}".encode("ascii"), 0)
        finally:
            os.close(mirror)
    except OSError as error:
        log.warning("live revision of client %s not mirrored: %s", tenant_id, error.strerror)


def current(settings: Settings, tenant_id: int) -> int | None:
    """The mirrored revision; None when there is none to be trusted: `read` and `publish` it."""
    return _number(_mirror(settings, tenant_id), TRUSTED_SECONDS)


def watch(settings: Settings, tenant_id: int) -> None:
    """Note that somebody is looking at this client's pages."""
    path = _watch(settings, tenant_id)
    if _younger(path, WATCH_TOUCH_SECONDS):
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    except OSError as error:
        log.warning("watching of client %s not noted: %s", tenant_id, error.strerror)


def watched(settings: Settings, tenant_id: int) -> bool:
    """Whether somebody looked within the settings' `watch_seconds`."""
    return _younger(_watch(settings, tenant_id), settings.watch_seconds)


def _mirror(settings: Settings, tenant_id: int) -> Path:
    return settings.cache_dir / "live" / str(int(tenant_id))


def _watch(settings: Settings, tenant_id: int) -> Path:
    return settings.cache_dir / "watch" / str(int(tenant_id))


def _younger(path: Path, seconds: float) -> bool:
    try:
        return _recent(path.stat(), seconds)
    except OSError:
        return False


def _recent(status: os.stat_result, seconds: float) -> bool:
    return abs(time.time() - status.st_mtime) < seconds


def _number(path: Path, seconds: float = inf) -> int | None:
    """The number in a file, unless the file is older. One opening: this is on every poll's way."""
    try:
        with path.open("rb", buffering=0) as file:
            recent = _recent(os.fstat(file.fileno()), seconds)
            return int(file.read(32)) if recent else None
    except (OSError, ValueError):
        return None
