"""Roll-ups: what is kept of each day of readings, compiled by cron."""

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from .models import RollupBacklog

DAY_MS = 86_400_000


def mark_changed(session: Session, asset_id: int, start: int, end: int) -> None:
    """Enter the UTC days from `start` to `end` (ms, both included) into the backlog.

    To be called in the transaction that changes readings which are no longer hot; what is hot is
    seen without being told. The rows are locked, so that a compilation under way ends first.
    """
    days = range(start // DAY_MS * DAY_MS, end + 1, DAY_MS)
    waiting = select(RollupBacklog.start).where(
        RollupBacklog.asset_id == asset_id, RollupBacklog.start.in_(days)
    )
    known = set(session.scalars(waiting.with_for_update()))
    if missing := [{"asset_id": asset_id, "start": day} for day in days if day not in known]:
        session.execute(insert(RollupBacklog), missing)
