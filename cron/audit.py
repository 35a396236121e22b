"""Verify the audit trail, note where it stands, and let go of what has been kept long enough."""

from sqlalchemy import select

from app.core import anchors, audit
from app.core.models import AuditHead
from app.database.sessions import open_core

from .job import Context, Job


class Broken(RuntimeError):
    """A chain is not as it was written."""


def run(context: Context) -> None:
    """A chain that does not hold is left as it is, for whoever investigates."""
    folder = context.settings.data_dir
    noted = anchors.read(folder)
    with open_core(context.engines) as core:
        known = set(core.scalars(select(AuditHead.scope)))
    for scope in sorted(known | {anchor.scope for anchor in noted}):
        if not context.time_left():
            context.note("some chains are left for the next run")
            return
        _verify(context, scope, noted)
    with open_core(context.engines, writes=True) as core:
        shortened = audit.shorten_addresses(core, context.now - audit.ADDRESSES_MS)
        core.commit()
        anchors.write(folder, audit.heads(core))
    if shortened:
        context.note(f"{shortened} addresses shortened")


def _verify(context: Context, scope: int, noted: list[audit.Anchor]) -> None:
    with open_core(context.engines, writes=True) as core:
        found = audit.verify(core, scope, noted)
        if head := core.get(AuditHead, scope):
            head.verified_at = context.now
            head.problem = "" if found.intact else f"{found.n}: {found.problem}"
        if found.intact and (removed := audit.prune(core, scope, context.now - audit.KEPT_MS)):
            context.note(f"chain {scope}: {removed} old entries removed")
        core.commit()
    if not found.intact:
        context.failures[f"chain {scope}"] = Broken(f"entry {found.n}: {found.problem}")


JOB = Job("audit", every_seconds=86_400, run=run)
