"""Files to take away: asked for, followed while they are made, downloaded; reports by the month."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import select

from app.clients import catalogue
from app.clients.catalogue import AssetFilter
from app.core.access import Permission, requires
from app.core.models import User
from app.database.base import now_ms
from app.errors import AppError, Invalid, NotFound, TooMany, sentence
from app.gateway.context import (
    core_session,
    current_principal,
    current_tenant,
    engines,
    settings,
    tenant_session,
)
from app.gateway.writing import commit_core
from app.processor.days import date_at, midnight
from app.processor.exports import asking, making
from app.processor.exports.contents import BATTERY, LIST, SITE, subject_of
from app.processor.exports.models import RUNNING, WAITING, Export

from . import forms
from .page import locale, shell, zone

blueprint = Blueprint("exports", __name__)

LANGUAGES = {"fr": "Français", "en": "English"}
USUAL_DAYS = 30


@dataclass(frozen=True, slots=True)
class Choice:
    """Something a file can be about: `battery:3`, and its name."""

    value: str
    name: str


@blueprint.get("/exports")
@requires(Permission.SEE_FLEET)
def listing() -> ResponseReturnValue:
    """The caller's own files; the page comes again by itself while one is in the making."""
    session = tenant_session()
    rows = asking.own(session, current_principal().id)
    making_some = any(row.state in (WAITING, RUNNING) for row in rows)
    page = render_template(
        "exports/listing.html",
        rows=rows,
        about=_about(),
        period=_period_of,
        **shell("exports"),
    )
    answer = Response(page)
    if making_some:
        answer.headers["Refresh"] = "10"
    return answer


@blueprint.get("/exports/<int:export_id>/fichier")
@requires(Permission.SEE_FLEET)
def download(export_id: int) -> ResponseReturnValue:
    """The file, to whoever asked for it, with the digest in a header."""
    row = asking.one(tenant_session(), current_principal().id, export_id)
    path = asking.file_of(settings(), current_tenant().id, row)
    detail = {"name": row.name, "sha256": row.digest}
    commit_core(core_session(writes=True), "export.download", f"export:{row.id}", detail)
    mime = asking.formats()[row.format].mime
    answer = send_file(path, mimetype=mime, as_attachment=True, download_name=row.name)
    answer.headers["X-Content-SHA256"] = row.digest
    return answer


@blueprint.post("/exports/<int:export_id>/refaire")
@requires(Permission.SEE_FLEET)
def again(export_id: int) -> ResponseReturnValue:
    """Make a file that expired or failed once more."""
    session = tenant_session(writes=True)
    row = asking.one(session, current_principal().id, export_id)
    asking.again(session, row)
    session.commit()
    commit_core(core_session(writes=True), "export.ask", f"export:{row.id}", _told(row))
    return redirect(url_for("exports.listing"), code=303)


@blueprint.get("/rapports")
@requires(Permission.SEE_FLEET)
def reports() -> ResponseReturnValue:
    """The form that asks for a file, and what comes every month."""
    return _reports()


@blueprint.post("/rapports")
@requires(Permission.SEE_FLEET)
def ask() -> ResponseReturnValue:
    """Ask for a file. What is made quickly is there with the next page."""
    session, form = tenant_session(writes=True), request.form
    try:
        subject, target = _subject(forms.text(form, "about", 40))
        start, end = _period(subject, target)
        row = asking.ask(
            session,
            current_principal().id,
            file_format=forms.text(form, "format", 8),
            subject=subject,
            target_id=target,
            start=start,
            end=end,
            whole=form.get("whole") == "1",
            locale=forms.text(form, "language", 2) or locale(),
        )
    except (Invalid, NotFound, TooMany) as error:
        session.rollback()
        return _reports(error), error.status
    session.commit()
    commit_core(core_session(writes=True), "export.ask", f"export:{row.id}", _told(row))
    if asking.is_short(row):
        making.make(engines(), current_tenant(), row.id)
    return redirect(url_for("exports.listing"), code=303)


@blueprint.post("/rapports/mensuels")
@requires(Permission.SEE_FLEET)
def plan() -> ResponseReturnValue:
    """Let a report come every month: to oneself, or to whom an administrator chooses."""
    session, form, me = tenant_session(writes=True), request.form, current_principal()
    try:
        subject, target = _subject(forms.text(form, "about", 40))
        row = asking.schedule(
            session,
            _recipient(),
            me.id,
            file_format=forms.text(form, "format", 8),
            subject=subject,
            target_id=target,
        )
    except (Invalid, NotFound) as error:
        session.rollback()
        return _reports(error), error.status
    session.commit()
    detail = {"subject": f"{row.subject}:{row.target_id}", "to": row.user_id}
    commit_core(core_session(writes=True), "report.plan", f"report:{row.id}", detail)
    flash(gettext("The report will come by mail on the first of each month."))
    return redirect(url_for("exports.reports"), code=303)


@blueprint.post("/rapports/mensuels/<int:schedule_id>/retirer")
@requires(Permission.SEE_FLEET)
def end(schedule_id: int) -> ResponseReturnValue:
    """No more of a monthly report."""
    session, me = tenant_session(writes=True), current_principal()
    every = me.may(Permission.MANAGE_USERS)
    asking.end_schedule(session, schedule_id, me.id, every)
    session.commit()
    commit_core(core_session(writes=True), "report.end", f"report:{schedule_id}")
    return redirect(url_for("exports.reports"), code=303)


def _reports(error: AppError | None = None) -> str:
    session, me = tenant_session(), current_principal()
    every = me.may(Permission.MANAGE_USERS)
    last = date_at(now_ms(), _zone())
    given = request.form if error else request.args
    return render_template(
        "exports/reports.html",
        about=_about(),
        formats=sorted(asking.formats(), reverse=True),
        languages=LANGUAGES,
        given={
            "about": given.get("about", LIST),
            "first": given.get("first") or (last - timedelta(days=USUAL_DAYS)).isoformat(),
            "last": given.get("last") or last.isoformat(),
            "format": given.get("format", "pdf"),
            "language": given.get("language") or locale(),
            "whole": given.get("whole"),
        },
        schedules=asking.schedules(session, me.id, every),
        people=_people() if every else {},
        mailing=bool(settings().smtp_url),
        faults=getattr(error, "fields", {}),
        problem=gettext(error.text) if error and not getattr(error, "fields", {}) else "",
        **shell("exports"),
    )


def _about() -> dict[str, Choice]:
    """What the caller can ask files of, by what stands in the form."""
    session = tenant_session()
    batteries = session.scalars(catalogue.find_assets(AssetFilter())).all()
    places = {b.location_id: b.location for b in batteries if b.location}
    choices = [
        Choice(LIST, gettext("List of batteries")),
        *sorted((Choice(f"{SITE}:{key}", row.name) for key, row in places.items()), key=_name),
        *(Choice(f"{BATTERY}:{battery.id}", battery.name) for battery in batteries),
    ]
    return {choice.value: choice for choice in choices}


def _name(choice: Choice) -> str:
    return choice.name.casefold()


def _people() -> dict[int, str]:
    """Whom an administrator can send reports to."""
    mine = select(User).where(User.tenant_id == current_tenant().id, User.status == "active")
    return {user.id: user.name for user in core_session().scalars(mine)}


def _recipient() -> int:
    """Who is to get a report; NotFound for somebody of elsewhere."""
    me = current_principal()
    wanted = request.form.get("person", "")
    if not me.may(Permission.MANAGE_USERS):
        return me.id
    if not wanted.isdecimal() or int(wanted) not in _people():
        raise NotFound("There is no such person.")
    return int(wanted)


def _subject(text: str) -> tuple[str, int]:
    kind, _, number = text.partition(":")
    target = int(number) if number.isascii() and number.isdecimal() else 0
    return kind, target


def _period(subject: str, target: int) -> tuple[int, int]:
    """From the first day's beginning to the last one's end, at the site; Invalid otherwise."""
    if subject not in (SITE, BATTERY):
        return 0, 0
    found: list[date] = []
    for name in ("first", "last"):
        try:
            found.append(date.fromisoformat(request.form.get(name, "")))
        except ValueError:
            wrong = {name: sentence("This is not a date.")}
            raise Invalid("Some fields need attention.", fields=wrong) from None
    if not 1970 < found[0].year <= found[1].year < 3000:
        wrong = {"first": sentence("This period is not possible: five years at most.")}
        raise Invalid("Some fields need attention.", fields=wrong)
    here = subject_of(tenant_session(), subject, target).zone
    return midnight(found[0], here), midnight(found[1] + timedelta(days=1), here)


def _period_of(row: Export) -> str:
    if not row.end:
        return ""
    first, last = (date_at(ts, _zone()).isoformat() for ts in (row.start, row.end - 1))
    return f"{first} – {last}"


def _zone() -> ZoneInfo:
    return ZoneInfo(zone())


def _told(row: Export) -> dict[str, Any]:
    """What the journal says of a file asked for."""
    return {"format": row.format, "subject": f"{row.subject}:{row.target_id}"}
