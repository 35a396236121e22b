"""Make today's backup, prove one database of it, and copy what is missing elsewhere.

Runs every hour and does nothing once the day is done: a run that was cut off is finished soon.
"""

from datetime import UTC, datetime

from app.checks import open_tenants
from app.core.access import TenantRef
from app.core.auth import tenant_ref
from app.database import backups, offsite
from app.database.sessions import open_core

from .job import Context, Job


def run(context: Context) -> None:
    """Without BACKUP_KEY nothing is copied, which `flask check` and the system page say."""
    settings = context.settings
    if not settings.backup_key:
        context.note("BACKUP_KEY is not set: there are no backups")
        return
    today = str(datetime.fromtimestamp(context.now / 1000, UTC).date())
    fresh = all(str(backup.day) != today for backup in backups.stored(settings))
    refs = _refs(context)
    made = backups.make(context.engines, refs, context.now, context.time_left)
    if made is None:
        context.note("the next run goes on with today's backup")
        return
    if fresh:
        context.note(f"{len(made.items)} parcels, {made.bytes} bytes")
        _rehearse_one(context, refs, made)
        backups.prune(settings, context.now)
    context.failures |= offsite.copy_all(settings)


def _rehearse_one(context: Context, refs: list[TenantRef], made: backups.Backup) -> None:
    """Each day another database is restored into a scratch one."""
    everything = (None, *refs)
    ref = everything[made.day.toordinal() % len(everything)]
    tables = backups.rehearse(context.engines, ref, context.settings.data_dir / "scratch")
    context.note(f"{backups.name_of(ref)} proved: {len(tables)} tables")


def _refs(context: Context) -> list[TenantRef]:
    with open_core(context.engines) as core:
        return [tenant_ref(context.engines, row) for row in core.scalars(open_tenants())]


JOB = Job("backup", every_seconds=3600, run=run)
