"""Let go of history that is older than it is kept, a few rows a transaction."""

from app.core.access import EVERY_ASSET, TenantRef
from app.database.sessions import open_core, open_tenant
from app.gateway.configuration import in_force
from app.processor import retention

from .job import Context, Job


def run(context: Context) -> None:
    """Battery by battery, client by client."""
    context.for_each_tenant(_retain)


def _retain(context: Context, ref: TenantRef) -> None:
    with open_core(context.engines) as core:
        settings = in_force(core, context.settings)
    removed = 0
    with open_tenant(context.engines, ref, EVERY_ASSET) as session:
        kept = [
            (asset_id, retention.kept_of(session, settings, type_id))
            for asset_id, type_id in retention.assets(session)
        ]
    for asset_id, each in kept:
        while context.time_left():
            with open_tenant(context.engines, ref, EVERY_ASSET, writes=True) as session:
                step = retention.let_go(session, asset_id, each, context.now)
                session.commit()
            removed += step
            if not step:
                break
    if removed:
        context.note(f"{ref.slug}: {removed} old rows let go")


JOB = Job("retain", every_seconds=86_400, run=run)
