"""Alerts: the inbox, one alert's whole story, those of a battery, and what was told to whom."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from sqlalchemy import func, select

from app.clients import catalogue, membership
from app.clients.models import Asset
from app.core.access import Permission, requires
from app.core.models import User
from app.core.notices import Webhook
from app.database.base import now_ms
from app.errors import Conflict, Invalid, NotFound
from app.gateway.context import core_session, current_principal, current_tenant, tenant_session
from app.gateway.writing import commit_client
from app.processor.alerts import handling
from app.processor.alerts.effective import effective_rules
from app.processor.alerts.models import Alert, Delivery, Notification
from app.processor.alerts.outbox import FAILED
from app.processor.rules.base import SEVERITIES

from . import forms
from .alert_lines import chart, grouped, lines, names_of, story
from .page import locale, shell

blueprint = Blueprint("inbox", __name__)

MOST = 200
"""Alerts of one page; filters find the others."""
HOUR_MS = 3_600_000
SNOOZES = (1, 8, 24, 168)
"""Hours for which an alert can be put off."""


@blueprint.get("/alertes")
@requires(Permission.SEE_FLEET)
def listing() -> ResponseReturnValue:
    """What is wrong now, or what was, by cause."""
    session = tenant_session()
    over = request.args.get("etat") == handling.RESOLVED
    statement = _filtered(handling.RESOLVED if over else handling.OPEN)
    total = session.scalar(select(func.count()).select_from(statement.subquery())) or 0
    rows = session.scalars(statement.order_by(Alert.fired_at.desc()).limit(MOST)).all()
    people = _people()
    found = lines(session, names_of(people), rows)
    return render_template(
        "alerts/inbox.html",
        over=over,
        total=total,
        most=MOST,
        waiting=grouped([line for line in found if line.waits]),
        others=grouped([line for line in found if not line.waits]),
        counts=handling.open_counts(session),
        severities=tuple(reversed(SEVERITIES)),
        people=people,
        places=catalogue.locations(session),
        given=request.args,
        **shell("alerts"),
    )


@blueprint.post("/alertes")
@requires(Permission.MANAGE_ALERTS)
def acknowledge_many() -> ResponseReturnValue:
    """Acknowledge those that were ticked; one that is over meanwhile is passed over."""
    session = tenant_session(writes=True)
    ids = [int(text) for text in request.form.getlist("alerts") if text.isdecimal()][:MOST]
    done = []
    for alert_id in ids:
        try:
            handling.acknowledge(session, alert_id, _author(), now_ms())
        except (Conflict, NotFound):
            continue
        done.append(alert_id)
    if done:
        commit_client(session, "alert.acknowledge", ",".join(map(str, done))[:120])
    flash(ngettext("%(num)d alert acknowledged", "%(num)d alerts acknowledged", len(done)))
    return redirect(url_for("inbox.listing"), code=303)


@blueprint.get("/alertes/<int:alert_id>")
@requires(Permission.SEE_FLEET)
def page(alert_id: int) -> ResponseReturnValue:
    """One alert: what, where, since when, probably why, what to do, and all that came of it."""
    return _page(alert_id)


@blueprint.post("/alertes/<int:alert_id>")
@requires(Permission.MANAGE_ALERTS)
def handle(alert_id: int) -> ResponseReturnValue:
    """Acknowledge, assign, comment or put off."""
    session, form, now = tenant_session(writes=True), request.form, now_ms()
    handling.alert(session, alert_id)
    action = form.get("do", "")
    note = forms.text(form, "note", 1000)
    try:
        if action == "acknowledge":
            handling.acknowledge(session, alert_id, _author(), now, note)
        elif action == "assign":
            handling.assign(session, alert_id, _assignee(), _author(), now)
        elif action == "comment" and note:
            handling.comment(session, alert_id, note, _author(), now)
        elif action == "snooze" and note:
            hours = forms.whole(form, "hours") or 0
            handling.snooze(session, alert_id, now + hours * HOUR_MS, note[:400], _author(), now)
        else:
            raise Invalid("Write a few words.")
    except (Invalid, Conflict) as error:
        session.rollback()
        return _page(alert_id, gettext(error.text)), error.status
    commit_client(session, f"alert.{action}", str(alert_id))
    flash(gettext("Saved"))
    return redirect(url_for("inbox.page", alert_id=alert_id), code=303)


@blueprint.get("/batteries/<int:asset_id>/alertes")
@requires(Permission.SEE_FLEET)
def of_battery(asset_id: int) -> ResponseReturnValue:
    """The alerts of one battery, and the rules that watch it."""
    session, now = tenant_session(), now_ms()
    battery = catalogue.asset(session, asset_id)
    rows = session.scalars(
        handling.find_alerts(asset_id=asset_id).order_by(Alert.fired_at.desc()).limit(MOST)
    ).all()
    found = lines(session, names_of(_people()), rows)
    ended = [row.resolved_at for row in rows if row.resolved_at]
    return render_template(
        "alerts/battery.html",
        battery=battery,
        open=[line for line in found if line.row.open_key],
        past=[line for line in found if not line.row.open_key],
        quiet_since=max(ended) if ended else battery.created_at,
        rules=effective_rules(session, battery),
        pick=0 if locale() == "fr" else 1,
        at=now,
        **shell("alerts"),
    )


@blueprint.get("/alertes/envois")
@requires(Permission.SEE_FLEET)
def told() -> ResponseReturnValue:
    """What was told to whom, what did not arrive, and what somebody has to mend."""
    session = tenant_session()
    seen = select(Alert.id)
    statement = (
        select(Delivery, Notification)
        .join(Notification, Notification.id == Delivery.notification_id)
        .where(Notification.alert_id.in_(seen))
        .order_by(Delivery.id.desc())
        .limit(MOST)
    )
    failed = select(func.count(Notification.id)).where(
        Notification.state == FAILED, Notification.alert_id.in_(seen)
    )
    hooks = select(Webhook).where(Webhook.tenant_id == current_tenant().id, Webhook.problem != "")
    return render_template(
        "alerts/told.html",
        rows=session.execute(statement).all(),
        names=names_of(_people()) | _hooks(),
        failed=session.scalar(failed) or 0,
        broken=core_session().scalars(hooks).all() if _may_mend() else [],
        counts=handling.open_counts(session),
        **shell("alerts"),
    )


def _filtered(state: str) -> Any:
    given = request.args
    wanted = [code for code in given.getlist("gravite") if code in SEVERITIES]
    statement = handling.find_alerts(state, wanted, rule=given.get("regle") or None)
    if (place := given.get("lieu", "")).isdecimal():
        here = select(Asset.id).where(Asset.location_id == int(place))
        statement = statement.where(Alert.asset_id.in_(here))
    if (who := given.get("responsable", "")).isdecimal():
        statement = statement.where(Alert.assigned_to == int(who))
    return statement


def _page(alert_id: int, problem: str = "") -> str:
    session, now = tenant_session(), now_ms()
    row = handling.alert(session, alert_id)
    people = _people()
    names = names_of(people) | _hooks()
    seen = select(func.count(Alert.id)).where(
        Alert.asset_id == row.asset_id,
        Alert.rule == row.rule,
        Alert.fired_at > now - 30 * 24 * HOUR_MS,
    )
    return render_template(
        "alerts/alert.html",
        line=lines(session, names, [row])[0],
        row=row,
        chart=chart(session, row, now),
        story=story(session, row, names),
        times=session.scalar(seen) or 0,
        people=people,
        snoozes=SNOOZES,
        problem=problem,
        **shell("alerts"),
    )


def _people() -> list[User]:
    statement = membership.people_of(current_tenant().id)
    return sorted(core_session().scalars(statement), key=lambda user: user.name.lower())


def _hooks() -> dict[str, str]:
    statement = select(Webhook.id, Webhook.name).where(Webhook.tenant_id == current_tenant().id)
    return {f"webhook:{number}": name for number, name in core_session().execute(statement)}


def _assignee() -> int | None:
    chosen = request.form.get("user", "")
    if not chosen.isdecimal():
        return None
    return membership.person(core_session(), current_tenant().id, int(chosen)).id


def _may_mend() -> bool:
    return current_principal().may(Permission.MANAGE_RULES)


def _author() -> str:
    return f"user:{current_principal().id}"
