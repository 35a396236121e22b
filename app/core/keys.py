"""Keys of programs: `tbms_<env>_<8 id>_<43 secret>_<6 checksum>`.

The id names the key in lists and logs; of the secret, 256 random bits, only the SHA-256 is kept,
which is enough for something nobody can guess. The checksum lets scanners of leaked secrets tell a
real key from noise without asking. A key acts for whoever made it: it loses what they lose.
"""

import hmac
import re
import secrets
import zlib
from collections.abc import Iterable
from hashlib import sha256

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session, joinedload

from app.database.base import now_ms
from app.database.engines import Engines
from app.errors import Invalid, NotFound, Unauthorized, sentence

from .access import KEY_SCOPES, Permission, Principal
from .auth import may_sign_in, tenant_ref
from .models import ApiKey, User

FORM = re.compile(r"tbms_(live|test)_([a-z0-9]{8})_([A-Za-z0-9_-]{43})_([0-9a-z]{7})", re.ASCII)
ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
DAY_MS = 86_400_000
MAX_DAYS = 365
USED_EVERY_MS = 60_000


def create(
    core: Session,
    maker: Principal,
    name: str,
    scopes: Iterable[str],
    days: int,
    live: bool = True,
    now: int | None = None,
) -> tuple[ApiKey, str]:
    """A new key of this person for their client, and its text, which cannot be shown again.

    `live`: whether the installation is a real one, which the key's text says. Raises Invalid with
    the fields at fault; scopes may not exceed what the maker may do.
    """
    now = now_ms() if now is None else now
    wanted, wrong = set(scopes), {}
    if not name.strip():
        wrong["name"] = sentence("A name is needed.")
    if not wanted:
        wrong["scopes"] = sentence("Choose one.")
    elif not wanted <= {str(scope) for scope in KEY_SCOPES & maker.permissions}:
        wrong["scopes"] = sentence("A key may not do more than you may.")
    if not 1 <= days <= MAX_DAYS:
        wrong["days"] = sentence("A key lasts between a day and a year.")
    if wrong or maker.tenant is None:
        raise Invalid("Some fields need attention.", fields=wrong)
    prefix = "".join(secrets.choice(ALPHABET) for _ in range(8))
    secret = secrets.token_urlsafe(32)
    key = ApiKey(
        prefix=prefix,
        secret_hash=sha256(secret.encode()).digest(),
        user=core.get_one(User, maker.id),
        tenant_id=maker.tenant.id,
        name=name.strip()[:80],
        scopes=sorted(wanted),
        created_at=now,
        expires_at=now + days * DAY_MS,
    )
    core.add(key)
    core.flush()
    body = f"tbms_{'live' if live else 'test'}_{prefix}_{secret}"
    return key, f"{body}_{checksum(body)}"


def find(core: Session, text: str, now: int | None = None) -> ApiKey:
    """The live key of this text, with its maker; raises Unauthorized, the same for every reason."""
    now = now_ms() if now is None else now
    match = FORM.fullmatch(text)
    if match is None or checksum(text[:-8]) != match[4]:
        raise _bad_key()
    people = joinedload(ApiKey.user).joinedload(User.tenant)
    key = core.scalar(select(ApiKey).where(ApiKey.prefix == match[2]).options(people))
    given = sha256(match[3].encode()).digest()
    same = hmac.compare_digest(given, key.secret_hash if key else bytes(32))
    if key is None or not same or not is_live(key, now) or not may_sign_in(key.user):
        raise _bad_key()
    return key


def is_live(key: ApiKey, now: int) -> bool:
    """Whether a key is neither revoked nor expired."""
    return key.revoked_at is None and key.expires_at > now


def principal_of(engines: Engines, key: ApiKey, permissions: frozenset[Permission]) -> Principal:
    """Who calls with this key: its maker, narrowed to its scopes. `permissions`: the maker's."""
    user = key.user
    scopes = frozenset(Permission(s) for s in key.scopes if s in set(Permission))
    return Principal(
        kind="key",
        id=user.id,
        label=f"{user.email} · {key.prefix}",
        permissions=permissions & scopes & KEY_SCOPES,
        role=user.role,
        tenant=tenant_ref(engines, user.tenant) if user.tenant else None,
        locale=user.locale,
    )


def of_client(tenant_id: int, user_id: int | None = None) -> Select[tuple[ApiKey]]:
    """The statement of a client's keys, or of those of one of its people; the newest first."""
    found = select(ApiKey).where(ApiKey.tenant_id == tenant_id).options(joinedload(ApiKey.user))
    if user_id is not None:
        found = found.where(ApiKey.user_id == user_id)
    return found.order_by(ApiKey.id.desc())


def revoke(
    core: Session, tenant_id: int, key_id: int, user_id: int | None = None, now: int | None = None
) -> ApiKey:
    """End a key at once. NotFound unless it is this client's, and that person's if one is named."""
    key = core.get(ApiKey, key_id, options=[joinedload(ApiKey.user)])
    if key is None or key.tenant_id != tenant_id or user_id not in (None, key.user_id):
        raise NotFound("There is no such key.")
    key.revoked_at = key.revoked_at or (now_ms() if now is None else now)
    core.flush()
    return key


def use_due(key: ApiKey, now: int) -> bool:
    """Whether this use is worth noting: once a minute."""
    return now - (key.last_used or 0) >= USED_EVERY_MS


def note_use(core: Session, key_id: int, now: int) -> None:
    """Note that a key was used."""
    core.execute(update(ApiKey).where(ApiKey.id == key_id).values(last_used=now))


def checksum(body: str) -> str:
    """CRC-32 of what stands before it, in base 36."""
    number, text = zlib.crc32(body.encode()), ""
    for _ in range(7):
        number, digit = divmod(number, 36)
        text = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + text
    return text


def _bad_key() -> Unauthorized:
    return Unauthorized("This key is not valid.", code="bad_key")
