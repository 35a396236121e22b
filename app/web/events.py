"""What happened to a battery in a period, to be drawn over its charts."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask_babel import gettext
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.clients.models import Battery
from app.processor.alerts.models import Alert, MaintenanceWindow
from app.processor.alerts.text import tell

from .labels import MARKS, alarm_label

MOST = 20
"""Events drawn; the newest are."""
SIGNS = {"critical": "crit", "urgent": "crit"}


@dataclass(frozen=True, slots=True)
class Event:
    """`end` None: it is not over. `sign` is `crit`, `warn`, `info` or `off`."""

    start: int
    end: int | None
    sign: str
    text: str


def between(session: Session, battery: Battery, start: int, end: int, locale: str) -> list[Event]:
    """The newest events that reach into a period, oldest first."""
    found = [
        *_alerts(session, battery, start, end, locale),
        *_windows(session, battery, start, end),
    ]
    return sorted(found, key=lambda event: event.start)[-MOST:]


def _alerts(
    session: Session, battery: Battery, start: int, end: int, locale: str
) -> Iterator[Event]:
    statement = (
        select(Alert)
        .where(Alert.asset_id == battery.id, Alert.began_at < end)
        .where(or_(Alert.resolved_at.is_(None), Alert.resolved_at > start))
        .order_by(Alert.began_at.desc())
        .limit(MOST)
    )
    for row in session.scalars(statement):
        sign = SIGNS.get(row.severity) or MARKS.get(row.severity, "info")
        text = tell(row, locale, alarm_label).title
        yield Event(row.began_at, row.resolved_at, sign, text)


def _windows(session: Session, battery: Battery, start: int, end: int) -> Iterator[Event]:
    over = {
        "client": 0,
        "type": battery.type_id,
        "location": battery.location_id,
        "battery": battery.id,
    }
    statement = (
        select(MaintenanceWindow)
        .where(MaintenanceWindow.starts_at < end, MaintenanceWindow.ends_at > start)
        .order_by(MaintenanceWindow.starts_at.desc())
    )
    for row in session.scalars(statement):
        if over.get(row.level, -1) == row.target_id:
            text = gettext("Maintenance: %(reason)s", reason=row.reason)
            yield Event(row.starts_at, row.ends_at, "off", text)
