"""How a write of the API ends: committed, seen by live pages, and in the audit trail."""

from typing import Any

from app.core.journal import record
from app.database.sessions import CoreSession, TenantSession
from app.processor import revision

from .context import core_session, current_principal, settings
from .limits import client_address


def commit_client(
    session: TenantSession, action: str, target: str, detail: dict[str, Any] | None = None
) -> None:
    """Commit what was changed in the caller's client; its pages show it with their next poll."""
    raised = revision.bump(session)
    session.commit()
    revision.publish(settings(), session.tenant.id, raised)
    commit_core(core_session(writes=True), action, target, detail)


def commit_core(
    core: CoreSession,
    action: str,
    target: str,
    detail: dict[str, Any] | None = None,
    tenant_id: int | None = None,
) -> None:
    """Commit what was changed in the core database, with its audit entry."""
    record(
        core,
        current_principal(),
        action,
        target,
        tenant_id=tenant_id,
        detail=detail,
        address=client_address(),
    )
    core.commit()
