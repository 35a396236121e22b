"""Codes of authenticators (TOTP, RFC 6238), and the recovery codes that stand in for a lost one.

A code is taken once: the time step of the last one is stored, and only later ones count. Recovery
codes have 80 random bits, are shown once and stored as digests.
"""

import hmac
import re
import secrets
from datetime import UTC, datetime
from hashlib import sha256

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from app.database.base import now_ms
from app.errors import Invalid, sentence

from .auth import end_sessions_of
from .models import Passkey, RecoveryCode, User

ISSUER = "TrackingBMS"
STEP_SECONDS = 30
WINDOW = 1
"""Steps a phone's clock may be off, either way."""
CODES = 10
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE = re.compile(r"[0-9]{6}", re.ASCII)


def new_secret() -> str:
    """A secret for an authenticator, in base 32."""
    from pyotp import random_base32  # here, because only second factors need it

    return random_base32()


def address(secret: str, email: str) -> str:
    """The `otpauth://` address that an authenticator reads from a QR code."""
    from pyotp import TOTP

    return TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def matching_step(secret: str, code: str, now: int) -> int | None:
    """The time step whose code this is, within the window; None when there is none."""
    from pyotp import TOTP

    code = re.sub(r"\s", "", code)
    if not CODE.fullmatch(code):
        return None
    current = now // 1000 // STEP_SECONDS
    for step in range(current - WINDOW, current + WINDOW + 1):
        moment = datetime.fromtimestamp(step * STEP_SECONDS, UTC)
        if hmac.compare_digest(TOTP(secret).at(moment), code):
            return step
    return None


def accept(core: Session, user: User, text: str, now: int | None = None) -> bool:
    """Whether `text` is a code of this person's, which is used up by this; the caller commits."""
    now = now_ms() if now is None else now
    return _take_code(core, user, text, now) or _take_recovery_code(core, user, text, now)


def confirm(core: Session, user: User, secret: str, code: str, now: int | None = None) -> list[str]:
    """Begin to use this secret, once a code shows that an authenticator has it.

    Returns the recovery codes, which cannot be shown again. Raises Invalid for a wrong code.
    """
    step = matching_step(secret, code, now_ms() if now is None else now)
    if step is None:
        raise Invalid(
            "Some fields need attention.", fields={"code": sentence("This code is not right.")}
        )
    user.totp_secret = secret
    user.totp_step = step
    user.ver += 1
    return new_recovery_codes(core, user)


def remove(core: Session, user: User) -> None:
    """Stop asking this person for codes."""
    user.totp_secret = user.totp_step = None
    user.ver += 1
    core.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))


def forget_devices(core: Session, user: User) -> None:
    """Take back all that somebody shows besides a password: they lost it, or somebody has it."""
    remove(core, user)
    core.execute(delete(Passkey).where(Passkey.user_id == user.id))
    end_sessions_of(core, user.id)


def new_recovery_codes(core: Session, user: User) -> list[str]:
    """Ten new codes in place of the old ones."""
    core.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(16)) for _ in range(CODES)]
    core.add_all(RecoveryCode(code_hash=_digest(user, code), user_id=user.id) for code in codes)
    core.flush()
    return ["-".join(code[i : i + 4] for i in range(0, 16, 4)) for code in codes]


def codes_left(core: Session, user_id: int) -> int:
    """How many recovery codes are unused."""
    unused = (RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    return core.scalar(select(func.count()).select_from(RecoveryCode).where(*unused)) or 0


def _take_code(core: Session, user: User, code: str, now: int) -> bool:
    step = matching_step(user.totp_secret, code, now) if user.totp_secret else None
    if step is None:
        return False
    later = or_(User.totp_step.is_(None), User.totp_step < step)
    statement = update(User).where(User.id == user.id, later).values(totp_step=step)
    return core.execute(statement).rowcount == 1


def _take_recovery_code(core: Session, user: User, text: str, now: int) -> bool:
    statement = update(RecoveryCode).where(
        RecoveryCode.code_hash == _digest(user, text),
        RecoveryCode.user_id == user.id,
        RecoveryCode.used_at.is_(None),
    )
    return core.execute(statement.values(used_at=now)).rowcount == 1


def _digest(user: User, code: str) -> bytes:
    """Letters that look like digits are read as those."""
    plain = code.upper().translate(str.maketrans("OIL", "011", "- \t"))
    return sha256(f"{user.id}|{plain}".encode()).digest()
