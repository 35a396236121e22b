"""How long a client's history is kept, in days and in words."""

from typing import Any

from flask import Response
from flask_babel import gettext
from sqlalchemy.orm import Session

from app.core.access import Permission
from app.errors import sentence
from app.gateway.context import configured, tenant_session
from app.gateway.etags import expect, shown
from app.gateway.resources import Resources
from app.gateway.schema import Many, One, Open, Schema, Text, Whole
from app.gateway.writing import commit_client
from app.processor import retention

blueprint = Resources("retention", __name__, "How long history is kept.")

CLASSES = {
    "readings": sentence("Every reading"),
    "minutes": sentence("Minutes"),
    "quarters": sentence("Quarters of an hour"),
    "hours": sentence("Hours"),
    "days": sentence("Days"),
}
FOR_DAYS = sentence("%(what)s: kept for %(days)s days.")
FOR_EVER = sentence("%(what)s: kept for ever.")
MOST_DAYS = 36_500


def _days(about: str, example: int, **options: Any) -> Whole:
    return Whole(2, MOST_DAYS, example, about, allow_none=True, **options)


class KeptDays(Schema):
    """For how many days each kind is kept; null: for ever; absent: as the level above says."""

    readings = _days("Every reading, as it was measured.", 14)
    minutes = _days("Lowest, mean, highest and last of each minute.", 30)
    quarters = _days("The same of each quarter of an hour.", 730)
    hours = _days("The same of each hour.", 3650)
    days = _days("The same of each day of the site, and the daily records.", 3650)


class RetentionChanges(Schema):
    """What a client decides; `types` by the number of a battery type."""

    all = One(KeptDays, required=True)
    types = Open(One(KeptDays), {}, required=True)


class RetentionDocument(Schema):
    """What the installation keeps, what the client decided instead, and what follows, in words."""

    installation = One(KeptDays, required=True)
    all = One(KeptDays, required=True)
    types = Open(One(KeptDays), {}, required=True)
    words = Many(Text(200, "Every reading: kept for 14 days."), 10, required=True)


@blueprint.operation(
    "GET",
    "/retention",
    Permission.SEE_FLEET,
    sentence("How long history is kept"),
    answer=RetentionDocument,
)
def read_retention() -> Response:
    """How long history is kept, with the tag that changing it needs."""
    return shown(_document(tenant_session()))


@blueprint.operation(
    "PUT",
    "/retention",
    Permission.MANAGE_FLEET,
    sentence("Decide how long history is kept"),
    body=RetentionChanges,
    answer=RetentionDocument,
    edits=True,
)
def change_retention(body: dict[str, Any]) -> Response:
    """Decide how long history is kept. What is let go does not come back; alerts' hours stay."""
    session = tenant_session(writes=True)
    expect(_document(session))
    retention.state(session, configured(), body)
    commit_client(session, "retention.edit", "retention", body)
    return shown(_document(session))


def _document(session: Session) -> dict[str, Any]:
    kept = retention.kept_of(session, configured(), None)
    return {
        "installation": _as_days(retention.installation(configured())),
        **retention.stated(session),
        "words": [_words(name, getattr(kept, name)) for name in retention.CLASSES],
    }


def _as_days(kept: retention.Kept) -> dict[str, int | None]:
    return {name: getattr(kept, name) for name in retention.CLASSES}


def _words(name: str, days: int | None) -> str:
    text = FOR_EVER if days is None else FOR_DAYS
    return gettext(text, what=gettext(CLASSES[name]), days=days)
