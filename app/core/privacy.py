"""What is known of a person: given to them on request, and removed when its purpose ends.

Personal are: name, address, sessions with their computers' addresses, the journal of what they did.
Measurements are not: no battery is a person.
"""

from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.database.base import now_ms
from app.database.engines import Engines
from app.database.sessions import open_core
from app.errors import NotFound

from .access import Principal
from .journal import record
from .models import ApiKey, AuditEntry, Passkey, RecoveryCode, RefreshToken, User, UserSession
from .notices import NotificationPreference, PushSubscription

ERASED = "erased"
OF_A_PERSON = (
    UserSession,
    RecoveryCode,
    Passkey,
    ApiKey,
    RefreshToken,
    NotificationPreference,
    PushSubscription,
)
"""Rows that go with the person they belong to."""


def personal_data(engines: Engines, user_id: int) -> dict[str, Any]:
    """Everything personal held about somebody, in a structure programs can read."""
    with open_core(engines) as core:
        user = core.get(User, user_id)
        if user is None or user.status == ERASED:
            raise NotFound("There is no such person.")
        sessions = core.scalars(select(UserSession).where(UserSession.user_id == user_id)).all()
        passkeys = core.scalars(select(Passkey).where(Passkey.user_id == user_id)).all()
        programs = core.scalars(select(ApiKey).where(ApiKey.user_id == user_id)).all()
        told = select(NotificationPreference).where(NotificationPreference.user_id == user_id)
        return {
            "person": {
                "id": user.id,
                "email": user.email,
                "name": user.name,
                "role": user.role,
                "status": user.status,
                "client": user.tenant.name if user.tenant else None,
                "locale": user.locale,
                "theme": user.theme,
                "created_at": user.created_at,
                "last_sign_in": user.last_sign_in,
            },
            "sessions": [
                _said(each, "created_at", "seen_at", "address", "agent") for each in sessions
            ],
            "passkeys": [_said(each, "name", "created_at", "last_used") for each in passkeys],
            "keys": [_said(each, "name", "created_at", "last_used") for each in programs],
            "notifications": [
                _said(each, "phone", "severities", "channels", "quiet_from", "quiet_to")
                for each in core.scalars(told)
            ],
            "journal": [
                _said(each, "at", "action", "target", "detail", "address")
                for each in _journal_of(core, user_id)
            ],
            "exported_at": now_ms(),
        }


def erase(core: Session, user_id: int, by: Principal) -> None:
    """Remove what is known of a person. What they did stays in the journal, under their number."""
    user = core.get(User, user_id)
    if user is None or user.status == ERASED:
        raise NotFound("There is no such person.")
    tenant_id = user.tenant_id
    user.email = user.name = None
    user.email_sealed = user.name_sealed = b""
    user.password_hash = user.totp_secret = user.last_sign_in = user.locale = None
    user.status = ERASED
    user.ver += 1
    for kind in OF_A_PERSON:
        core.execute(delete(kind).where(kind.user_id == user_id))
    record(core, by, "privacy.erase", target=f"user:{user_id}", tenant_id=tenant_id)
    core.flush()


def _journal_of(core: Session, user_id: int) -> list[AuditEntry]:
    name = f"user:{user_id}"
    about = (AuditEntry.actor == name) | (AuditEntry.target == name)
    return list(core.scalars(select(AuditEntry).where(about).order_by(AuditEntry.id)))


def _said(row: object, *names: str) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}
