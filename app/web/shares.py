"""Links for people without an account: made, listed with how often they were opened, ended."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.clients import catalogue, shares
from app.clients.catalogue import AssetFilter
from app.core.access import Permission, fresh, requires
from app.database.base import now_ms
from app.errors import AppError, Invalid, NotFound
from app.gateway.context import core_session, current_principal, settings, tenant_session
from app.gateway.writing import commit_core
from app.processor.days import date_at, midnight

from . import forms
from .page import shell, zone

blueprint = Blueprint("shares", __name__)

USUAL_DAYS = 30


@blueprint.get("/partages")
@requires(Permission.MANAGE_USERS)
def listing() -> ResponseReturnValue:
    """Every link of the client, and the form that makes one."""
    return _listing()


@blueprint.post("/partages")
@requires(Permission.MANAGE_USERS)
@fresh
def create() -> ResponseReturnValue:
    """Make a link, and show it: it cannot be shown again."""
    session, form = tenant_session(writes=True), request.form
    level, _, number = forms.text(form, "about", 40).partition(":")
    try:
        row, token = shares.create(
            session,
            current_principal().id,
            now_ms(),
            level=level,
            target_id=int(number) if number.isascii() and number.isdecimal() else 0,
            fields=form.getlist("fields"),
            expires_at=_end_of(forms.text(form, "expires", 10)),
            title=forms.text(form, "title", 80),
            label=forms.text(form, "label", 120),
            password=form.get("password", "")[:256],
        )
    except (Invalid, NotFound) as error:
        session.rollback()
        return _listing(error=error), error.status
    session.commit()
    detail = {"level": row.level, "target": row.target_id, "expires_at": row.expires_at}
    commit_core(core_session(writes=True), "share.create", f"share:{row.id}", detail)
    return _listing(link=settings().public_url.rstrip("/") + url_for("shared.page", token=token))


@blueprint.post("/partages/<int:share_id>/terminer")
@requires(Permission.MANAGE_USERS)
def revoke(share_id: int) -> ResponseReturnValue:
    """End a link at once."""
    session = tenant_session(writes=True)
    shares.revoke(session, share_id, now_ms())
    session.commit()
    commit_core(core_session(writes=True), "share.revoke", f"share:{share_id}")
    return redirect(url_for("shares.listing"), code=303)


def _listing(link: str = "", error: AppError | None = None) -> str:
    now = now_ms()
    today = date_at(now, ZoneInfo(zone()))
    given = request.form if error else {}
    return render_template(
        "shares/listing.html",
        rows=shares.listed(tenant_session()),
        about=_about(),
        cards=shares.FIELDS,
        link=link,
        given={
            "about": given.get("about", shares.CLIENT),
            "fields": request.form.getlist("fields") if error else ["soc", "power"],
            "title": given.get("title", ""),
            "label": given.get("label", ""),
            "expires": given.get("expires") or (today + timedelta(days=USUAL_DAYS)).isoformat(),
        },
        faults=getattr(error, "fields", {}),
        problem=gettext(error.text) if error and not getattr(error, "fields", {}) else "",
        **shell("shares"),
    )


def _about() -> dict[str, str]:
    """What can be shared, by what stands in the form."""
    session = tenant_session()
    batteries = session.scalars(catalogue.find_assets(AssetFilter())).all()
    places = {f"{shares.LOCATION}:{row.id}": row.name for row in catalogue.locations(session)}
    packs = {f"{shares.BATTERY}:{battery.id}": battery.name for battery in batteries}
    return {shares.CLIENT: gettext("Whole client"), **places, **packs}


def _end_of(text: str) -> int:
    """The end of a day typed, where the client is; 0 for what is none."""
    try:
        day = date.fromisoformat(text)
        return midnight(day + timedelta(days=1), ZoneInfo(zone()))
    except (ValueError, OverflowError):
        return 0
