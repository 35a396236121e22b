"""Alerts: what the clock alone can tell, silence above all, and what has to be told again."""

from app.connector.watching import look_after
from app.core.access import TenantRef

from .job import Context, Job


def run(context: Context) -> None:
    """Look after every client."""
    context.for_each_tenant(_look)


def _look(context: Context, ref: TenantRef) -> None:
    if look_after(context.engines, ref, context.now):
        context.note(f"{ref.slug}: alerts changed")


JOB = Job("alerts", every_seconds=60, run=run)
