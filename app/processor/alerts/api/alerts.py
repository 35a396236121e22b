"""Alerts: listed, read with their timeline, acknowledged, assigned, commented, put off."""

from typing import Any

from flask import Response

from app.clients import membership
from app.core.access import Permission
from app.database.base import now_ms
from app.errors import sentence
from app.gateway.context import core_session, current_principal, current_tenant, tenant_session
from app.gateway.etags import shown
from app.gateway.language import current_locale
from app.gateway.paging import listing, page, page_of
from app.gateway.resources import Resources
from app.gateway.schema import Choice, Flag, Many, Number, One, Open, Schema, Text, Whole
from app.gateway.writing import commit_client
from app.processor.rules.base import SEVERITIES
from app.web.labels import alarm_label

from .. import handling
from ..models import Alert, AlertEvent
from ..text import tell

blueprint = Resources("alerts", __name__, "What is wrong, since when, and who has taken it on.")

SORTS = {"fired_at": Alert.fired_at, "id": Alert.id}
STATES = ("firing", "acknowledged", "recovering", "unknown", "resolved")
MOMENT = 1_767_225_600_000
MUCH = 1e12


class AlertDocument(Schema):
    """An alert, with its text in the caller's language."""

    id = Whole(1, example=12, required=True)
    asset_id = Whole(
        1, example=1, required=True, allow_none=True, about="None: a site or collector."
    )
    rule = Text(24, "L2", required=True)
    kind = Text(16, "threshold", required=True)
    severity = Choice(*SEVERITIES, example="critical", required=True)
    state = Choice(*STATES, required=True, about="`unknown`: nothing has been heard since.")
    subject = Text(120, "", required=True)
    cell = Whole(0, 10_000, 10, required=True, allow_none=True, about="From 0.")
    value = Number(-MUCH, MUCH, 3.66, required=True, allow_none=True)
    limit = Number(-MUCH, MUCH, 3.65, required=True, allow_none=True)
    worst = Number(-MUCH, MUCH, 3.68, required=True, allow_none=True)
    title = Text(200, "Cell too high", required=True)
    measured = Text(400, "Highest cell, cell 11: 3.660 V (limit 3.650 V) for 10 s.", required=True)
    context = Text(200, "State of charge: 98.0 %", required=True)
    cause = Text(400, "The charge voltage is too high.", required=True)
    advice = Text(400, "Check the charger’s setting.", required=True)
    began_at = Whole(example=MOMENT, required=True)
    fired_at = Whole(example=MOMENT + 10_000, required=True)
    unknown_since = Whole(example=MOMENT, required=True, allow_none=True)
    resolved_at = Whole(example=MOMENT, required=True, allow_none=True)
    acknowledged_at = Whole(example=MOMENT, required=True, allow_none=True)
    acknowledged_by = Text(80, "user:1", required=True)
    assigned_to = Whole(1, example=2, required=True, allow_none=True)
    snoozed_until = Whole(example=MOMENT, required=True, allow_none=True)
    unstable = Flag(False, required=True, about="It came and went; one message stands for all.")


class EventDocument(Schema):
    """One thing that happened to an alert."""

    at = Whole(example=MOMENT, required=True)
    event = Text(16, "acknowledged", required=True)
    author = Text(80, "user:1", required=True, about="Empty: the portal.")
    detail = Open(None, {"note": "On my way."}, required=True)


class WholeAlertDocument(AlertDocument):
    """An alert with all that happened to it."""

    timeline = Many(One(EventDocument), 10_000, required=True)


class Acknowledgement(Schema):
    """That somebody has seen it."""

    note = Text(1000, "On my way.", lines=True, load_default="")


class Assignment(Schema):
    """Whose business it is."""

    user_id = Whole(1, example=1, required=True, allow_none=True)


class Comment(Schema):
    """A remark."""

    text = Text(1000, "Charger replaced.", least=1, required=True, lines=True)


class Snooze(Schema):
    """Until when nobody is told, and why."""

    until = Whole(example=MOMENT, required=True)
    reason = Text(400, "Cell on order.", least=1, required=True)


LISTING = listing(
    AlertDocument,
    tuple(SORTS),
    state=Choice(handling.OPEN, handling.RESOLVED, about="Both unless told."),
    severity=Choice(*SEVERITIES),
    asset=Whole(1, example=1, spoken=True, about="Of this battery."),
    rule=Text(24, "L2"),
)


@blueprint.operation(
    "GET",
    "/alerts",
    Permission.SEE_FLEET,
    sentence("List alerts"),
    query=LISTING,
    answer=page_of(AlertDocument),
)
def list_alerts(query: dict[str, Any]) -> dict[str, Any]:
    """The alerts of what the caller may see."""
    severities = (query["severity"],) if "severity" in query else ()
    found = handling.find_alerts(
        query.get("state"), severities, query.get("asset"), query.get("rule")
    )
    return page(tenant_session(), found, SORTS, Alert.id, query, document)


@blueprint.operation(
    "GET",
    "/alerts/<int:alert_id>",
    Permission.SEE_FLEET,
    sentence("Read an alert"),
    answer=WholeAlertDocument,
)
def read_alert(alert_id: int) -> Response:
    """One alert, with its timeline."""
    session = tenant_session()
    row = handling.alert(session, alert_id)
    events = [_event(each) for each in handling.timeline(session, row)]
    return shown(document(row) | {"timeline": events})


@blueprint.operation(
    "POST",
    "/alerts/<int:alert_id>/acknowledge",
    Permission.MANAGE_ALERTS,
    sentence("Acknowledge an alert"),
    body=Acknowledgement,
    answer=AlertDocument,
)
def acknowledge_alert(body: dict[str, Any], alert_id: int) -> dict[str, Any]:
    """Say that it has been seen: reminders end."""
    session = tenant_session(writes=True)
    row = handling.acknowledge(session, alert_id, author(), now_ms(), body["note"])
    commit_client(session, "alert.acknowledge", str(row.id), {"rule": row.rule})
    return document(row)


@blueprint.operation(
    "POST",
    "/alerts/<int:alert_id>/assign",
    Permission.MANAGE_ALERTS,
    sentence("Assign an alert"),
    body=Assignment,
    answer=AlertDocument,
)
def assign_alert(body: dict[str, Any], alert_id: int) -> dict[str, Any]:
    """Make it somebody's business, or nobody's."""
    session = tenant_session(writes=True)
    handling.alert(session, alert_id)
    if body["user_id"] is not None:
        membership.person(core_session(), current_tenant().id, body["user_id"])
    row = handling.assign(session, alert_id, body["user_id"], author(), now_ms())
    commit_client(session, "alert.assign", str(row.id), {"user_id": body["user_id"]})
    return document(row)


@blueprint.operation(
    "POST",
    "/alerts/<int:alert_id>/comments",
    Permission.MANAGE_ALERTS,
    sentence("Comment on an alert"),
    body=Comment,
    answer=AlertDocument,
)
def comment_alert(body: dict[str, Any], alert_id: int) -> dict[str, Any]:
    """Add a remark to its timeline."""
    session = tenant_session(writes=True)
    row = handling.comment(session, alert_id, body["text"], author(), now_ms())
    commit_client(session, "alert.comment", str(row.id))
    return document(row)


@blueprint.operation(
    "POST",
    "/alerts/<int:alert_id>/snooze",
    Permission.MANAGE_ALERTS,
    sentence("Put an alert off"),
    body=Snooze,
    answer=AlertDocument,
)
def snooze_alert(body: dict[str, Any], alert_id: int) -> dict[str, Any]:
    """Tell nobody of it for a while. It is measured and shown all the same."""
    session = tenant_session(writes=True)
    row = handling.snooze(session, alert_id, body["until"], body["reason"], author(), now_ms())
    commit_client(session, "alert.snooze", str(row.id), {"until": body["until"]})
    return document(row)


def author() -> str:
    """Who acts, as timelines and rules name them."""
    caller = current_principal()
    return f"{caller.kind}:{caller.id if caller.kind == 'user' else caller.label}"[:80]


def document(row: Alert) -> dict[str, Any]:
    """An alert as `AlertDocument` describes it."""
    told = tell(row, current_locale(), alarm_label)
    unknown = row.unknown_since is not None and row.resolved_at is None
    return {
        "id": row.id,
        "asset_id": row.asset_id,
        "rule": row.rule,
        "kind": row.kind,
        "severity": row.severity,
        "state": "unknown" if unknown else row.state,
        "subject": row.subject,
        "cell": row.cell,
        "value": row.value,
        "limit": row.limit,
        "worst": row.worst,
        "title": told.title,
        "measured": told.measured,
        "context": told.context,
        "cause": told.cause,
        "advice": told.advice,
        "began_at": row.began_at,
        "fired_at": row.fired_at,
        "unknown_since": row.unknown_since,
        "resolved_at": row.resolved_at,
        "acknowledged_at": row.acknowledged_at,
        "acknowledged_by": row.acknowledged_by,
        "assigned_to": row.assigned_to,
        "snoozed_until": row.snoozed_until,
        "unstable": row.unstable,
    }


def _event(row: AlertEvent) -> dict[str, Any]:
    return {"at": row.at, "event": row.event, "author": row.author, "detail": row.detail}
