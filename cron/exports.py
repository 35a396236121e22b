"""Make the files people asked for, ask for monthly reports, and let go of what has expired."""

from app.core.access import TenantRef
from app.processor.exports.making import forget, make, waiting
from app.processor.exports.models import DONE
from app.processor.exports.monthly import ask_due, tell_ready

from .job import Context, Job


def run(context: Context) -> None:
    """Every client in turn."""
    context.for_each_tenant(_exports)


def _exports(context: Context, ref: TenantRef) -> None:
    asked = ask_due(context.engines, ref, context.now)
    made = 0
    for export_id in waiting(context.engines, ref, context.now):
        if not context.time_left():
            break
        made += make(context.engines, ref, export_id, context.time_left) == DONE
    gone = forget(context.engines, ref, context.now)
    told = tell_ready(context.engines, ref)
    if asked or made or told or gone:
        context.note(
            f"{ref.slug}: {asked} reports due, {made} files made, {told} told, {gone} gone"
        )


JOB = Job("exports", every_seconds=60, run=run)
