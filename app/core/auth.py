"""Who somebody is: passwords, and the sessions of signed-in browsers.

Passwords are Argon2id. A session is a row; its cookie carries 256 random bits and the row only
their SHA-256, so neither a copy of the table nor a signing key opens anything, and ending a
session is deleting a row.
"""

import secrets
from dataclasses import replace
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session, joinedload

from app.database.base import now_ms
from app.database.encrypted import find_by
from app.database.engines import Engines
from app.errors import NotFound, Unauthorized

from .access import MATRIX, Permission, Principal, Role, TenantRef, read_only
from .models import Tenant, User, UserSession

if TYPE_CHECKING:
    from argon2 import PasswordHasher

HOUR_MS = 3_600_000
IDLE_MS = 8 * HOUR_MS
"""A session unused for this long is over: one working day."""
ABSOLUTE_MS = 12 * HOUR_MS
"""A session is over after this long, however much it is used."""
SEEN_EVERY_MS = 60_000
ENTERED_MS = 30 * 60_000
"""How long a super admin stays in a client before entering it anew."""

NOBODY = (
    "$argon2id$v=19$m=19456,t=2,p=1$lsJZisj4tjf70eVhzEOWVA$"
    "AXpmJ3kbKOw4MGV1eQx8bH4zSH9YTU02RUi0SLxptTs"
)
"""Hash of a random password nobody has: an unknown address takes as long as a wrong password."""

LIVE_SESSION = (
    select(UserSession)
    .where(
        UserSession.token_hash == bindparam("token"),
        UserSession.seen_at > bindparam("idle"),
        UserSession.created_at > bindparam("old"),
    )
    .options(
        joinedload(UserSession.user).joinedload(User.tenant),
        joinedload(UserSession.entered_tenant),
    )
)
"""Built once: it runs with every request, and building it costs a third of it."""


@cache
def _hasher() -> "PasswordHasher":
    """Argon2id with 19 MiB: five sign-ins at once stay under 100 MB on a 1 GB account."""
    from argon2 import PasswordHasher  # here, because only sign-in needs it

    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def hash_password(text: str) -> str:
    """The Argon2id hash to store, parameters included. Takes about 30 ms, on purpose."""
    return _hasher().hash(text)


def verify_password(password_hash: str | None, text: str) -> bool:
    """Whether `text` is the password; the same work when there is no hash to compare with."""
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return _hasher().verify(password_hash or NOBODY, text)
    except (VerificationError, InvalidHashError):
        return False


def authenticate(core: Session, email: str, password: str) -> User:
    """The person with this address and password.

    Raises Unauthorized, the same for an unknown address, a wrong password, a disabled person and
    a closed client. Renews hashes made with older parameters; the caller commits.
    """
    statement = select(User).where(find_by(User, "email", email.strip().lower(), core))
    user = core.scalar(statement.options(joinedload(User.tenant)))
    known = verify_password(user.password_hash if user else None, password)
    if not known or user is None or not may_sign_in(user):
        raise Unauthorized("The e-mail address or the password is wrong.", code="bad_credentials")
    if _hasher().check_needs_rehash(user.password_hash):
        user.password_hash = hash_password(password)
    user.last_sign_in = now_ms()
    return user


def token_digest(token: str) -> bytes:
    """What is stored of a session's token, and found again by it."""
    return sha256(token.encode()).digest()


def start_session(core: Session, user: User, address: str = "", agent: str = "") -> str:
    """Open a session and return the token for its cookie; nothing else ever knows the token."""
    token = secrets.token_urlsafe(32)
    core.add(
        UserSession(
            token_hash=token_digest(token),
            user_id=user.id,
            csrf=secrets.token_urlsafe(32),
            address=address[:45],
            agent=agent[:200],
        )
    )
    core.flush()
    return token


def find_session(core: Session, token: str, now: int | None = None) -> UserSession | None:
    """The live session of this token with its people and clients, in one query.

    Not found: unknown, idle or old sessions, disabled people, people of suspended clients.
    """
    now = now_ms() if now is None else now
    limits = {"token": token_digest(token), "idle": now - IDLE_MS, "old": now - ABSOLUTE_MS}
    found = core.scalar(LIVE_SESSION, limits)
    return found if found and may_sign_in(found.user) else None


def is_due(user_session: UserSession, now: int | None = None) -> bool:
    """Whether this use of the session is worth noting: once a minute."""
    return (now_ms() if now is None else now) - user_session.seen_at >= SEEN_EVERY_MS


def touch_session(core: Session, token_hash: bytes, now: int | None = None) -> None:
    """Note that a session was used now."""
    core.execute(
        update(UserSession)
        .where(UserSession.token_hash == token_hash)
        .values(seen_at=now_ms() if now is None else now)
    )


def end_session(core: Session, token: str) -> None:
    """Sign one browser out."""
    core.execute(delete(UserSession).where(UserSession.token_hash == token_digest(token)))


def end_sessions_of(core: Session, user_id: int, keep: bytes | None = None) -> None:
    """Sign a person out everywhere, except from the session whose token hash is `keep`."""
    statement = delete(UserSession).where(UserSession.user_id == user_id)
    if keep is not None:
        statement = statement.where(UserSession.token_hash != keep)
    core.execute(statement)


def forget_old_sessions(core: Session, now: int | None = None) -> None:
    """Remove the rows of sessions that are over."""
    now = now_ms() if now is None else now
    core.execute(
        delete(UserSession).where(
            (UserSession.seen_at <= now - IDLE_MS) | (UserSession.created_at <= now - ABSOLUTE_MS)
        )
    )


def enter_tenant(
    core: Session, user_session: UserSession, tenant_id: int, writes: bool = False
) -> Tenant:
    """Let a super admin's session into a client for half an hour, to look or also to change.

    The caller audits it, and gives the browser a new token.
    """
    tenant = core.get(Tenant, tenant_id)
    if tenant is None or tenant.status not in ("active", "suspended"):
        raise NotFound("There is no such client.")
    _set_entered(core, user_session, tenant.id, now_ms() + ENTERED_MS, writes)
    return tenant


def leave_tenant(core: Session, user_session: UserSession) -> None:
    """Leave the client entered; the caller audits it."""
    _set_entered(core, user_session, None, None, False)


def principal_of(engines: Engines, user_session: UserSession) -> Principal:
    """Who is calling through this session, for which client, with which permissions."""
    principal = principal_for(engines, user_session.user)
    entered = user_session.entered_tenant
    if entered is None or not principal.may(Permission.ENTER_CLIENT):
        return principal
    if (user_session.entered_until or 0) <= now_ms():
        return principal
    permissions = principal.permissions
    if not user_session.entered_writes:
        permissions = read_only(permissions)
    return replace(principal, tenant=tenant_ref(engines, entered), permissions=permissions)


def principal_for(engines: Engines, user: User) -> Principal:
    """Who calls as this person, in their own client if they belong to one."""
    return Principal(
        kind="user",
        id=user.id,
        label=user.email,
        permissions=MATRIX[Role(user.role)],
        role=Role(user.role),
        tenant=tenant_ref(engines, user.tenant) if user.tenant else None,
        locale=user.locale,
    )


def tenant_ref(engines: Engines, tenant: Tenant) -> TenantRef:
    """The key that opens this client's database."""
    return TenantRef(
        id=tenant.id,
        slug=tenant.slug,
        name=tenant.name,
        url=engines.tenant_url(tenant.id, tenant.database_url),
        time_zone=tenant.time_zone,
        locale=tenant.locale,
    )


def may_sign_in(user: User) -> bool:
    return user.status == "active" and (user.tenant is None or user.tenant.status == "active")


def _set_entered(
    core: Session,
    user_session: UserSession,
    tenant_id: int | None,
    until: int | None,
    writes: bool,
) -> None:
    core.execute(
        update(UserSession)
        .where(UserSession.token_hash == user_session.token_hash)
        .values(entered_tenant_id=tenant_id, entered_until=until, entered_writes=writes)
    )
