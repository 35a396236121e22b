"""The door: who is calling, and whether the view may be called by them.

A view says what it needs with a mark of `app.core.access`; a view without one answers 403. One
credential counts per request: where an Authorization header is present, the cookie is not read.
"""

import logging

from flask import Flask, Request, Response, current_app, g, request
from flask_login import LoginManager, UserMixin
from sqlalchemy.exc import SQLAlchemyError

from app.core.access import Principal
from app.core.auth import ABSOLUTE_MS, find_session, is_due, principal_of, touch_session
from app.core.journal import about
from app.core.models import Tenant, User, UserSession
from app.database.migrate import head
from app.database.sessions import open_core
from app.errors import Forbidden, Unavailable

from . import csrf
from .context import current_principal, engines, settings

log = logging.getLogger(__name__)

UNMARKED = object()


class SignedIn(UserMixin):
    """The person behind a browser session: what views and templates see as `current_user`."""

    def __init__(self, session: UserSession, principal: Principal) -> None:
        self.session = session
        self.principal = principal

    @property
    def user(self) -> User:
        return self.session.user

    @property
    def tenant(self) -> Tenant | None:
        """The client's row: one's own, or the one a super admin has entered."""
        return self.user.tenant or self.session.entered_tenant

    @property
    def entered(self) -> bool:
        """Whether a super admin is inside a client: pages say so."""
        return self.user.tenant is None and self.session.entered_tenant is not None

    def get_id(self) -> str:
        return str(self.user.id)

    def check_schema(self) -> None:
        """Raise Unavailable while the client's database is not at the revision of this code."""
        if self.tenant is not None and self.tenant.revision != head("tenant"):
            raise Unavailable("This client is being updated.", code="maintenance", retry_after=30)


def init_app(app: Flask) -> None:
    """Let Flask-Login's `current_user` be whoever the cookie says."""
    login = LoginManager()
    login.session_protection = None  # sessions are rows, not what Flask signs
    login.request_loader(identify)
    login.init_app(app)


def gate() -> None:
    """Before every request: refuse it unless the mark of its view allows the caller."""
    if request.routing_exception is not None or request.endpoint is None:
        return  # not found or method not allowed: the dispatcher answers
    view = current_app.view_functions[request.endpoint]
    needed = getattr(view, "permission", UNMARKED)
    if needed is UNMARKED:
        log.error("the view %s has no mark", request.endpoint)
        raise Forbidden("Nobody may do this.", code="unmarked")
    if getattr(view, "signed", False):
        return
    csrf.check()
    if needed is not None and not current_principal().may(needed):
        raise Forbidden("You may not do this.")


def identify(request: Request) -> SignedIn | None:
    """Whoever holds the session of this request's cookie; looked up once, when first asked."""
    if "signed_in" not in g:
        g.signed_in = None  # what error pages see when the lookup itself fails
        g.signed_in = _from_cookie(request)
    return g.signed_in


def remember(response: Response, token: str) -> Response:
    """Hand the browser the token of the session just started."""
    response.set_cookie(
        _cookie(),
        token,
        max_age=ABSOLUTE_MS // 1000,
        secure=settings().secure,
        httponly=True,
        samesite="Lax",
    )
    return response


def forget(response: Response) -> Response:
    """Take the token back."""
    response.delete_cookie(_cookie(), secure=settings().secure, httponly=True, samesite="Lax")
    return response


def session_token(request: Request) -> str | None:
    """The token in the request's cookie, for ending its session."""
    return request.cookies.get(_cookie())


def _cookie() -> str:
    """`__Host-` makes browsers refuse the cookie from other hosts and over plain HTTP."""
    return "__Host-sid" if settings().secure else "sid"


def _from_cookie(request: Request) -> SignedIn | None:
    token = session_token(request)
    if not token or "Authorization" in request.headers:
        return None
    with open_core(engines()) as core:
        session = find_session(core, token)
    if session is None:
        return None
    if is_due(session):
        _touch(session)
    principal = principal_of(engines(), session)
    tenant = principal.tenant
    about.set(
        about.get() | {"principal": f"user:{principal.id}", "tenant": tenant.id if tenant else None}
    )
    return SignedIn(session, principal)


def _touch(session: UserSession) -> None:
    """Note the use in a transaction of its own; failing to must not fail the request."""
    try:
        with open_core(engines(), writes=True) as core:
            touch_session(core, session.token_hash)
            core.commit()
    except SQLAlchemyError:
        log.warning("a session's use could not be noted", exc_info=True)
