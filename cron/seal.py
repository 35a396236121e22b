"""Seal the history: many small chunks of a period become one."""

from app.core.access import EVERY_ASSET, TenantRef
from app.database.sessions import open_tenant
from app.processor.history import seal

from .job import Context, Job

SETTLED_MS = 3_600_000
"""A period is left alone this long after its end: most of what is late has arrived by then."""


def run(context: Context) -> None:
    """Seal what has settled, a few periods a transaction."""
    context.for_each_tenant(_seal)


def _seal(context: Context, ref: TenantRef) -> None:
    before, total = context.now - SETTLED_MS, 0
    while context.time_left():
        with open_tenant(context.engines, ref, EVERY_ASSET, writes=True) as session:
            sealed = seal(session, before)
            session.commit()
        total += sealed
        if not sealed:
            break
    if total:
        context.note(f"{ref.slug}: {total} periods sealed")


JOB = Job("seal", every_seconds=900, run=run)
