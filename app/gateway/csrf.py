"""Writes come from our own pages: what a browser says of a request's origin, and a token in forms.

The browser's own statement (Sec-Fetch-Site, else Origin) is enough where it is made; forms carry a
token besides, bound to the session, which also protects the sign-in form itself.
"""

import hmac
import secrets
from urllib.parse import urlsplit

from flask import request, session
from flask_login import current_user

from app.errors import Forbidden

from .context import settings

FIELD = "csrf_token"
HEADER = "X-CSRF-Token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
OWN_SITES = frozenset({"same-origin", "none"})


def check() -> None:
    """Refuse a write that another site made the browser send."""
    if request.method in SAFE:
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site not in OWN_SITES if site else not _own_origin(request.headers.get("Origin")):
        raise Forbidden("This request came from another site.", code="cross_site")
    if request.path.startswith("/api/"):
        return  # pages of other sites cannot send these unasked, and the check above stands
    given = request.form.get(FIELD) or request.headers.get(HEADER) or ""
    if not hmac.compare_digest(given.encode(), csrf_token().encode()):
        raise Forbidden("This page has expired: open it again and retry.", code="csrf")


def csrf_token() -> str:
    """The token every form carries: the session's, or one in a signed cookie before sign-in."""
    if current_user.is_authenticated:
        return current_user.session.csrf
    if "csrf" not in session:
        session["csrf"] = secrets.token_urlsafe(32)
    return session["csrf"]


def _own_origin(origin: str | None) -> bool:
    """Whether an Origin header names this portal; programs send none, browsers do for writes."""
    public = urlsplit(settings().public_url)
    own = (f"{public.scheme}://{public.netloc}", f"{request.scheme}://{request.host}")
    return origin is None or origin in own
