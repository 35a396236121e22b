"""Making files: whole, or part after part where a run of cron is too short for all of it.

A file grows under another name and is given its own once it is complete, with its digest. One that
holds every reading notes after each stretch how far it has come and how long it was then; whoever
continues cuts off what was written after that note.
"""

import hashlib
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy import select, update

from app.clients.models import Battery
from app.clients.users import scope_of
from app.core.access import EVERY_ASSET, Scope, TenantRef
from app.core.auth import may_sign_in, principal_for
from app.core.models import User
from app.database.base import now_ms
from app.database.engines import Engines
from app.database.sessions import TenantSession, open_core, open_tenant
from app.errors import AppError, Forbidden, sentence
from app.processor import history
from app.processor.formats import as_csv
from app.processor.plan import MAX_POINTS, list_chunks

from . import contents
from .asking import formats, path_of
from .models import DONE, EXPIRED, FAILED, RUNNING, WAITING, Export

KEPT_MS = 7 * 86_400_000
LOST_MS = 10 * 60_000
"""Whoever has worked on a file for longer than this died."""
HOUR_MS = 3_600_000
SHORTEST_MS = 60_000

log = logging.getLogger(__name__)


def waiting(engines: Engines, ref: TenantRef, now: int) -> list[int]:
    """Files to be made, the oldest first."""
    with open_tenant(engines, ref, EVERY_ASSET) as session:
        lost = (Export.state == RUNNING) & (Export.claimed_at < now - LOST_MS)
        wanted = select(Export.id).where((Export.state == WAITING) | lost)
        return list(session.scalars(wanted.order_by(Export.id).limit(50)))


def make(
    engines: Engines, ref: TenantRef, export_id: int, time_left: Callable[[], bool] = lambda: True
) -> str:
    """Make a file, or the next part of it; returns the state it is in then."""
    if not _claim(engines, ref, export_id):
        return RUNNING
    try:
        with open_tenant(engines, ref, EVERY_ASSET) as session:
            export = session.get_one(Export, export_id)
        scope = _scope_of(engines, export)
        path = path_of(engines.settings, ref.id, export)
        path.parent.mkdir(parents=True, exist_ok=True)
        with open_tenant(engines, ref, scope) as session:
            name = _named(session, export)
            if export.whole:
                done = _continue(engines, ref, session, export, path, time_left)
            else:
                _write(session, export, path)
                done = True
        if not done:
            return _put(engines, ref, export_id, state=WAITING)
    except AppError as error:
        return _put(engines, ref, export_id, state=FAILED, problem=str(error)[:200])
    except Exception:
        _put(engines, ref, export_id, state=FAILED, problem=sentence("internal error"))
        raise
    return _finish(engines, ref, export_id, path, name)


def forget(engines: Engines, ref: TenantRef, now: int) -> int:
    """Remove the files whose time is over; their rows say so. Returns how many."""
    with open_tenant(engines, ref, EVERY_ASSET, writes=True) as session, session.begin():
        over = select(Export).where(Export.state == DONE, Export.expires_at <= now).limit(200)
        rows = session.scalars(over).all()
        for row in rows:
            path_of(engines.settings, ref.id, row).unlink(missing_ok=True)
            row.state, row.size, row.digest = EXPIRED, None, ""
        return len(rows)


def _claim(engines: Engines, ref: TenantRef, export_id: int) -> bool:
    now = now_ms()
    free = (Export.state == WAITING) | (
        (Export.state == RUNNING) & (Export.claimed_at < now - LOST_MS)
    )
    with open_tenant(engines, ref, EVERY_ASSET, writes=True) as session, session.begin():
        won = session.execute(
            update(Export)
            .where(Export.id == export_id, free)
            .values(state=RUNNING, claimed_at=now)
            .execution_options(synchronize_session=False)
        )
        return won.rowcount == 1


def _put(engines: Engines, ref: TenantRef, export_id: int, **values: object) -> str:
    with open_tenant(engines, ref, EVERY_ASSET, writes=True) as session, session.begin():
        row = session.get_one(Export, export_id)
        for name, value in values.items():
            setattr(row, name, value)
        return row.state


def _scope_of(engines: Engines, export: Export) -> Scope:
    """What whoever asked may see today; Forbidden once they may see nothing."""
    with open_core(engines) as core:
        user = core.get(User, export.requested_by)
        if user is None or not may_sign_in(user):
            raise Forbidden("Whoever asked for this file has no account any more.")
        return scope_of(engines, principal_for(engines, user))


def _write(session: TenantSession, export: Export, path: Path) -> None:
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        formats()[export.format].write(contents.document(session, export), file)
    part.replace(path)


def _continue(
    engines: Engines,
    ref: TenantRef,
    session: TenantSession,
    export: Export,
    path: Path,
    time_left: Callable[[], bool],
) -> bool:
    """Every reading of a period as CSV, from where the last run stopped; whether that is all."""
    subject = contents.subject_of(session, export.subject, export.target_id)
    heads = contents.columns(export)
    part, cursor = path.with_suffix(".part"), dict(export.cursor)
    if not part.exists():
        cursor = {}
    with part.open("r+b" if cursor else "wb") as file:
        if cursor:
            file.truncate(cursor["bytes"])
            file.seek(cursor["bytes"])
        else:
            file.write(as_csv.head(heads, export.locale))
        place, since = cursor.get("battery", 0), cursor.get("since", export.start)
        last = cursor.get("last", -1)
        steps = _stretches(session, subject.batteries, place, since, export.start, export.end)
        for position, low, high in steps:
            battery = subject.batteries[position]
            found = history.series(
                session, battery.id, contents.MEASURES, low, high, MAX_POINTS
            ).metrics
            if position != place:
                place, last = position, -1
            for row in contents.joined(export, battery, found):
                if row[0] > last:  # a bucket wider than the stretch is met more than once
                    last = row[0]
                    file.write(as_csv.line(row, heads, export.locale, subject.zone))
            if not time_left():
                file.flush()
                done = position + (high - export.start) / (export.end - export.start)
                progress = min(int(100 * done / len(subject.batteries)), 99)
                note = {"battery": position, "since": high, "last": last, "bytes": file.tell()}
                _put(engines, ref, export.id, cursor=note, progress=progress)
                return False
    part.replace(path)
    return True


def _stretches(
    session: TenantSession, batteries: list[Battery], place: int, since: int, start: int, end: int
) -> Iterator[tuple[int, int, int]]:
    """Which battery, from when to when: hours, less where an hour holds more than fits at once."""
    for position in range(place, len(batteries)):
        low = since if position == place else start
        while low < end:
            length = HOUR_MS - low % HOUR_MS
            chunks = list_chunks(session, batteries[position].id, low, min(low + length, end))
            pace = max((row.count / max(row.end - row.start, 1) for row in chunks), default=0)
            while pace * length > MAX_POINTS / 2 and length > SHORTEST_MS:
                length //= 2
            yield position, low, min(low + length, end)
            low += length


def _named(session: TenantSession, export: Export) -> str:
    """The name a browser keeps it under: ASCII, and nothing a file system minds."""
    subject = contents.subject_of(session, export.subject, export.target_id)
    name = subject.batteries[0].uid if export.subject == contents.BATTERY else subject.name
    plain = "".join(each if each.isascii() and each.isalnum() else "-" for each in name)
    ends = [contents.date_at(ts, subject.zone).isoformat() for ts in (export.start, export.end - 1)]
    period = [] if export.subject == contents.LIST else ends
    return "-".join(["trackingbms", plain.strip("-").lower()[:60] or "export", *period])


def _finish(engines: Engines, ref: TenantRef, export_id: int, path: Path, name: str) -> str:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    now = now_ms()
    return _put(
        engines,
        ref,
        export_id,
        state=DONE,
        progress=100,
        cursor={},
        name=f"{name}{path.suffix}",
        size=path.stat().st_size,
        digest=digest,
        problem="",
        finished_at=now,
        expires_at=now + KEPT_MS,
    )
