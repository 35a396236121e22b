"""People of a client: who they are and which batteries they may see."""

import re
import secrets
from collections.abc import Iterable

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.core.access import EVERY_ASSET, Principal, Role, Scope
from app.core.models import Tenant, User
from app.core.passwords import hash_password, password_fault
from app.database.encrypted import find_by
from app.database.engines import Engines
from app.database.sessions import TenantSession, open_tenant
from app.errors import Conflict, Invalid, NotFound, sentence

from .models import Asset, AssetGrant

EMAIL = re.compile(r"[^\s@]{1,64}@[^\s@]{1,185}\.[^\s@.]{2,63}")


def create_user(
    core: Session,
    email: str,
    name: str,
    role: Role | str,
    password: str,
    tenant_id: int | None = None,
    locale: str | None = None,
) -> User:
    """Add a person. Super admins belong to no client; everybody else belongs to one.

    Raises Invalid with the fields at fault, Conflict when the address is taken.
    """
    email = email.strip().lower()
    wrong = _wrong(email, name)
    if role not in set(Role):
        wrong["role"] = sentence("This role is unknown.")
    elif (role == Role.SUPER_ADMIN) != (tenant_id is None):
        wrong["role"] = sentence(
            "A super admin belongs to no client; everybody else belongs to one."
        )
    elif tenant_id is not None and core.get(Tenant, tenant_id) is None:
        wrong["tenant"] = sentence("There is no such client.")
    if text := password_fault(password, name, email):
        wrong["password"] = text
    if wrong:
        raise Invalid("Some fields need attention.", fields=wrong)
    _demand_free(core, email)
    user = User(
        email=email,
        name=name.strip(),
        role=Role(role).value,
        password_hash=hash_password(password),
        tenant_id=tenant_id,
        locale=locale,
    )
    core.add(user)
    core.flush()
    return user


def invite_user(core: Session, email: str, name: str, role: Role | str, tenant_id: int) -> User:
    """Add a person of a client who has no password yet: a link lets them choose one.

    Raises what `create_user` does.
    """
    user = create_user(core, email, name, role, secrets.token_urlsafe(32), tenant_id)
    user.password_hash = None
    core.flush()
    return user


def rectify(core: Session, user: User, name: str, email: str) -> list[str]:
    """Correct somebody's name and address; returns which of the two are others now.

    Raises Invalid with the fields at fault, Conflict when the address is somebody else's.
    """
    email = email.strip().lower()
    if wrong := _wrong(email, name):
        raise Invalid("Some fields need attention.", fields=wrong)
    if email != user.email:
        _demand_free(core, email)
    given = {"name": name.strip(), "email": email}
    changed = [field for field, value in given.items() if getattr(user, field) != value]
    for field in changed:
        setattr(user, field, given[field])
    core.flush()
    return changed


def _wrong(email: str, name: str) -> dict[str, str]:
    wrong = {}
    if not EMAIL.fullmatch(email):
        wrong["email"] = sentence("This is not an e-mail address.")
    if not name.strip():
        wrong["name"] = sentence("A name is needed.")
    return wrong


def _demand_free(core: Session, email: str) -> None:
    if core.scalar(select(User.id).where(find_by(User, "email", email, core))) is not None:
        raise Conflict("Somebody has this e-mail address already.", code="email_taken")


def grant(session: TenantSession, user_id: int, asset_ids: Iterable[int]) -> None:
    """Let a user see these assets, besides those already granted."""
    wanted = set(asset_ids)
    known = set(session.scalars(select(Asset.id).where(Asset.id.in_(wanted))))
    if wanted - known:
        raise NotFound("There is no such battery.")
    for asset_id in sorted(wanted - granted(session, user_id)):
        session.add(AssetGrant(user_id=user_id, asset_id=asset_id))
    session.flush()


def withdraw(session: TenantSession, user_id: int, asset_ids: Iterable[int]) -> None:
    """Take the sight of these assets back."""
    session.execute(
        delete(AssetGrant).where(
            AssetGrant.user_id == user_id, AssetGrant.asset_id.in_(set(asset_ids))
        )
    )


def granted(session: TenantSession, user_id: int) -> frozenset[int]:
    """The assets a user was granted."""
    rows = session.scalars(select(AssetGrant.asset_id).where(AssetGrant.user_id == user_id))
    return frozenset(rows)


def grant_counts(session: TenantSession) -> dict[int, int]:
    """How many assets each user was granted."""
    counted = select(AssetGrant.user_id, func.count()).group_by(AssetGrant.user_id)
    return dict(session.execute(counted).all())


def scope_of(engines: Engines, principal: Principal) -> Scope:
    """What this caller may see of their client: everything, or the assets granted to them."""
    if not principal.scoped:
        return EVERY_ASSET
    if principal.tenant is None:
        return frozenset()
    with open_tenant(engines, principal.tenant, EVERY_ASSET) as session:
        return granted(session, principal.id)
