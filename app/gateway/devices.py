"""Browsers that somebody has signed in with before: failures elsewhere never shut them out.

A signed cookie remembers which account a browser belongs to. It opens nothing; it only gives that
browser a count of failed sign-ins of its own, which nobody else can use up.
"""

import secrets
from hashlib import blake2b

from flask import Request, Response, current_app
from itsdangerous import BadSignature, URLSafeTimedSerializer

from .context import settings

DAYS = 180
SECONDS = DAYS * 86_400


def remember_device(response: Response, email: str) -> Response:
    """Let this browser be known as one of the account's."""
    response.set_cookie(
        _cookie(),
        _signer().dumps([_account(email), secrets.token_hex(8)]),
        max_age=SECONDS,
        secure=settings().secure,
        httponly=True,
        samesite="Lax",
    )
    return response


def known_device(request: Request, email: str) -> str | None:
    """The name of this browser if it is one of the account's."""
    try:
        account, name = _signer().loads(request.cookies.get(_cookie(), ""), max_age=SECONDS)
    except (BadSignature, ValueError, TypeError):
        return None
    return name if account == _account(email) else None


def _account(email: str) -> str:
    return blake2b(email.strip().lower().encode(), digest_size=16).hexdigest()


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="device")


def _cookie() -> str:
    return "__Host-device" if settings().secure else "device"
