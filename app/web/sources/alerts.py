"""Alerts, open and past, by the words in which they are told and the battery they are of."""

from flask import url_for
from flask_babel import gettext
from sqlalchemy import select

from app.clients.models import Battery
from app.core.access import Permission
from app.database.sessions import TenantSession
from app.gateway.language import current_locale
from app.processor.alerts.models import Alert
from app.processor.alerts.text import tell
from app.web.labels import alarm_label

from .base import Hit, Source, Words, all_in, hit

LOOKED_THROUGH = 300
"""The newest: an alert is made of words in the reader's language only when it is read."""


def find(session: TenantSession, words: Words, most: int) -> list[Hit]:
    """Alerts of batteries in sight, the newest first."""
    newest = (
        select(Alert, Battery.name)
        .join(Battery, Battery.id == Alert.asset_id)
        .order_by(Alert.fired_at.desc(), Alert.id.desc())
        .limit(LOOKED_THROUGH)
    )
    found: list[Hit] = []
    for row, battery in session.execute(newest):
        told = tell(row, current_locale(), alarm_label)
        texts = [
            (gettext("Battery"), battery),
            (gettext("Measured"), told.measured),
        ]
        if all_in(words, [told.title, *(text for _, text in texts)]):
            url = url_for("inbox.page", alert_id=row.id)
            found.append(hit(words, told.title, url, texts))
        if len(found) == most:
            break
    return found


SOURCE = Source("alerts", 4, Permission.SEE_FLEET, find)
