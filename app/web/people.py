"""The people of a client: invited, given a role and batteries, shut out; and the link they use."""

import logging

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.clients import catalogue, membership, users
from app.clients.catalogue import AssetFilter
from app.core import links, mail, totp
from app.core.access import Permission, Role, fresh, public, requires
from app.core.auth import principal_for
from app.core.journal import record
from app.core.models import User
from app.errors import AppError, Conflict, Invalid, NotFound, Unavailable
from app.gateway.context import (
    core_session,
    current_principal,
    current_tenant,
    engines,
    settings,
    tenant_session,
)
from app.gateway.limits import LINK, limited

from . import forms
from .page import shell

blueprint = Blueprint("members", __name__)
log = logging.getLogger(__name__)


@blueprint.get("/utilisateurs")
@requires(Permission.MANAGE_USERS)
def listing() -> ResponseReturnValue:
    """Everybody of the client, and the form that invites somebody."""
    return _listing()


@blueprint.post("/utilisateurs")
@requires(Permission.MANAGE_USERS)
@fresh
def invite() -> ResponseReturnValue:
    """Add somebody without a password, and show the link with which they choose one."""
    core, tenant = core_session(writes=True), current_tenant()
    role, form = request.form.get("role", ""), request.form
    try:
        if role not in membership.ROLES:
            role = ""
        user = users.invite_user(
            core, forms.text(form, "email", 254), forms.text(form, "name", 120), role, tenant.id
        )
    except (Invalid, Conflict) as error:
        core.rollback()
        return _listing(error), error.status
    return _show_link(user, "user.invite")


@blueprint.get("/utilisateurs/<int:user_id>")
@requires(Permission.MANAGE_USERS)
def person(user_id: int) -> ResponseReturnValue:
    """One person: role, batteries, what they sign in with."""
    return _person(_find(user_id))


@blueprint.post("/utilisateurs/<int:user_id>")
@requires(Permission.MANAGE_USERS)
@fresh
def save(user_id: int) -> ResponseReturnValue:
    """Keep role, status and batteries; a changed role signs the person out."""
    core, tenant = core_session(writes=True), current_tenant()
    user = membership.person(core, tenant.id, user_id, lock=True)
    changes = {"role": request.form.get("role", user.role)}
    changes["status"] = request.form.get("status", user.status)
    if changes["role"] not in membership.ROLES or changes["status"] not in membership.STATUSES:
        raise Invalid("The request is not acceptable.")
    batteries = tenant_session(writes=True)
    try:
        membership.edit_person(core, user, changes, current_principal().id)
    except Conflict as error:
        core.rollback()
        return _person(_find(user_id), error), error.status
    if user.role == Role.USER:
        chosen = [int(text) for text in request.form.getlist("assets") if text.isdecimal()]
        membership.set_granted(batteries, user.id, chosen)
        batteries.commit()
    address = request.remote_addr or ""
    record(core, current_principal(), "user.edit", user.email, detail=changes, address=address)
    core.commit()
    flash(gettext("Changes saved"))
    return redirect(url_for("members.person", user_id=user_id), code=303)


@blueprint.post("/utilisateurs/<int:user_id>/identite")
@requires(Permission.MANAGE_USERS)
@fresh
def rectify(user_id: int) -> ResponseReturnValue:
    """Correct somebody's name and address; both mailboxes are told of a new address."""
    core, form = core_session(writes=True), request.form
    user = membership.person(core, current_tenant().id, user_id, lock=True)
    before = user.email
    try:
        changed = users.rectify(
            core, user, forms.text(form, "name", 120), forms.text(form, "email", 254)
        )
    except (Invalid, Conflict) as error:
        core.rollback()
        return _person(_find(user_id), error), error.status
    detail = {"fields": changed}
    record(core, current_principal(), "privacy.rectify", f"user:{user.id}", detail=detail)
    core.commit()
    if "email" in changed:
        subject = gettext("Your address at TrackingBMS")
        text = gettext("An administrator has changed the address with which you sign in.")
        for address in (before, user.email):
            _tell(address, subject, text)
    flash(gettext("Changes saved"))
    return redirect(url_for("members.person", user_id=user_id), code=303)


@blueprint.post("/utilisateurs/<int:user_id>/lien")
@requires(Permission.MANAGE_USERS)
@fresh
def make_link(user_id: int) -> ResponseReturnValue:
    """Show a new link with which somebody chooses a password; links of before are dead."""
    core = core_session(writes=True)
    return _show_link(membership.person(core, current_tenant().id, user_id), "user.link")


@blueprint.post("/utilisateurs/<int:user_id>/second-facteur")
@requires(Permission.MANAGE_USERS)
@fresh
def reset_factor(user_id: int) -> ResponseReturnValue:
    """Help somebody who lost what they show besides their password, and tell them by mail."""
    core = core_session(writes=True)
    user = membership.person(core, current_tenant().id, user_id, lock=True)
    if user.id == current_principal().id:
        raise Conflict("Do this in your own profile.", code="own_factor")
    totp.forget_devices(core, user)
    record(core, current_principal(), "factor.reset", user.email)
    core.commit()
    text = gettext(
        "An administrator has removed your authenticator, your recovery codes and your passkeys."
        " Set up a new one when you sign in. If you did not ask for this, say so at once."
    )
    _tell(user.email, gettext("Your two-step verification"), text)
    flash(gettext("Two-step verification removed"))
    return redirect(url_for("members.person", user_id=user_id), code=303)


@blueprint.get("/acces/<token>")
@public
@limited(LINK)
def choose(token: str) -> ResponseReturnValue:
    """The page behind a link: choose a password."""
    return _choose_page(links.read_link(core_session(), settings(), token), token)


@blueprint.post("/acces/<token>")
@public
@limited(LINK)
def choose_password(token: str) -> ResponseReturnValue:
    """Set the password and let the person sign in with it."""
    core = core_session(writes=True)
    user = links.read_link(core, settings(), token)
    try:
        links.use_link(core, user, request.form.get("password", ""))
    except Invalid as error:
        return _choose_page(user, token, error.fields), error.status
    caller = principal_for(engines(), user)
    record(core, caller, "password.change", user.email, address=request.remote_addr or "")
    core.commit()
    flash(gettext("Your password is set: sign in with it"))
    return redirect(url_for("session.sign_in_form"), code=303)


def _find(user_id: int) -> User:
    return membership.person(core_session(), current_tenant().id, user_id)


def _show_link(user: User, action: str) -> ResponseReturnValue:
    if user.status != "active":
        raise NotFound("There is no such person.")
    core = core_session(writes=True)
    link = links.make_link(settings(), user)
    record(core, current_principal(), action, user.email, address=request.remote_addr or "")
    core.commit()
    return render_template(
        "people/link.html", person=user, link=link, sent=_mail(user, link), **shell("people")
    )


def _mail(user: User, link: str) -> bool:
    text = gettext("Choose your password for TrackingBMS with this link, within a week:")
    return _tell(user.email, gettext("Your access to TrackingBMS"), f"{text}\n\n{link}")


def _tell(address: str, subject: str, text: str) -> bool:
    """Mail somebody where there is a mail server; whether it was taken."""
    if not settings().smtp_url:
        return False
    try:
        mail.send(settings(), address, subject, f"{text}\n")
    except Unavailable:
        log.warning("somebody could not be told by mail", exc_info=True)
        return False
    return True


def _listing(error: AppError | None = None) -> str:
    core, tenant = core_session(), current_tenant()
    found = sorted(
        core.scalars(membership.people_of(tenant.id)), key=lambda user: user.name.lower()
    )
    counts = users.grant_counts(tenant_session())
    return render_template(
        "people/listing.html",
        people=found,
        counts=counts,
        roles=membership.ROLES,
        problem=gettext(error.text, **error.params) if error else "",
        faults=error.fields if isinstance(error, Invalid) else {},
        **shell("people"),
    )


def _person(user: User, error: AppError | None = None) -> str:
    session = tenant_session()
    return render_template(
        "people/person.html",
        person=user,
        mine=user.id == current_principal().id,
        roles=membership.ROLES,
        batteries=session.scalars(catalogue.find_assets(AssetFilter())).all(),
        granted=users.granted(session, user.id),
        problem=gettext(error.text, **error.params) if error else "",
        faults=error.fields if isinstance(error, Invalid) else {},
        **shell("people"),
    )


def _choose_page(user: User, token: str, faults: dict[str, str] | None = None) -> Response:
    """The page's address opens an account: no link on it says where one came from."""
    page = render_template("people/choose.html", person=user, token=token, faults=faults or {})
    response = Response(page)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
