"""The backlog: UTC days whose roll-ups are to be compiled, again or for the first time."""

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from .days import DAY_MS, parse_days
from .models import RollupBacklog, RollupState


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


def waiting(session: Session, before: int, limit: int = 100) -> list[tuple[int, int]]:
    """Asset and start of the days in the backlog that were over at `before` (ms), oldest first."""
    statement = (
        select(RollupBacklog.asset_id, RollupBacklog.start)
        .where(RollupBacklog.start <= before - DAY_MS)
        .order_by(RollupBacklog.start, RollupBacklog.asset_id)
        .limit(limit)
    )
    return [(asset_id, start) for asset_id, start in session.execute(statement)]


def start_over(session: Session) -> int:
    """Enter every compiled day of which the readings are still there; how many those are."""
    entered = 0
    for state in session.scalars(select(RollupState)).all():
        first = -(-state.raw_from // DAY_MS)
        marked = select(RollupBacklog.start).where(RollupBacklog.asset_id == state.asset_id)
        known = {start // DAY_MS for start in session.scalars(marked)}
        days = sorted(day for day in parse_days(state.days) - known if day >= first)
        rows = [{"asset_id": state.asset_id, "start": day * DAY_MS} for day in days]
        if rows:
            session.execute(insert(RollupBacklog), rows)
        entered += len(rows)
    return entered
