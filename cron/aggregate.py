"""Compile roll-ups and daily records of the days that have changed and settled."""

from app.core.access import EVERY_ASSET, TenantRef
from app.database.sessions import open_tenant
from app.processor import backlog, rollups

from .job import Context, Job

SETTLED_MS = 2 * 3_600_000
"""A day is left alone this long after its end, so that it is sealed before it is compiled."""


def run(context: Context) -> None:
    """Compile what waits, one day of one asset a transaction, the oldest first."""
    context.for_each_tenant(_compile)


def _compile(context: Context, ref: TenantRef) -> None:
    compiled = 0
    while days := _waiting(context, ref):
        for asset_id, start in days:
            if not context.time_left():
                context.note(f"{ref.slug}: {compiled} days compiled, more are waiting")
                return
            with open_tenant(context.engines, ref, EVERY_ASSET, writes=True) as session:
                compiled += rollups.compile_day(session, asset_id, start)
                session.commit()
    if compiled:
        context.note(f"{ref.slug}: {compiled} days compiled")


def _waiting(context: Context, ref: TenantRef) -> list[tuple[int, int]]:
    with open_tenant(context.engines, ref, EVERY_ASSET) as session:
        return backlog.waiting(session, context.now - SETTLED_MS)


JOB = Job("aggregate", every_seconds=900, run=run)
