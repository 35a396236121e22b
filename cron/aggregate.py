"""Compile roll-ups and daily records of the days that have changed and settled."""

import logging

from app.core.access import EVERY_ASSET, TenantRef
from app.database.sessions import open_tenant
from app.processor import backlog, rollups

from .job import Context, Job

SETTLED_MS = 2 * 3_600_000
"""A day is left alone this long after its end, so that it is sealed before it is compiled."""
PAGE = 100

log = logging.getLogger(__name__)


def run(context: Context) -> None:
    """Compile what waits, one day of one asset a transaction, the oldest first."""
    context.for_each_tenant(_compile)


def _compile(context: Context, ref: TenantRef) -> None:
    """A day that cannot be compiled is reported and does not keep the others waiting."""
    compiled, failed = 0, set()
    while days := _waiting(context, ref, failed):
        for asset_id, start in days:
            if not context.time_left():
                context.note(f"{ref.slug}: {compiled} days compiled, more are waiting")
                return
            try:
                compiled += _compile_day(context, ref, asset_id, start)
            except Exception as error:  # the next run tries again; what it did is undone
                log.exception("asset %s: the day from %s is not compiled", asset_id, start)
                context.failures[f"{ref.slug}, asset {asset_id}, {start}"] = error
                failed.add((asset_id, start))
    if compiled:
        context.note(f"{ref.slug}: {compiled} days compiled")


def _compile_day(context: Context, ref: TenantRef, asset_id: int, start: int) -> bool:
    with open_tenant(context.engines, ref, EVERY_ASSET, writes=True) as session:
        done = rollups.compile_day(session, asset_id, start)
        session.commit()
    return done


def _waiting(
    context: Context, ref: TenantRef, failed: set[tuple[int, int]]
) -> list[tuple[int, int]]:
    with open_tenant(context.engines, ref, EVERY_ASSET) as session:
        found = backlog.waiting(session, context.now - SETTLED_MS, PAGE + len(failed))
    return [day for day in found if day not in failed]


JOB = Job("aggregate", every_seconds=900, run=run)
