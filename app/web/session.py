"""Signing in and out, the language, and a person's own preferences."""

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from app.clients.users import password_fault
from app.core.access import Permission, public, requires
from app.core.auth import (
    authenticate,
    end_session,
    end_sessions_of,
    find_session,
    hash_password,
    principal_of,
    start_session,
    verify_password,
)
from app.core.journal import record
from app.core.models import User
from app.errors import NotFound, Unauthorized, sentence
from app.gateway.context import core_session, current_principal, engines
from app.gateway.devices import remember_device
from app.gateway.identify import forget, remember, session_token
from app.gateway.language import COOKIE, LOCALES
from app.gateway.limits import SIGN_IN, limited, note_failure

from .page import THEMES, shell

blueprint = Blueprint("session", __name__)

YEAR_SECONDS = 365 * 86_400


@blueprint.get("/connexion")
@public
def sign_in_form() -> ResponseReturnValue:
    """The sign-in page; whoever is signed in goes straight on."""
    if current_user.is_authenticated:
        return redirect(_own_page(request.args.get("suite")), code=303)
    return _sign_in_page()


@blueprint.post("/connexion")
@public
@limited(SIGN_IN, shared="sign-in")
def sign_in() -> ResponseReturnValue:
    """Check the password and open a session under a new token."""
    core = core_session(writes=True)
    try:
        user = authenticate(core, request.form.get("email", ""), request.form.get("password", ""))
    except Unauthorized as error:
        note_failure()
        return _sign_in_page(gettext(error.text)), error.status
    token = start_session(core, user, request.remote_addr or "", request.user_agent.string)
    caller = principal_of(engines(), find_session(core, token))
    record(core, caller, "session.start", address=request.remote_addr or "")
    core.commit()
    response = remember(redirect(_own_page(request.form.get("suite")), code=303), token)
    return remember_device(response, user.email)


@blueprint.post("/deconnexion")
@public
def sign_out() -> ResponseReturnValue:
    """End this browser's session."""
    if token := session_token(request):
        core = core_session(writes=True)
        end_session(core, token)
        core.commit()
    return forget(redirect(url_for("session.sign_in_form"), code=303))


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
    return _remember_language(redirect(_own_page(request.form.get("suite")), code=303), locale)


@blueprint.get("/profil")
@requires(Permission.MANAGE_SELF)
def profile() -> ResponseReturnValue:
    """A person's own name, language, appearance and password."""
    return render_template("session/profile.html", faults={}, **shell("profile"))


@blueprint.post("/profil")
@requires(Permission.MANAGE_SELF)
def save_profile() -> ResponseReturnValue:
    """Keep the language and the appearance."""
    core = core_session(writes=True)
    user = core.get_one(User, current_principal().id)
    locale, theme = request.form.get("locale"), request.form.get("theme")
    user.locale = locale if locale in LOCALES else user.locale
    user.theme = theme if theme in THEMES else user.theme
    core.commit()
    flash(gettext("Preferences saved"))
    response = redirect(url_for("session.profile"), code=303)
    response.set_cookie("theme", user.theme, max_age=YEAR_SECONDS, samesite="Lax")
    return _remember_language(response, user.locale or LOCALES[0])


@blueprint.post("/profil/mot-de-passe")
@requires(Permission.MANAGE_SELF)
def change_password() -> ResponseReturnValue:
    """Replace the password and sign every other browser of this person out."""
    core = core_session(writes=True)
    user = core.get_one(User, current_principal().id)
    faults = {}
    if not verify_password(user.password_hash, request.form.get("current", "")):
        faults["current"] = sentence("This is not your password.")
    wanted = request.form.get("password", "")
    if text := password_fault(wanted):
        faults["password"] = text
    if faults:
        page = render_template("session/profile.html", faults=faults, **shell("profile"))
        return page, 422
    user.password_hash = hash_password(wanted)
    end_sessions_of(core, user.id, keep=current_user.session.token_hash)
    record(core, current_principal(), "password.change", target=user.email)
    core.commit()
    flash(gettext("Password changed; other browsers are signed out"))
    return redirect(url_for("session.profile"), code=303)


def _sign_in_page(problem: str = "") -> str:
    return render_template(
        "session/sign_in.html",
        problem=problem,
        email=request.form.get("email", ""),
        next=request.values.get("suite", ""),
    )


def _own_page(path: str | None) -> str:
    """A page of this portal to go to; anything else would let a link send people elsewhere."""
    own = (
        path and path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    )
    return path if own else url_for("fleet.dashboard")


def _remember_language(response: Response, locale: str) -> Response:
    response.set_cookie(COOKIE, locale, max_age=YEAR_SECONDS, samesite="Lax")
    return response
