"""The door: who is calling, and whether the view may be called by them.

A view says what it needs with a mark of `app.core.access`; a view without one answers 403. One
credential counts per request: where an Authorization header is present, the cookie is not read.
"""

import logging
from collections.abc import Callable

from flask import Flask, Request, Response, current_app, g, request
from flask_login import LoginManager, UserMixin, current_user
from sqlalchemy.exc import SQLAlchemyError

from app.core import keys, tokens
from app.core.access import ADMIN_ROLES, FRESH_MS, MATRIX, Permission, Principal, Role
from app.core.auth import (
    ABSOLUTE_MS,
    find_session,
    is_due,
    is_live,
    principal_for,
    principal_of,
    token_digest,
    touch_session,
)
from app.core.journal import about
from app.core.models import Tenant, User, UserSession
from app.database.base import now_ms
from app.database.migrate import head
from app.database.sessions import CoreSession, open_core
from app.errors import Forbidden, Unauthorized, Unavailable

from . import csrf, limits
from .context import current_principal, engines, settings

log = logging.getLogger(__name__)

UNMARKED = object()


class SignedIn(UserMixin):
    """Whoever calls: what views and templates see as `current_user`.

    `session` is the browser's; programs, which show a token or a key, have none.
    """

    def __init__(self, user: User, principal: Principal, session: UserSession | None) -> None:
        self.user = user
        self.principal = principal
        self.session = session

    @property
    def tenant(self) -> Tenant | None:
        """The client's row: one's own, or the one a super admin has entered."""
        if self.principal.tenant is None:
            return None
        return self.user.tenant or self.session.entered_tenant

    @property
    def entered(self) -> bool:
        """Whether a super admin is inside a client: pages say so."""
        return self.user.tenant is None and self.principal.tenant is not None

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
    if getattr(view, "shared", False):
        return
    if needed is not None and not current_principal().may(needed):
        if needed in MATRIX.get(current_principal().role, ()) and current_user.entered:
            raise Forbidden("You entered this client only to look.", code="read_only")
        raise Forbidden("You may not do this.")
    if needed not in (None, Permission.MANAGE_SELF):
        _demand_factor()
    if getattr(view, "fresh", False):
        demand_fresh()


def identify(request: Request) -> SignedIn | None:
    """Whoever this request's token, key or cookie names; looked up once, when first asked.

    A token or a key that is not valid is nobody: a cookie beside it is not looked at.
    """
    if "signed_in" not in g:
        g.signed_in = None  # what error pages see when the lookup itself fails
        program = "Authorization" in request.headers
        g.signed_in = _from_header(request) if program else _from_cookie(request)
    return g.signed_in


def is_fresh(session: UserSession | None) -> bool:
    """Whether the person behind this session proved lately who they are."""
    return session is not None and now_ms() - (session.fresh_at or 0) < FRESH_MS


def _demand_factor() -> None:
    """Administrators show a second factor before anything but their own account."""
    session, role = current_user.session, current_user.principal.role
    if session is None or session.factor_at is not None or role not in ADMIN_ROLES:
        return
    if settings().second_factor_required:
        raise Forbidden("Set up two-step verification first.", code="second_factor_needed")


def demand_fresh() -> None:
    """Raise Forbidden unless whoever calls proved lately who they are. Programs
    have no way to be asked again, so dangerous acts are not for them."""
    if current_user.session is None:
        raise Forbidden("This is done on the pages, by a person.", code="people_only")
    if not is_fresh(current_user.session):
        raise Forbidden("Confirm that it is you, then try again.", code="not_fresh")


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


def _from_header(request: Request) -> SignedIn | None:
    """The person or the key behind a bearer token; pages do not take any."""
    kind, _, token = request.headers["Authorization"].partition(" ")
    if kind.lower() != "bearer" or not request.path.startswith("/api/"):
        return None
    try:
        with open_core(engines()) as core:
            known = _key(core, token) if token.startswith("tbms_") else _bearer(core, token)
    except Unauthorized:
        return None
    _tell(known.principal)
    return known


def _bearer(core: CoreSession, token: str) -> SignedIn:
    user = tokens.find_bearer(core, tokens.token_keys(settings()), token.strip())
    limits.count_program(f"user {user.id}")
    return SignedIn(user, principal_for(engines(), user), None)


def _key(core: CoreSession, text: str) -> SignedIn:
    now = now_ms()
    key = keys.find(core, text.strip(), now)
    limits.count_program(f"key {key.prefix}")
    if keys.use_due(key, now):
        _note(lambda writing: keys.note_use(writing, key.id, now))
    permissions = MATRIX[Role(key.user.role)]
    return SignedIn(key.user, keys.principal_of(engines(), key, permissions), None)


def _from_cookie(request: Request) -> SignedIn | None:
    token = session_token(request)
    if not token:
        return None
    key, remembered = ("session", token_digest(token)), engines().remembered
    known = remembered.get(key, lambda: _of_session(token))
    if known is not None and not is_live(known.session):
        remembered.forget(key)
        known = _of_session(token)
    if known is None:
        return None
    if is_due(known.session):
        _note(lambda core: touch_session(core, known.session.token_hash))
        remembered.forget(key)
    _tell(known.principal)
    return known


def _of_session(token: str) -> SignedIn | None:
    """Who core says has this session."""
    with open_core(engines()) as core:
        session = find_session(core, token)
    return session and SignedIn(session.user, principal_of(engines(), session), session)


def _tell(principal: Principal) -> None:
    """Let the log lines of this request say who calls."""
    tenant = principal.tenant
    name = f"{principal.kind}:{principal.id}"
    about.set(about.get() | {"principal": name, "tenant": tenant.id if tenant else None})


def _note(write: Callable[[CoreSession], None]) -> None:
    """Note a use in a transaction of its own; failing to must not fail the request."""
    try:
        with open_core(engines(), writes=True) as core:
            write(core)
            core.commit()
    except SQLAlchemyError:
        log.warning("the use of a credential could not be noted", exc_info=True)
