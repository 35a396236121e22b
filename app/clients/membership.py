"""The people of a client: found, changed, and given the batteries they may see."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.core.access import Role
from app.core.auth import end_sessions_of
from app.core.models import User
from app.database.sessions import TenantSession
from app.errors import Conflict, NotFound

from . import users

ROLES = tuple(role.value for role in Role if role is not Role.SUPER_ADMIN)
"""What somebody of a client can be."""
STATUSES = ("active", "disabled")


def people_of(tenant_id: int, role: str | None = None, status: str | None = None) -> Select:
    """The statement of a client's people."""
    statement = select(User).where(User.tenant_id == tenant_id)
    if role:
        statement = statement.where(User.role == role)
    if status:
        statement = statement.where(User.status == status)
    return statement


def person(core: Session, tenant_id: int, user_id: int, *, lock: bool = False) -> User:
    """Somebody of this client; NotFound for anybody else. `lock`: nobody else changes them."""
    statement = people_of(tenant_id).where(User.id == user_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    found = core.scalar(statement)
    if found is None:
        raise NotFound("There is no such person.")
    return found


def edit_person(core: Session, user: User, changes: Mapping[str, Any], by: int) -> None:
    """Change name, language, role or status. A new role or an end takes effect at once.

    Raises Conflict for what would leave a client without anybody to administer it, and for one's
    own role or status.
    """
    ranks = [name for name in ("role", "status") if _differs(user, name, changes)]
    if ranks and user.id == by:
        raise Conflict("Somebody else has to change your own role.", code="own_role")
    if ranks and _is_last_admin(core, user):
        raise Conflict("A client keeps one administrator at least.", code="last_admin")
    for name, new in changes.items():
        setattr(user, name, new)
    core.flush()
    if ranks:
        user.ver += 1
        end_sessions_of(core, user.id)


def set_granted(session: TenantSession, user_id: int, asset_ids: Iterable[int]) -> None:
    """Let somebody see these batteries and no others; NotFound when one does not exist."""
    wanted, had = frozenset(asset_ids), users.granted(session, user_id)
    users.grant(session, user_id, wanted)
    if had - wanted:
        users.withdraw(session, user_id, had - wanted)


def _differs(user: User, name: str, changes: Mapping[str, Any]) -> bool:
    return name in changes and changes[name] != getattr(user, name)


def _is_last_admin(core: Session, user: User) -> bool:
    if user.role != Role.CLIENT_ADMIN or user.status != "active":
        return False
    others = people_of(user.tenant_id or 0, Role.CLIENT_ADMIN, "active").where(User.id != user.id)
    return core.scalars(others.limit(1)).first() is None
