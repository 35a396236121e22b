"""What is said of an alert to somebody who is not looking at it."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clients.models import Asset, Location
from app.processor.alerts.models import Alert
from app.processor.alerts.outbox import ESCALATED, REMINDED
from app.processor.alerts.text import Pair, tell
from app.processor.channels.base import Message
from app.settings import Settings

LANGUAGES = ("fr", "en")
SEVERITY: dict[str, Pair] = {
    "info": ("Info", "Info"),
    "warning": ("À surveiller", "Warning"),
    "critical": ("Critique", "Critical"),
    "urgent": ("Urgence", "Urgent"),
}
PREFIX: dict[str, Pair] = {
    "resolved": ("Terminée", "Over"),
    "unstable": ("Instable", "Unstable"),
    REMINDED: ("Rappel", "Reminder"),
    ESCALATED: ("Sans réponse", "Unanswered"),
}
LABELS: dict[str, Pair] = {
    "severity": ("Gravité", "Severity"),
    "context": ("Au même moment", "At the same time"),
    "cause": ("Cause probable", "Probable cause"),
    "advice": ("Que faire", "What to do"),
}


def message(
    session: Session, settings: Settings, row: Alert, event: str, number: int, language: str
) -> Message:
    """The message of one event of an alert. `number`: of the notification it comes from."""
    pick = 0 if language == "fr" else 1
    told = tell(row, language, _alarm)
    where = place(session, row)
    title = f"{PREFIX[event][pick]} : {told.title}" if event in PREFIX else told.title
    if event not in PREFIX:
        title = f"{SEVERITY[row.severity][pick]} : {told.title}"
    if pick:
        title = title.replace(" : ", ": ", 1)
    texts = {
        "severity": SEVERITY[row.severity][pick],
        "context": told.context,
        "cause": told.cause,
        "advice": told.advice,
    }
    return Message(
        id=f"alert-{row.id}-{number}",
        event=event,
        severity=row.severity,
        language="en" if pick else "fr",
        title=title,
        where=where,
        lines=(told.measured,),
        url=f"{settings.public_url}/alertes/{row.id}",
        at=row.resolved_at if event == "resolved" and row.resolved_at else row.fired_at,
        facts=tuple((LABELS[code][pick], text) for code, text in texts.items() if text),
        data={
            "id": row.id,
            "asset_id": row.asset_id,
            "rule": row.rule,
            "kind": row.kind,
            "severity": row.severity,
            "state": row.state,
            "cell": row.cell,
            "value": row.value,
            "limit": row.limit,
            "fired_at": row.fired_at,
            "resolved_at": row.resolved_at,
            "where": where,
            "title": told.title,
            "text": told.measured,
        },
    )


def place(session: Session, row: Alert) -> str:
    """The battery and where it stands; of a site or a collector, its name."""
    if row.asset_id is None:
        kind, _, number = row.subject.partition(":")
        if kind == "location" and number.isdecimal():
            name = session.scalar(select(Location.name).where(Location.id == int(number)))
            return name or ""
        return str(row.facts.get("name") or "")
    found = session.execute(
        select(Asset.name, Location.name)
        .outerjoin(Location, Location.id == Asset.location_id)
        .where(Asset.id == row.asset_id)
    ).one_or_none()
    return ", ".join(filter(None, found)) if found else ""


def _alarm(code: str, index: int | None) -> str:
    """The name of an alarm where no catalogue is at hand."""
    name = code.replace("_", " ")
    return name if index is None else f"{name} {index + 1}"
