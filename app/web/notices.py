"""How somebody wants to be told of alerts: a part of their profile, with a button that tries it."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.clients import catalogue
from app.core.access import Permission, requires
from app.core.models import User
from app.database.base import now_ms
from app.errors import Invalid
from app.gateway.context import core_session, current_principal, engines, settings, tenant_session
from app.gateway.limits import CONFIRM, limited
from app.plugins import load_plugins
from app.processor.delivery import preferences, trial
from app.processor.delivery.preferences import Wishes

from . import forms
from .page import locale, shell

blueprint = Blueprint("notices", __name__)


@blueprint.get("/profil/alertes")
@requires(Permission.MANAGE_SELF)
def page() -> ResponseReturnValue:
    """What one wants to be told of, where, how and when."""
    return _page()


@blueprint.post("/profil/alertes")
@requires(Permission.MANAGE_SELF)
def save() -> ResponseReturnValue:
    """Keep it."""
    core, form = core_session(writes=True), request.form
    user = core.get_one(User, current_principal().id)
    start, end = (preferences.minutes(forms.text(form, name, 5)) for name in ("from", "to"))
    wishes = Wishes(
        severities=tuple(form.getlist("severities")),
        locations=tuple(int(text) for text in form.getlist("locations") if text.isdecimal()),
        channels=tuple(form.getlist("channels")),
        quiet=None if start is None or end is None else (start, end),
        weekly="weekly" in form,
        phone=forms.text(form, "phone", 20).replace(" ", ""),
    )
    try:
        preferences.save(core, user, wishes, [place.id for place in _places()])
    except Invalid as error:
        core.rollback()
        return _page(error.fields, wishes), error.status
    core.commit()
    flash(gettext("Preferences saved"))
    return redirect(url_for("notices.page"), code=303)


@blueprint.post("/profil/alertes/essai")
@requires(Permission.MANAGE_SELF)
@limited(CONFIRM)
def test() -> ResponseReturnValue:
    """Send a message by one channel now, and show what came of it."""
    core = core_session()
    user = core.get_one(User, current_principal().id)
    channel = request.form.get("channel", "")
    result = trial.try_person(engines(), core, current_principal().tenant, user, channel, now_ms())
    return _page(result=result)


def _page(
    faults: dict[str, str] | None = None,
    wishes: Wishes | None = None,
    result: trial.Result | None = None,
) -> str:
    core = core_session()
    user = core.get_one(User, current_principal().id)
    kept = preferences.wishes_of(core, [user])[user.id]
    channels = load_plugins("app.processor.channels", "CHANNEL")
    pick = 0 if locale() == "fr" else 1
    return render_template(
        "session/notices.html",
        faults=faults or {},
        wishes=preferences.document(wishes or kept),
        refused=preferences.refuses_mail(user, kept),
        refused_at=kept.refused_at,
        severities=tuple(reversed(preferences.TOLD)),
        channels=[
            (code, channels[code].label[pick], channels[code].available(settings()))
            for code in preferences.PERSONAL
        ],
        places=_places(),
        result=result,
        **shell("profile"),
    )


def _places() -> list:
    return catalogue.locations(tenant_session()) if current_principal().tenant else []
