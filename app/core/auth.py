"""Who somebody is: the right password, and the sessions of signed-in browsers.

A session is a row; its cookie carries 256 random bits and the row only
their SHA-256, so neither a copy of the table nor a signing key opens anything, and ending a
session is deleting a row.
"""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session, joinedload

from app.database.base import now_ms
from app.database.encrypted import find_by
from app.database.engines import Engines
from app.database.remembered import IN_PASSING
from app.errors import NotFound, Unauthorized

from .access import MATRIX, Permission, Principal, Role, TenantRef, read_only
from .models import Tenant, User, UserSession
from .passwords import hash_password, needs_rehash, verify_password

HOUR_MS = 3_600_000
IDLE_MS = HOUR_MS // 2
"""A session unused for this long is over. An open page asks for news all the time, so a screen on
a wall goes on; a browser that was closed, or a machine that sleeps, does not. Who sits before an
open page is another question: dangerous acts ask it (`access.FRESH_MS`)."""
ABSOLUTE_MS = 12 * HOUR_MS
"""A session is over after this long, however much it is used."""
SEEN_EVERY_MS = 60_000
ENTERED_MS = 30 * 60_000
"""How long a super admin stays in a client before entering it anew."""

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
    if needs_rehash(user.password_hash):
        user.password_hash = hash_password(password)
    user.last_sign_in = now_ms()
    return user


def token_digest(token: str) -> bytes:
    """What is stored of a session's token, and found again by it."""
    return sha256(token.encode()).digest()


def start_session(
    core: Session, user: User, address: str = "", agent: str = "", factor: bool = False
) -> str:
    """Open a session and return the token for its cookie; nothing else ever knows the token.

    `factor`: whether a second factor was shown, too.
    """
    token = secrets.token_urlsafe(32)
    now = now_ms()
    core.add(
        UserSession(
            token_hash=token_digest(token),
            user_id=user.id,
            csrf=secrets.token_urlsafe(32),
            address=address[:45],
            agent=agent[:200],
            fresh_at=now,
            factor_at=now if factor else None,
        )
    )
    core.flush()
    return token


def renew_session(core: Session, token_hash: bytes, **proved: int | None) -> str:
    """Give a session a new token, for what it may now do; the old one opens nothing any more.

    `proved`: `fresh_at` and `factor_at`, when the person has just shown who they are.
    """
    token = secrets.token_urlsafe(32)
    values = {"token_hash": token_digest(token), "csrf": secrets.token_urlsafe(32), **proved}
    statement = update(UserSession).where(UserSession.token_hash == token_hash)
    core.execute(statement.values(values), execution_options={"synchronize_session": False})
    return token


def sessions_of(core: Session, user_id: int, now: int | None = None) -> Sequence[UserSession]:
    """The live sessions of a person, the latest used first."""
    now = now_ms() if now is None else now
    found = select(UserSession).where(
        UserSession.user_id == user_id,
        UserSession.seen_at > now - IDLE_MS,
        UserSession.created_at > now - ABSOLUTE_MS,
    )
    return core.scalars(found.order_by(UserSession.seen_at.desc())).all()


def session_name(user_session: UserSession) -> str:
    """What pages call a session; it opens nothing."""
    return user_session.token_hash.hex()[:16]


def end_named_session(core: Session, user_id: int, name: str) -> None:
    """End one of a person's sessions; NotFound when it is none of theirs."""
    for found in sessions_of(core, user_id):
        if session_name(found) == name:
            core.delete(found)
            return
    raise NotFound("There is no such session.")


def find_session(core: Session, token: str, now: int | None = None) -> UserSession | None:
    """The live session of this token with its people and clients, in one query.

    Not found: unknown, idle or old sessions, disabled people, people of suspended clients.
    """
    now = now_ms() if now is None else now
    limits = {"token": token_digest(token), "idle": now - IDLE_MS, "old": now - ABSOLUTE_MS}
    found = core.scalar(LIVE_SESSION, limits)
    return found if found and may_sign_in(found.user) else None


def is_live(user_session: UserSession, now: int | None = None) -> bool:
    """Whether a session found a moment ago is neither idle nor old by now, and still entered."""
    now = now_ms() if now is None else now
    return (
        user_session.seen_at > now - IDLE_MS
        and user_session.created_at > now - ABSOLUTE_MS
        and (user_session.entered_until is None or user_session.entered_until > now)
    )


def is_due(user_session: UserSession, now: int | None = None) -> bool:
    """Whether this use of the session is worth noting: once a minute."""
    return (now_ms() if now is None else now) - user_session.seen_at >= SEEN_EVERY_MS


def touch_session(core: Session, token_hash: bytes, now: int | None = None) -> None:
    """Note that a session was used now."""
    core.execute(
        update(UserSession)
        .where(UserSession.token_hash == token_hash)
        .values(seen_at=now_ms() if now is None else now),
        execution_options=IN_PASSING,
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
