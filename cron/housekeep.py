"""Remove what has served: old sessions, claims, job runs, and receipts no collector can ask for."""

from sqlalchemy import delete, func

from app.core.access import EVERY_ASSET, TenantRef
from app.core.auth import forget_old_sessions
from app.core.models import Claim, JobRun, RefreshToken
from app.database.sessions import open_core, open_tenant
from app.gateway.models import KEPT_MS, IdempotencyKey
from app.processor.models import IngestBatch

from .job import Context, Job

DAY_MS = 86_400_000
RUNS_MS = 7 * DAY_MS
CLAIMS_MS = 30 * DAY_MS
"""Kept this long after their end, so that a question about an enrolment finds an answer."""
BATCHES_MS = 30 * DAY_MS
"""A batch sent again after a month is not recognised as a whole; its blocks still are."""


def run(context: Context) -> None:
    """Core first, then each client."""
    with open_core(context.engines, writes=True) as core:
        forget_old_sessions(core, context.now)
        over = func.coalesce(Claim.used_at, Claim.expires_at)
        core.execute(delete(Claim).where(over < context.now - CLAIMS_MS))
        core.execute(delete(RefreshToken).where(RefreshToken.expires_at < context.now))
        core.execute(delete(JobRun).where(JobRun.started_at < context.now - RUNS_MS))
        repeats = delete(IdempotencyKey).where(IdempotencyKey.created_at < context.now - KEPT_MS)
        core.execute(repeats)
        core.commit()
    context.for_each_tenant(_forget_batches)


def _forget_batches(context: Context, ref: TenantRef) -> None:
    with open_tenant(context.engines, ref, EVERY_ASSET, writes=True) as session:
        session.execute(
            delete(IngestBatch).where(IngestBatch.received_at < context.now - BATCHES_MS)
        )
        session.commit()


JOB = Job("housekeep", every_seconds=3600, run=run)
