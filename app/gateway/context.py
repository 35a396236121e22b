"""What belongs to the request in hand: who calls, and the sessions opened for them.

Nothing is opened before it is asked for: an unchanged poll asks no database. Views that
write ask for a writing session and commit it once; whatever is not committed is rolled back when
the request ends.
"""

from typing import cast

from flask import current_app, g
from flask_login import current_user

from app.cache import SharedCache
from app.clients.users import scope_of
from app.core.access import EVERY_ASSET, Principal, Scope, TenantRef
from app.database.engines import Engines
from app.database.sessions import CoreSession, TenantSession, open_core, open_tenant
from app.errors import Conflict, Unauthorized
from app.settings import Settings

SCOPE_SECONDS = 30
"""How long a withdrawn battery may stay in sight."""


def engines() -> Engines:
    """The engines of this process."""
    return current_app.extensions["engines"]


def settings() -> Settings:
    """The settings of this process."""
    return engines().settings


def configured() -> Settings:
    """The settings in force: the installation's, with what super admins changed since."""
    return current_app.extensions["configuration"].settings()


def cache() -> SharedCache:
    """The cache that the processes of this host share."""
    return current_app.extensions["cache"]


def current_principal() -> Principal:
    """Whoever is calling; raises Unauthorized when that is nobody."""
    if not current_user.is_authenticated:
        raise Unauthorized("Sign in first.")
    return current_user.principal


def current_tenant() -> TenantRef:
    """The caller's client; Conflict with code `no_client` for a super admin who entered none."""
    tenant = current_principal().tenant
    if tenant is None:
        raise Conflict("Enter a client first.", code="no_client")
    return tenant


def current_scope() -> Scope:
    """The assets the caller may see. A list of assigned ones may be half a minute old."""
    principal = current_principal()
    if not principal.scoped:
        return EVERY_ASSET
    key = f"scope:{principal.tenant.id if principal.tenant else 0}:{principal.id}"
    known = cache().get(key)
    if known is None:
        known = sorted(scope_of(engines(), principal))
        cache().set(key, known, timeout=SCOPE_SECONDS)
    return frozenset(known)


def core_session(writes: bool = False) -> CoreSession:
    """This request's session on the core database. `writes`: it will be written and committed."""
    opened = _opened()
    if ("core", writes) not in opened:
        opened["core", writes] = open_core(engines(), writes=writes)
    return cast(CoreSession, opened["core", writes])


def tenant_session(writes: bool = False) -> TenantSession:
    """This request's session on the caller's client, narrowed to what the caller may see.

    Raises Conflict with code `no_client` for a super admin who has not entered one.
    """
    opened = _opened()
    if ("tenant", writes) not in opened:
        tenant = current_tenant()
        current_user.check_schema()
        opened["tenant", writes] = open_tenant(engines(), tenant, current_scope(), writes=writes)
    return cast(TenantSession, opened["tenant", writes])


def close_sessions(_: BaseException | None = None) -> None:
    """Close what the request opened; uncommitted work is rolled back."""
    for session in g.pop("opened", {}).values():
        session.close()


def _opened() -> dict[tuple[str, bool], CoreSession | TenantSession]:
    if "opened" not in g:
        g.opened = {}
    return g.opened
