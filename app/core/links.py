"""Links that let somebody choose a password: an invitation, or help for a forgotten one.

A link is signed and carries `link_ver` of its person, which is raised when an administrator makes a
link and when one is used: only the latest counts, once. Nothing of it is stored. What strangers ask
for (`make_reset`) raises nothing, or they could end invitations; using one ends all of them.
"""

from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy.orm import Session, joinedload

from app.errors import Invalid, NotFound
from app.settings import Settings

from .auth import end_sessions_of, may_sign_in
from .models import User
from .passwords import hash_password, password_fault

KINDS = {"access link": 7 * 86_400, "reset link": 30 * 60}
"""How many seconds a link of each kind waits for its person."""


def make_link(settings: Settings, user: User) -> str:
    """A new link for this person, in place of any before; the caller commits."""
    user.link_ver += 1
    return _address(settings, "access link", user)


def make_reset(settings: Settings, user: User) -> str:
    """A link for whoever says that they forgot their password; it goes to their mailbox only."""
    return _address(settings, "reset link", user)


def read_link(core: Session, settings: Settings, token: str) -> User:
    """Whose link this is; NotFound, the same for forged, old, used and replaced ones."""
    user_id, ver = _read(settings, token)
    user = core.get(User, user_id, options=[joinedload(User.tenant)])
    if user is None or user.link_ver != ver or not may_sign_in(user):
        raise _dead()
    return user


def use_link(core: Session, user: User, password: str) -> None:
    """Set the password; the link, every session and every token of before are over.

    Raises Invalid for a password that is not acceptable; the link then still counts.
    """
    if text := password_fault(password, user.name, user.email):
        raise Invalid("Some fields need attention.", fields={"password": text})
    user.password_hash = hash_password(password)
    user.link_ver += 1
    user.ver += 1
    end_sessions_of(core, user.id)


def _read(settings: Settings, token: str) -> tuple[int, int]:
    for kind, seconds in KINDS.items():
        try:
            user_id, ver = _signer(settings, kind).loads(token, max_age=seconds)
        except (BadData, ValueError, TypeError):
            continue
        return user_id, ver
    raise _dead()


def _address(settings: Settings, kind: str, user: User) -> str:
    token = _signer(settings, kind).dumps([user.id, user.link_ver])
    return f"{settings.public_url.rstrip('/')}/acces/{token}"


def _signer(settings: Settings, kind: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(settings.secret_key, salt=kind)


def _dead() -> NotFound:
    return NotFound("This link has been used or is too old. Ask for another one.", code="bad_link")
