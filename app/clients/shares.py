"""Read-only links: made by an administrator, ended by anybody of them, by time, or with the client.

A link is `<client>.<secret>`; the client's number only says where to look. What it opens is decided
anew each time it is opened: a battery that leaves a location leaves its shared page, too.
"""

import hashlib
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.core.access import EVERY_ASSET, SHARE_PERMISSIONS, Principal, TenantRef
from app.core.auth import tenant_ref
from app.core.models import Tenant
from app.core.passwords import hash_password, verify_password
from app.database.engines import Engines
from app.database.migrate import head
from app.database.sessions import TenantSession, open_core, open_tenant
from app.errors import Invalid, NotFound, sentence

from . import catalogue
from .catalogue import AssetFilter
from .models import Battery
from .share_models import Share

CLIENT, LOCATION, BATTERY = LEVELS = ("client", "location", "battery")
FIELDS = ("soc", "power", "pack_voltage", "current", "temperature_max", "soh")
"""The cards there are, in their order: metrics of the live state."""
LONGEST_MS = 366 * 86_400_000
LEAST_PASSWORD = 12
LISTED = 200


def create(
    session: TenantSession,
    user_id: int,
    now: int,
    *,
    level: str,
    target_id: int,
    fields: Sequence[str],
    expires_at: int,
    title: str = "",
    label: str = "",
    password: str = "",
) -> tuple[Share, str]:
    """A new link and its secret, which is told once; the caller commits. Raises Invalid."""
    wrong = {}
    chosen = [code for code in FIELDS if code in fields]
    if level not in LEVELS:
        wrong["level"] = sentence("Choose what is shared.")
    if not chosen:
        wrong["fields"] = sentence("Choose at least one card.")
    if not now < expires_at <= now + LONGEST_MS:
        wrong["expires"] = sentence("Choose a date within a year.")
    if password and len(password) < LEAST_PASSWORD:
        wrong["password"] = sentence("Use twelve characters or more.")
    if wrong:
        raise Invalid("Some fields need attention.", fields=wrong)
    token = f"{session.tenant.id}.{secrets.token_urlsafe(32)}"
    row = Share(
        token_hash=_digest(token),
        title=title[:80],
        level=level,
        target_id=0 if level == CLIENT else target_id,
        fields=chosen,
        password_hash=hash_password(password) if password else None,
        created_by=user_id,
        created_at=now,
        expires_at=expires_at,
    )
    row.label = label[:120]
    _check_target(session, row)
    session.add(row)
    session.flush()
    return row, token


def find(engines: Engines, token: str, now: int) -> tuple[Principal, Share] | None:
    """Whoever holds this link and what it shares; None for forged, ended and old ones alike."""
    number, _, secret = token.partition(".")
    if not (number.isascii() and number.isdigit() and len(number) < 10 and len(secret) == 43):
        return None
    with open_core(engines) as core:
        tenant = core.get(Tenant, int(number))
        if tenant is None or tenant.status != "active" or tenant.revision != head("tenant"):
            return None
        ref = tenant_ref(engines, tenant)
    with open_tenant(engines, ref, EVERY_ASSET) as session:
        row = session.scalar(select(Share).where(Share.token_hash == _digest(token)))
    if row is None or row.revoked_at is not None or row.expires_at <= now:
        return None
    return Principal("share", row.id, f"share:{row.id}", SHARE_PERMISSIONS, tenant=ref), row


def batteries(session: TenantSession, share: Share) -> list[Battery]:
    """The active batteries that a link shows today, by their ids: names are nobody's business."""
    wanted = AssetFilter(location_id=share.target_id if share.level == LOCATION else None)
    found = session.scalars(catalogue.find_assets(wanted)).all()
    if share.level == BATTERY:
        found = [battery for battery in found if battery.id == share.target_id]
    return sorted(found, key=lambda battery: battery.id)


@contextmanager
def opened(
    engines: Engines, holder: Principal, share: Share
) -> Iterator[tuple[TenantSession, list[Battery]]]:
    """A session that sees what a link shows and nothing else, and its batteries in order."""
    with open_tenant(engines, holder.tenant, EVERY_ASSET) as session:
        scope = frozenset(battery.id for battery in batteries(session, share))
    with open_tenant(engines, holder.tenant, scope) as session:
        yield session, batteries(session, share)


def opens(share: Share, password: str) -> bool:
    """Whether this is its password."""
    return verify_password(share.password_hash, password)


def count_use(engines: Engines, ref: TenantRef, share: Share, now: int) -> None:
    """Note that somebody opened it."""
    with open_tenant(engines, ref, EVERY_ASSET, writes=True) as session, session.begin():
        session.execute(
            update(Share)
            .where(Share.id == share.id)
            .values(uses=Share.uses + 1, last_used_at=now)
            .execution_options(synchronize_session=False)
        )


def listed(session: Session) -> Sequence[Share]:
    """Every link, the newest first."""
    return session.scalars(select(Share).order_by(Share.id.desc()).limit(LISTED)).all()


def revoke(session: Session, share_id: int, now: int) -> Share:
    """End a link; NotFound when there is none."""
    row = session.get(Share, share_id)
    if row is None:
        raise NotFound("There is no such link.")
    row.revoked_at = row.revoked_at or now
    return row


def _check_target(session: TenantSession, share: Share) -> None:
    if share.level == LOCATION:
        catalogue.location(session, share.target_id)
    elif share.level == BATTERY:
        catalogue.asset(session, share.target_id)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
