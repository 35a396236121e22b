"""What is said of an alert to somebody who is not looking at it."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clients.models import Asset, Location
from app.processor.alerts.models import Alert
from app.processor.alerts.outbox import ESCALATED, REMINDED
from app.processor.alerts.text import Pair, tell
from app.processor.channels.base import Message
from app.settings import Settings

LANGUAGES = ("fr", "en")
COLON = (" : ", ": ")
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
        language=LANGUAGES[pick],
        title=f"{PREFIX.get(event, SEVERITY[row.severity])[pick]}{COLON[pick]}{told.title}",
        where=where,
        lines=(told.measured,),
        url=f"{settings.public_url}/alertes/{row.id}",
        at=row.resolved_at if event == "resolved" and row.resolved_at else row.fired_at,
        facts=tuple((LABELS[code][pick], text) for code, text in texts.items() if text),
        data=_data(row) | {"where": where, "title": told.title, "text": told.measured},
    )


def _data(row: Alert) -> dict[str, Any]:
    names = ("id", "asset_id", "rule", "kind", "severity", "state", "cell", "value", "limit")
    return {name: getattr(row, name) for name in (*names, "fired_at", "resolved_at")}


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
