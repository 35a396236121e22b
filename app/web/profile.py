"""A person's own account: preferences, password, browsers, second factor, keys of programs."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from app.core import auth, keys, totp
from app.core.access import KEY_SCOPES, Permission, fresh, requires
from app.core.journal import record
from app.core.models import ApiKey, User, UserSession
from app.core.passwords import hash_password, password_fault, verify_password
from app.database.base import now_ms
from app.errors import Invalid, sentence
from app.gateway.context import core_session, current_principal
from app.gateway.credentials import add_key, end_key
from app.gateway.identify import remember
from app.gateway.language import LOCALES
from app.gateway.limits import CONFIRM, limited

from . import forms, qr
from .labels import label
from .page import THEMES, shell
from .session import YEAR_SECONDS, own_page, remember_language

blueprint = Blueprint("profile", __name__)

NEW_SECRET = "totp"  # noqa: S105
"""In the signed cookie, while its owner sets an authenticator up: the secret they see anyway."""
KEY_DAYS = (30, 90, 365)


@dataclass(frozen=True, slots=True)
class Browser:
    """A signed-in browser of the person's, as the list shows it."""

    name: str
    agent: str
    address: str
    seen_at: int
    here: bool


@dataclass(frozen=True, slots=True)
class KeyLine:
    """A key of a program, as the list shows it."""

    id: int
    name: str
    prefix: str
    live: bool
    standing: str
    scopes: list[str]
    last_used: int | None
    expires_at: int


@blueprint.get("/profil")
@requires(Permission.MANAGE_SELF)
def page() -> ResponseReturnValue:
    """A person's own account."""
    return _page()


@blueprint.post("/profil")
@requires(Permission.MANAGE_SELF)
def save() -> ResponseReturnValue:
    """Keep the language and the appearance."""
    core, user = _myself()
    locale, theme = request.form.get("locale"), request.form.get("theme")
    user.locale = locale if locale in LOCALES else user.locale
    user.theme = theme if theme in THEMES else user.theme
    core.commit()
    flash(gettext("Preferences saved"))
    response = _back()
    response.set_cookie("theme", user.theme, max_age=YEAR_SECONDS, samesite="Lax")
    return remember_language(response, user.locale or LOCALES[0])


@blueprint.post("/profil/mot-de-passe")
@requires(Permission.MANAGE_SELF)
@limited(CONFIRM)
def change_password() -> ResponseReturnValue:
    """Replace the password; every other browser and every token of this person is out."""
    core, user = _myself()
    faults = {}
    if not verify_password(user.password_hash, request.form.get("current", "")):
        faults["current"] = sentence("This is not your password.")
    wanted = request.form.get("password", "")
    if text := password_fault(wanted, user.name, user.email):
        faults["password"] = text
    if faults:
        return _page(faults), Invalid.status
    user.password_hash = hash_password(wanted)
    user.ver += 1
    return finish_change(core, user, "password.change", _back(), gettext("Password changed"))


@blueprint.get("/confirmer")
@requires(Permission.MANAGE_SELF)
def ask_who() -> ResponseReturnValue:
    """Ask for the password again, before something dangerous."""
    return _confirm_page()


@blueprint.post("/confirmer")
@requires(Permission.MANAGE_SELF)
@limited(CONFIRM)
def confirm_who() -> ResponseReturnValue:
    """Let the next ten minutes count as fresh, under a new token."""
    core, user = _myself()
    wrong = not verify_password(user.password_hash, request.form.get("password", ""))
    if not wrong and user.totp_secret:
        wrong = not totp.accept(core, user, request.form.get("code", ""))
    if wrong:
        return _confirm_page(gettext("That is not right.")), 401
    now = now_ms()
    proved = {"fresh_at": now} | ({"factor_at": now} if user.totp_secret else {})
    token = auth.renew_session(core, current_user.session.token_hash, **proved)
    core.commit()
    return remember(redirect(own_page(request.form.get("suite")), code=303), token)


@blueprint.post("/profil/sessions/fermer")
@requires(Permission.MANAGE_SELF)
def end_sessions() -> ResponseReturnValue:
    """Sign one other browser out, or all of them."""
    core, user = _myself()
    if name := request.form.get("session"):
        auth.end_named_session(core, user.id, name)
    else:
        auth.end_sessions_of(core, user.id, keep=current_user.session.token_hash)
    record(core, current_principal(), "session.end", address=request.remote_addr or "")
    core.commit()
    flash(gettext("Signed out there"))
    return _back()


@blueprint.get("/profil/second-facteur")
@requires(Permission.MANAGE_SELF)
@fresh
def factor() -> ResponseReturnValue:
    """Show a secret to an authenticator."""
    session.setdefault(NEW_SECRET, totp.new_secret())
    return _factor_page()


@blueprint.post("/profil/second-facteur")
@requires(Permission.MANAGE_SELF)
@fresh
@limited(CONFIRM)
def set_factor() -> ResponseReturnValue:
    """Use the secret from now on, once a code shows that an authenticator has it."""
    core, user = _myself()
    secret = session.get(NEW_SECRET)
    if secret is None:
        return redirect(url_for("profile.factor"), code=303)
    try:
        codes = totp.confirm(core, user, secret, request.form.get("code", ""))
    except Invalid as error:
        return _factor_page(error.fields), error.status
    session.pop(NEW_SECRET)
    page = Response(render_template("session/codes.html", codes=codes, **shell("profile")))
    return finish_change(core, user, "factor.add", page, "", factor_at=now_ms())


@blueprint.post("/profil/second-facteur/retirer")
@requires(Permission.MANAGE_SELF)
@fresh
def remove_factor() -> ResponseReturnValue:
    """Sign in with the password alone again."""
    core, user = _myself()
    totp.remove(core, user)
    text = gettext("Two-step verification removed")
    return finish_change(core, user, "factor.remove", _back(), text, factor_at=None)


@blueprint.post("/profil/codes")
@requires(Permission.MANAGE_SELF)
@fresh
def renew_codes() -> ResponseReturnValue:
    """Make new recovery codes in place of the old ones, and show them once."""
    core, user = _myself()
    if user.totp_secret is None:
        return redirect(url_for("profile.factor"), code=303)
    codes = totp.new_recovery_codes(core, user)
    record(core, current_principal(), "factor.codes", address=request.remote_addr or "")
    core.commit()
    return render_template("session/codes.html", codes=codes, **shell("profile"))


@blueprint.get("/profil/cles")
@requires(Permission.MANAGE_SELF)
def api_keys() -> ResponseReturnValue:
    """The keys of one's programs, and the form that makes one."""
    return _keys_page()


@blueprint.post("/profil/cles")
@requires(Permission.MANAGE_SELF)
@fresh
def make_key() -> ResponseReturnValue:
    """Make a key and show it, once."""
    days = forms.whole(request.form, "days") or 0
    try:
        _, text = add_key(forms.text(request.form, "name"), request.form.getlist("scopes"), days)
    except Invalid as error:
        return _keys_page(error.fields), error.status
    return _keys_page(made=text)


@blueprint.post("/profil/cles/<int:key_id>/revoquer")
@requires(Permission.MANAGE_SELF)
def revoke_key(key_id: int) -> ResponseReturnValue:
    """End a key at once."""
    flash(gettext("The key %(name)s has been revoked", name=end_key(key_id).name))
    return redirect(url_for("profile.api_keys"), code=303)


def _myself() -> tuple[Any, User]:
    core = core_session(writes=True)
    return core, core.get_one(User, current_principal().id)


def _back() -> Response:
    return redirect(url_for("profile.page"), code=303)


def finish_change(
    core: Any, user: User, action: str, response: Response, text: str, **proved: int | None
) -> Response:
    """Finish a change of what somebody proves themselves with: other browsers are signed out."""
    here = current_user.session.token_hash
    auth.end_sessions_of(core, user.id, keep=here)
    token = auth.renew_session(core, here, fresh_at=now_ms(), **proved)
    record(core, current_principal(), action, user.email, address=request.remote_addr or "")
    core.commit()
    if text:
        flash(gettext("%(done)s; other browsers are signed out", done=text))
    return remember(response, token)


def _page(faults: dict[str, str] | None = None) -> str:
    core = core_session()
    here = current_user.session.token_hash
    found = auth.sessions_of(core, current_principal().id)
    return render_template(
        "session/profile.html",
        faults=faults or {},
        browsers=[_browser(each, here) for each in found],
        codes_left=totp.codes_left(core, current_principal().id),
        **shell("profile"),
    )


def _browser(each: UserSession, here: bytes) -> Browser:
    agent = each.agent
    kind = next((n for n in ("Edg", "Firefox", "Chrome", "Safari") if n in agent), "")
    systems = ("Android", "iPhone", "iPad", "Windows", "Mac OS", "Linux")
    system = next((name for name in systems if name in agent), "")
    said = " · ".join(filter(None, (kind.replace("Edg", "Edge"), system)))
    name = auth.session_name(each)
    return Browser(name, said or agent[:40], each.address, each.seen_at, each.token_hash == here)


def _confirm_page(problem: str = "") -> str:
    suite = own_page(request.values.get("suite"))
    return render_template("session/confirm.html", problem=problem, next=suite, **shell("profile"))


def _factor_page(faults: dict[str, str] | None = None) -> str:
    secret = session[NEW_SECRET]
    return render_template(
        "session/factor.html",
        faults=faults or {},
        secret=" ".join(secret[i : i + 4] for i in range(0, len(secret), 4)),
        qr=qr.square(totp.address(secret, current_user.user.email)),
        **shell("profile"),
    )


def _keys_page(faults: dict[str, str] | None = None, made: str = "") -> str:
    principal = current_principal()
    found = []
    if principal.tenant is not None:
        found = core_session().scalars(keys.of_client(principal.tenant.id, principal.id)).all()
    return render_template(
        "session/keys.html",
        faults=faults or {},
        made=made,
        keys=[_key_line(key, now_ms()) for key in found],
        scopes=[str(scope) for scope in Permission if scope in KEY_SCOPES & principal.permissions],
        days=KEY_DAYS,
        **shell("profile"),
    )


def _key_line(key: ApiKey, now: int) -> KeyLine:
    live = keys.is_live(key, now)
    ended = gettext("Revoked") if key.revoked_at else gettext("Expired")
    return KeyLine(
        key.id,
        key.name,
        key.prefix,
        live,
        gettext("Valid") if live else ended,
        [label(f"permission.{scope}") for scope in key.scopes],
        key.last_used,
        key.expires_at,
    )
