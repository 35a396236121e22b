"""A forgotten password: a link by mail, and the same answer whoever asks for whatever address."""

import logging

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import force_locale, gettext
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.core import links, mail
from app.core.access import public
from app.core.auth import may_sign_in
from app.core.journal import record
from app.core.models import User
from app.database.encrypted import find_by
from app.errors import Unavailable
from app.gateway.context import core_session, settings
from app.gateway.limits import RESET, limited

from . import forms

blueprint = Blueprint("forgotten", __name__)
log = logging.getLogger(__name__)


@blueprint.get("/mot-de-passe/oublie")
@public
def ask() -> ResponseReturnValue:
    """Ask for the address, where mail can be sent; say whom to ask otherwise."""
    return _page(sent=False)


@blueprint.post("/mot-de-passe/oublie")
@public
@limited(RESET)
def send() -> ResponseReturnValue:
    """Send a link if somebody has this address; the page does not say whether."""
    core = core_session(writes=True)
    email = forms.text(request.form, "email", 254).lower()
    statement = select(User).where(find_by(User, "email", email, core))
    user = core.scalar(statement.options(joinedload(User.tenant)))
    if user is not None and not may_sign_in(user):
        user = None
    target, client = (f"user:{user.id}", user.tenant_id) if user else ("user:?", None)
    record(core, None, "password.forgotten", target, tenant_id=client)
    core.commit()
    response = Response(_page(sent=True))
    if user is not None and settings().smtp_url:
        _send_afterwards(response, user)
    return response


def _send_afterwards(response: Response, user: User) -> None:
    """Once the answer has left, so that waiting for the mail server tells nobody who exists."""
    configured, link = settings(), links.make_reset(settings(), user)
    with force_locale(user.locale or configured.default_locale):
        subject = gettext("Your password for TrackingBMS")
        text = gettext(
            "Somebody asked for a new password for this address. Choose one with this link, within"
            " half an hour. If it was not you, nothing has changed and nothing need be done:"
        )

    def hand_over() -> None:
        try:
            mail.send(configured, user.email, subject, f"{text}\n\n{link}\n")
        except Unavailable:
            log.warning("a link could not be mailed", exc_info=True)

    response.call_on_close(hand_over)


def _page(sent: bool) -> str:
    return render_template("session/forgotten.html", sent=sent, mailing=bool(settings().smtp_url))
