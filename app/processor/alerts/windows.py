"""Maintenance windows: a time in which nobody is told of part of the fleet.

Measuring, judging and recording go on; what still fires when a window ends is told then.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import Conflict, Invalid, NotFound, sentence

from .models import MaintenanceWindow
from .overrides import place_at

LONGEST_MS = 31 * 86_400_000


def open_window(
    session: Session,
    level: str,
    target_id: int,
    starts_at: int,
    ends_at: int,
    reason: str,
    author: str,
    now: int,
) -> MaintenanceWindow:
    """Plan a window; it has a reason and an end."""
    place_at(session, level, target_id)
    if not starts_at < ends_at <= starts_at + LONGEST_MS or ends_at <= now:
        wrong = sentence("This is not within a month of its beginning, or it is past.")
        raise Invalid("Some fields need attention.", fields={"ends_at": wrong})
    row = MaintenanceWindow(
        level=level,
        target_id=target_id,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason,
        author=author,
    )
    session.add(row)
    session.flush()
    return row


def windows(session: Session, now: int) -> Sequence[MaintenanceWindow]:
    """Those that are on or to come, the next one first."""
    statement = select(MaintenanceWindow).where(MaintenanceWindow.ends_at > now)
    return session.scalars(statement.order_by(MaintenanceWindow.starts_at)).all()


def window(session: Session, window_id: int) -> MaintenanceWindow:
    """One window; NotFound otherwise."""
    row = session.get(MaintenanceWindow, window_id)
    if row is None:
        raise NotFound("There is no such window.")
    return row


def end_window(session: Session, row: MaintenanceWindow, now: int) -> None:
    """End it now, or take it back before it has begun. It stays on record."""
    if row.ends_at <= now:
        raise Conflict("This window is over.", code="over")
    row.ends_at = now
    row.starts_at = min(row.starts_at, now)
    session.flush()
