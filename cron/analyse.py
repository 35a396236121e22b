"""Look at the days that are over, and conclude what can be said of each battery."""

from app.core.access import EVERY_ASSET, TenantRef
from app.database.sessions import open_tenant
from app.processor.analytics.nightly import conclude, look_at, waiting

from .job import Context, Job


def run(context: Context) -> None:
    """A day of a battery a transaction, then its conclusions."""
    context.for_each_tenant(_analyse)


def _analyse(context: Context, ref: TenantRef) -> None:
    looked = 0
    while context.time_left() and (found := _waiting(context, ref)):
        for asset_id, start in found:
            if not context.time_left():
                break
            with open_tenant(context.engines, ref, EVERY_ASSET, writes=True) as session:
                look_at(session, asset_id, start)
                session.commit()
            looked += 1
        _conclude(context, ref, {asset_id for asset_id, _ in found})
    if looked:
        context.note(f"{ref.slug}: {looked} days of batteries analysed")


def _waiting(context: Context, ref: TenantRef) -> list[tuple[int, int]]:
    with open_tenant(context.engines, ref, EVERY_ASSET) as session:
        return waiting(session)


def _conclude(context: Context, ref: TenantRef, assets: set[int]) -> None:
    for asset_id in sorted(assets):
        with open_tenant(context.engines, ref, EVERY_ASSET, writes=True) as session:
            conclude(session, asset_id, context.now)
            session.commit()


JOB = Job("analyse", every_seconds=3600, run=run)
