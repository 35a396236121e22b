"""One change for many batteries at once: all of them, or none."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import Conflict, Invalid, NotFound, sentence

from . import editing, tags
from .field_kinds.base import kinds
from .models import Battery

MOST = 500


def chosen(session: Session, asset_ids: Collection[int]) -> list[Battery]:
    """These batteries, locked until the change is committed; NotFound when one is not in sight."""
    ids = sorted(set(asset_ids))
    if not ids:
        raise Invalid("Choose a battery at least.", code="none_chosen")
    if len(ids) > MOST:
        raise Invalid("These are too many batteries at once.", code="too_many")
    statement = select(Battery).where(Battery.id.in_(ids)).order_by(Battery.id).with_for_update()
    rows = list(session.scalars(statement.execution_options(populate_existing=True)))
    if len(rows) != len(ids):
        raise NotFound("There is no such battery.")
    return rows


def tag(session: Session, rows: Collection[Battery], text: str) -> None:
    """Mark all of them with these tags, written with commas."""
    _marked(session, rows, text, tags.put)


def untag(session: Session, rows: Collection[Battery], text: str) -> None:
    """Take these tags off all of them."""
    _marked(session, rows, text, tags.take)


def assign(session: Session, rows: Collection[Battery], name: str) -> None:
    """Make somebody responsible for all of them; "": nobody."""
    kind = kinds()["person"]
    if len(name) > kind.longest:
        raise _invalid("responsible", sentence("This text is too short or too long."))
    for battery in rows:
        editing.edit_battery(session, battery, {"responsible": kind.read(name, ())})


def move(session: Session, rows: Collection[Battery], location_id: int) -> None:
    """Say that all of them stand at this location."""
    for battery in rows:
        editing.edit_battery(session, battery, {"location_id": location_id})


def _marked(session: Session, rows: Collection[Battery], text: str, change) -> None:
    try:
        names = tags.split(text)
        if not names:
            raise ValueError(sentence("A tag is needed."))
        change(session, [battery.id for battery in rows], names)
    except ValueError as error:
        raise _invalid("tags", str(error)) from None
    for battery in rows:
        if battery.status == "retired":
            raise Conflict("This battery is retired.", code="retired")
        battery.version += 1
    session.flush()


def _invalid(name: str, text: str) -> Invalid:
    return Invalid("Some fields need attention.", fields={name: text})
