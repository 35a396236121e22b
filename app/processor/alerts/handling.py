"""What people do with alerts: see them, take them on, comment, put them off. Who and when is kept.

The caller commits. `author` names who acts, as `user:7`; the timeline shows it.
"""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.errors import Conflict, Invalid, NotFound, sentence
from app.processor import revision
from app.processor.rules.base import SEVERITIES

from .machine import loaded
from .models import Alert, AlertEvent, AlertState

ACKNOWLEDGED, ASSIGNED, COMMENTED, SNOOZED = "acknowledged", "assigned", "commented", "snoozed"
LONGEST_SNOOZE_MS = 30 * 86_400_000
OPEN, RESOLVED = "open", "resolved"


def find_alerts(
    state: str | None = None,
    severities: Collection[str] = (),
    asset_id: int | None = None,
    rule: str | None = None,
) -> Select[tuple[Alert]]:
    """The statement of the alerts wanted; what is None or empty does not narrow."""
    statement = select(Alert)
    if state == OPEN:
        statement = statement.where(Alert.open_key.is_not(None))
    elif state == RESOLVED:
        statement = statement.where(Alert.open_key.is_(None))
    if severities:
        statement = statement.where(Alert.severity.in_(severities))
    if asset_id is not None:
        statement = statement.where(Alert.asset_id == asset_id)
    if rule is not None:
        statement = statement.where(Alert.rule == rule)
    return statement


def alert(session: Session, alert_id: int) -> Alert:
    """One alert; NotFound when unknown or out of scope."""
    row = session.scalar(select(Alert).where(Alert.id == alert_id))
    if row is None:
        raise NotFound("There is no such alert.")
    return row


def open_counts(session: Session) -> dict[str, int]:
    """How many alerts are open, by severity, the gravest first."""
    statement = select(Alert.severity, func.count(Alert.id)).where(Alert.open_key.is_not(None))
    found = dict(session.execute(statement.group_by(Alert.severity)).all())
    return {code: found[code] for code in reversed(SEVERITIES) if code in found}


def timeline(session: Session, row: Alert) -> list[AlertEvent]:
    """What happened to an alert, in order of time."""
    statement = select(AlertEvent).where(AlertEvent.alert_id == row.id)
    return list(session.scalars(statement.order_by(AlertEvent.at, AlertEvent.id)))


def acknowledge(session: Session, alert_id: int, author: str, now: int, note: str = "") -> Alert:
    """Somebody has seen it: reminders end. The first one counts; seeing it again changes nothing.

    An alert that waited for this resolves with the next good reading.
    """
    row = _open(session, alert_id)
    if row.acknowledged_at is None:
        row.acknowledged_at, row.acknowledged_by = now, author
        if row.state == "firing":
            row.state = ACKNOWLEDGED
        _mark_seen(session, row)
        _note(session, row, ACKNOWLEDGED, author, now, {"note": note} if note else {})
    return row


def assign(session: Session, alert_id: int, user_id: int | None, author: str, now: int) -> Alert:
    """Make it somebody's business; None makes it nobody's. The caller knows that they exist."""
    row = _open(session, alert_id)
    if row.assigned_to != user_id:
        row.assigned_to = user_id
        _note(session, row, ASSIGNED, author, now, {"user_id": user_id})
    return row


def comment(session: Session, alert_id: int, text: str, author: str, now: int) -> Alert:
    """Add a remark; to a resolved alert as well."""
    revision.hold(session)
    row = alert(session, alert_id)
    _note(session, row, COMMENTED, author, now, {"note": text})
    return row


def snooze(
    session: Session, alert_id: int, until: int, reason: str, author: str, now: int
) -> Alert:
    """Tell nobody of it until then. It is measured and shown all the same."""
    row = _open(session, alert_id)
    if not now < until <= now + LONGEST_SNOOZE_MS:
        wrong = sentence("This is not within the next thirty days.")
        raise Invalid("Some fields need attention.", fields={"until": wrong})
    row.snoozed_until = until
    _note(session, row, SNOOZED, author, now, {"until": until, "note": reason})
    return row


def _open(session: Session, alert_id: int) -> Alert:
    """An open alert, its client's readings held back so that none ends it meanwhile."""
    revision.hold(session)
    row = alert(session, alert_id)
    if row.open_key is None:
        raise Conflict("This alert is over.", code="resolved")
    return row


def _mark_seen(session: Session, row: Alert) -> None:
    state = session.scalar(select(AlertState).where(AlertState.asset_id == row.asset_id))
    key = f"{row.rule}|{row.subject}"
    if state is not None and key in state.tracks:
        seen = replace(loaded(state.tracks[key]), acked=True)
        state.tracks = state.tracks | {key: seen.stored()}


def _note(
    session: Session, row: Alert, event: str, author: str, now: int, detail: dict[str, Any]
) -> None:
    session.add(AlertEvent(alert_id=row.id, at=now, event=event, author=author, detail=detail))
    session.flush()
