"""Tokens of programs that act for a person: a short access token, a refresh token to renew it.

Access tokens are JWTs (RFC 9068), HS256 because whoever issues also verifies; the algorithm, the
type, the audience and the issuer are pinned and the key is looked up in a fixed table. Each
carries `ver` of its person, so raising that ends them all. Refresh tokens are random; a row knows
their SHA-256 and that each is used once. Using one again means somebody copied it: the whole
family ends.
"""

import base64
import binascii
import secrets
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from app.database.base import now_ms
from app.errors import Misconfigured, Unauthorized
from app.settings import Settings

from .auth import may_sign_in, token_digest
from .crypto import derive
from .models import RefreshToken, User

if TYPE_CHECKING:
    from jwt import PyJWT

ALGORITHM = "HS256"
TYPE = "at+jwt"
AUDIENCE = "trackingbms-api"
REQUIRED = ["iss", "aud", "sub", "iat", "exp", "ver"]
ACCESS_SECONDS = 600
REFRESH_MS = 30 * 86_400_000
MIN_KEY = 32


@dataclass(frozen=True, slots=True)
class TokenKeys:
    """The signing keys by id. `current` signs; all verify, so that keys can be replaced."""

    issuer: str
    current: str
    keys: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Renewal:
    """What became of a refresh token: the next one, or None because it had been used before."""

    user: User
    token: str | None


@lru_cache(maxsize=8)
def token_keys(settings: Settings) -> TokenKeys:
    """Read TOKEN_KEYS (`kid:base64,…`, the first signs); derived from SECRET_KEY when unset."""
    keys = {}
    for entry in filter(None, map(str.strip, settings.token_keys.split(","))):
        kid, _, text = entry.partition(":")
        try:
            keys[kid] = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise Misconfigured(f"Key {kid} of TOKEN_KEYS is not base64.") from None
        if len(keys[kid]) < MIN_KEY:
            raise Misconfigured(f"Key {kid} of TOKEN_KEYS is shorter than {MIN_KEY} bytes.")
    if not keys:
        keys = {"derived": derive(settings.secret_key.encode(), "tbms|tokens")}
    return TokenKeys(settings.public_url.rstrip("/"), next(iter(keys)), keys)


def make_access(keys: TokenKeys, user: User, now: int | None = None) -> str:
    """An access token for this person, good for ten minutes. `now` in milliseconds."""
    issued = (now_ms() if now is None else now) // 1000
    claims = {
        "iss": keys.issuer,
        "aud": AUDIENCE,
        "sub": str(user.id),
        "iat": issued,
        "exp": issued + ACCESS_SECONDS,
        "jti": secrets.token_hex(8),
        "ver": user.ver,
    }
    headers = {"kid": keys.current, "typ": TYPE}
    return _jwt().encode(claims, keys.keys[keys.current], ALGORITHM, headers=headers)


def read_access(keys: TokenKeys, token: str) -> tuple[int, int]:
    """The person's id and `ver` in a valid access token; raises Unauthorized otherwise."""
    from jwt import InvalidTokenError, get_unverified_header

    try:
        header = get_unverified_header(token)
        key = keys.keys[header["kid"]]
        if header.get("typ") != TYPE:
            raise bad_token()
        claims = _jwt().decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=keys.issuer,
            options={"require": REQUIRED, "verify_sub": True},
        )
        subject, ver = claims["sub"], claims["ver"]
        if not (subject.isascii() and subject.isdigit() and type(ver) is int):
            raise bad_token()
        return int(subject), ver
    except (InvalidTokenError, KeyError, TypeError):
        raise bad_token() from None


def find_bearer(core: Session, keys: TokenKeys, token: str) -> User:
    """The person an access token stands for, as they are now; raises Unauthorized."""
    user_id, ver = read_access(keys, token)
    user = core.get(User, user_id, options=[joinedload(User.tenant)])
    if user is None or user.ver != ver or not may_sign_in(user):
        raise bad_token()
    return user


def start_family(core: Session, user: User, now: int | None = None) -> str:
    """A first refresh token; the family it begins ends after 30 days."""
    now = now_ms() if now is None else now
    return _add(core, user, secrets.token_hex(16), now, now + REFRESH_MS)


def renew(core: Session, token: str, now: int | None = None) -> Renewal:
    """Use a refresh token: the next of its family, once. The caller commits in every case.

    Raises Unauthorized for tokens that are unknown, too old or revoked. A token used before ends
    its family; the renewal then has no token, and the caller says so to the audit trail.
    """
    now = now_ms() if now is None else now
    row = core.get(RefreshToken, token_digest(token))
    if row is None or row.revoked_at is not None or row.expires_at <= now:
        raise bad_token()
    user = core.get(User, row.user_id, options=[joinedload(User.tenant)])
    if user is None or user.ver != row.ver or not may_sign_in(user):
        raise bad_token()
    unused = update(RefreshToken).where(
        RefreshToken.token_hash == row.token_hash, RefreshToken.used_at.is_(None)
    )
    if core.execute(unused.values(used_at=now)).rowcount == 1:
        return Renewal(user, _add(core, user, row.family, now, row.expires_at))
    end_family(core, row.family, now)
    return Renewal(user, None)


def end_family(core: Session, family: str, now: int) -> None:
    """Let no token of this family renew anything again."""
    core.execute(
        update(RefreshToken)
        .where(RefreshToken.family == family, RefreshToken.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def revoke(core: Session, token: str, now: int | None = None) -> User | None:
    """End the family of a refresh token; whose it was, or None when it is unknown."""
    row = core.scalar(select(RefreshToken).where(RefreshToken.token_hash == token_digest(token)))
    if row is None:
        return None
    end_family(core, row.family, now_ms() if now is None else now)
    return core.get(User, row.user_id, options=[joinedload(User.tenant)])


def bad_token() -> Unauthorized:
    """The one answer to every token that does not count."""
    return Unauthorized("This token is not valid any more.", code="bad_token")


def _add(core: Session, user: User, family: str, now: int, expires_at: int) -> str:
    token = secrets.token_urlsafe(32)
    core.add(
        RefreshToken(
            token_hash=token_digest(token),
            family=family,
            user_id=user.id,
            ver=user.ver,
            created_at=now,
            expires_at=expires_at,
        )
    )
    core.flush()
    return token


@lru_cache(maxsize=1)
def _jwt() -> "PyJWT":
    from jwt import PyJWT  # here, because pages never need it

    return PyJWT()
