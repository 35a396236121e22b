"""Signing in, in one step or two, signing out, and the language."""

from flask import (
    Blueprint,
    Response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from app.core import totp
from app.core.access import public
from app.core.auth import (
    authenticate,
    end_session,
    find_session,
    may_sign_in,
    principal_of,
    start_session,
)
from app.core.journal import record
from app.core.models import User
from app.database.base import now_ms
from app.errors import NotFound, Unauthorized
from app.gateway.context import core_session, current_principal, engines, settings
from app.gateway.devices import remember_device
from app.gateway.identify import forget, remember, session_token
from app.gateway.language import COOKIE, LOCALES
from app.gateway.limits import SECOND_FACTOR, SIGN_IN, limited, note_failure

blueprint = Blueprint("session", __name__)

YEAR_SECONDS = 365 * 86_400
WAITING = "waiting"
"""In the signed cookie: who has shown the right password, and when; it opens nothing else."""
WAITING_MS = 5 * 60_000


@blueprint.get("/connexion")
@public
def sign_in_form() -> ResponseReturnValue:
    """The sign-in page; whoever is signed in goes straight on."""
    if current_user.is_authenticated:
        return redirect(own_page(request.args.get("suite")), code=303)
    return sign_in_page()


@blueprint.post("/connexion")
@public
@limited(SIGN_IN, shared="sign-in")
def sign_in() -> ResponseReturnValue:
    """Check the password; whoever has a second factor is asked for it next."""
    core = core_session(writes=True)
    try:
        user = authenticate(core, request.form.get("email", ""), request.form.get("password", ""))
    except Unauthorized as error:
        note_failure()
        return sign_in_page(gettext(error.text)), error.status
    suite = own_page(request.form.get("suite"))
    if user.totp_secret is None:
        return welcome(user, suite, factor=False)
    session[WAITING] = [user.id, user.ver, now_ms()]
    core.commit()
    return redirect(url_for("session.second_step", suite=suite), code=303)


@blueprint.get("/connexion/verification")
@public
def second_step() -> ResponseReturnValue:
    """Ask for the code of the authenticator, or one of those kept for its loss."""
    user = waiting_user()
    if user is None:
        return redirect(url_for("session.sign_in_form"), code=303)
    return _second_page(user)


@blueprint.post("/connexion/verification")
@public
@limited(SECOND_FACTOR)
def check_second_step() -> ResponseReturnValue:
    """Take a code once, and open the session."""
    core = core_session(writes=True)
    user = waiting_user()
    if user is None:
        return redirect(url_for("session.sign_in_form"), code=303)
    if not totp.accept(core, user, request.form.get("code", "")):
        return _second_page(user, gettext("This code is not right.")), Unauthorized.status
    return welcome(user, own_page(request.form.get("suite")), factor=True)


@blueprint.post("/deconnexion")
@public
def sign_out() -> ResponseReturnValue:
    """End this browser's session."""
    if token := session_token(request):
        core = core_session(writes=True)
        end_session(core, token)
        core.commit()
    response = forget(redirect(url_for("session.sign_in_form"), code=303))
    response.headers["Clear-Site-Data"] = '"cache", "storage"'  # not cookies: `devices` keeps one
    return response


@blueprint.post("/langue/<locale>")
@public
def language(locale: str) -> ResponseReturnValue:
    """Speak French or English from now on, to this browser and to this person."""
    if locale not in LOCALES:
        raise NotFound("There is nothing at this address.")
    if current_user.is_authenticated:
        core = core_session(writes=True)
        core.get_one(User, current_principal().id).locale = locale
        core.commit()
    return remember_language(redirect(own_page(request.form.get("suite")), code=303), locale)


def waiting_user() -> User | None:
    """Who has shown a password in this browser and must show a second factor within minutes."""
    user_id, ver, since = session.get(WAITING) or (0, 0, 0)
    if not 0 <= now_ms() - since < WAITING_MS:
        return None
    user = core_session(writes=True).get(User, user_id)
    return user if user and user.ver == ver and may_sign_in(user) else None


def welcome(user: User, suite: str, factor: bool) -> Response:
    """Open a session under a new token, whatever the browser brought."""
    core = core_session(writes=True)
    address = request.remote_addr or ""
    if old := session_token(request):
        end_session(core, old)
    token = start_session(core, user, address, request.user_agent.string, factor)
    record(
        core, principal_of(engines(), find_session(core, token)), "session.start", address=address
    )
    core.commit()
    session.pop(WAITING, None)
    return remember_device(remember(redirect(suite, code=303), token), user.email)


def sign_in_page(problem: str = "") -> str:
    """The form for address and password, with what went wrong before."""
    return render_template(
        "session/sign_in.html",
        problem=problem,
        email=request.form.get("email", ""),
        next=request.values.get("suite", ""),
    )


def _second_page(user: User, problem: str = "") -> str:
    return render_template(
        "session/second_step.html",
        problem=problem,
        email=user.email,
        next=own_page(request.values.get("suite")),
    )


def own_page(path: str | None) -> str:
    """A page of this portal to go to; anything else would let a link send people elsewhere."""
    own = (
        path and path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    )
    return path if own else url_for("fleet.dashboard")


def remember_language(response: Response, locale: str) -> Response:
    """Let this browser's next pages be in this language, signed in or not."""
    secure = settings().secure
    response.set_cookie(
        COOKIE, locale, max_age=YEAR_SECONDS, secure=secure, httponly=True, samesite="Lax"
    )
    return response
