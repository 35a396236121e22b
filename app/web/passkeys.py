"""Passkeys on the pages: added and removed by their owner, and used to sign in."""

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.core import passkeys
from app.core.access import Permission, fresh, public, requires
from app.core.journal import record
from app.core.models import User
from app.database.base import now_ms
from app.errors import Invalid, Unauthorized
from app.gateway.context import core_session, current_principal, settings
from app.gateway.limits import CONFIRM, PASSKEY, limited

from . import forms
from .page import shell
from .profile import finish_change
from .session import own_page, sign_in_page, welcome

blueprint = Blueprint("passkeys", __name__)

CHALLENGE = "challenge"
"""In the signed cookie: what the passkey has to sign, and since when; taken out when used."""
CHALLENGE_MS = 5 * 60_000


@blueprint.get("/connexion/cle")
@public
def ask() -> ResponseReturnValue:
    """The page that signs in with a passkey."""
    return _ask_page()


@blueprint.post("/connexion/cle")
@public
@limited(PASSKEY)
def sign_in() -> ResponseReturnValue:
    """Open a session for whoever's passkey signed the challenge."""
    core, answer = core_session(writes=True), request.form.get("answer", "")
    try:
        user = passkeys.authenticate(core, settings(), _challenge(), answer)
    except Unauthorized as error:
        return sign_in_page(gettext(error.text)), error.status
    return welcome(user, own_page(request.form.get("suite")), factor=True)


@blueprint.get("/profil/cles-acces")
@requires(Permission.MANAGE_SELF)
@fresh
def listing() -> ResponseReturnValue:
    """One's passkeys, and the form that adds one."""
    return _listing()


@blueprint.post("/profil/cles-acces")
@requires(Permission.MANAGE_SELF)
@fresh
@limited(CONFIRM)
def add() -> ResponseReturnValue:
    """Keep a new passkey."""
    core = core_session(writes=True)
    user, form = core.get_one(User, current_principal().id), request.form
    name, answer = forms.text(form, "name", 80), form.get("answer", "")
    try:
        passkeys.add(core, settings(), user, name, _challenge(), answer)
    except Invalid as error:
        core.rollback()
        return _listing(gettext(error.text)), error.status
    user.ver += 1
    back = redirect(url_for("passkeys.listing"), code=303)
    return finish_change(
        core, user, "passkey.add", back, gettext("Passkey added"), factor_at=now_ms()
    )


@blueprint.post("/profil/cles-acces/<int:passkey_id>/retirer")
@requires(Permission.MANAGE_SELF)
@fresh
def remove(passkey_id: int) -> ResponseReturnValue:
    """Forget a passkey."""
    core, principal = core_session(writes=True), current_principal()
    passkeys.remove(core, principal.id, passkey_id)
    record(core, principal, "passkey.remove", address=request.remote_addr or "")
    core.commit()
    flash(gettext("Passkey removed"))
    return redirect(url_for("passkeys.listing"), code=303)


def _challenge() -> str:
    """The challenge of the page just sent, once."""
    challenge, since = session.pop(CHALLENGE, None) or ("", 0)
    return challenge if 0 <= now_ms() - since < CHALLENGE_MS else ""


def _keep(options: str) -> str:
    session[CHALLENGE] = [passkeys.challenge_of(options), now_ms()]
    return options


def _ask_page() -> str:
    options = _keep(passkeys.request_options(settings()))
    suite = own_page(request.values.get("suite"))
    return render_template("session/passkey.html", options=options, next=suite)


def _listing(problem: str = "") -> str:
    core = core_session()
    user = core.get_one(User, current_principal().id)
    return render_template(
        "session/passkeys.html",
        problem=problem,
        options=_keep(passkeys.creation_options(settings(), core, user)),
        passkeys=passkeys.of(core, user.id),
        **shell("profile"),
    )
