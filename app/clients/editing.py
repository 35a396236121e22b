"""Changing and retiring what the catalogue holds. Measurements are never removed by any of this.

`changes` map the names of columns to their new values; edges have checked form and size.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.errors import Conflict, Invalid, NotFound, sentence

from . import catalogue
from .catalogue import ACTIVE, LIMITS, PENDING, RETIRED
from .models import Asset, Battery, BatteryType, Location
from .tenants import is_time_zone

Changes = Mapping[str, Any]


Row = TypeVar("Row", Battery, BatteryType, Location)

MISSING = {
    Battery: sentence("There is no such battery."),
    BatteryType: sentence("There is no such battery type."),
    Location: sentence("There is no such location."),
}


def lock(session: Session, kind: type[Row], key: int) -> Row:
    """A row that nobody else changes until this transaction ends; NotFound otherwise."""
    statement = select(kind).where(kind.id == key).with_for_update()
    row = session.scalar(statement.execution_options(populate_existing=True))
    if row is None:
        raise NotFound(MISSING[kind])
    return row


def create_battery(session: Session, uid: str, changes: Changes) -> Battery:
    """Add a battery before its first data; a collector that names `uid` will find it.

    Raises Conflict when the name is taken, NotFound for a type or location that does not exist.
    """
    battery = Battery(uid=uid, name=changes.get("name") or uid, serial=uid, status=ACTIVE)
    _set_battery(session, battery, changes)
    return _added(session, battery, sentence("A battery has this identifier already."))


def edit_battery(session: Session, battery: Battery, changes: Changes) -> None:
    """Change a battery that was not retired, and count the version."""
    if battery.status == RETIRED and changes.get("status") != ACTIVE:
        raise Conflict("This battery is retired.", code="retired")
    if battery.status == PENDING:
        raise Conflict("Accept this battery first.", code="pending")
    _set_battery(session, battery, changes)
    battery.version += 1
    session.flush()


def retire(session: Session, battery: Battery) -> None:
    """Take a battery out of the fleet; what it measured stays, and it can be made active again."""
    if battery.status == RETIRED:
        raise Conflict("This battery is retired.", code="retired")
    battery.status = RETIRED
    battery.version += 1
    session.flush()


def edit_type(session: Session, row: BatteryType, changes: Changes) -> None:
    """Change a battery type; Conflict when the new name is taken."""
    if "chemistry" in changes and changes["chemistry"] not in LIMITS:
        _wrong("chemistry", sentence("Choose a chemistry of the list."))
    _apply(session, row, changes, sentence("A battery type has this name already."))


def edit_location(session: Session, row: Location, changes: Changes) -> None:
    """Change a location; Conflict when the new name is taken."""
    if "time_zone" in changes and not is_time_zone(changes["time_zone"]):
        _wrong("time_zone", sentence("This time zone is unknown."))
    _apply(session, row, changes, sentence("A location has this name already."))


def remove(session: Session, row: BatteryType | Location) -> None:
    """Remove a type or a location that no battery has; Conflict with code `in_use` otherwise."""
    column = Asset.type_id if isinstance(row, BatteryType) else Asset.location_id
    if session.scalar(select(func.count(Asset.id)).where(column == row.id)):
        raise Conflict("Batteries still belong to it.", code="in_use")
    session.delete(row)
    session.flush()


def _set_battery(session: Session, battery: Battery, changes: Changes) -> None:
    given = dict(changes)
    if type_id := given.pop("type_id", None):
        battery.type = catalogue.battery_type(session, type_id)
    if location_id := given.pop("location_id", None):
        battery.location = catalogue.location(session, location_id)
    for name, value in given.items():
        setattr(battery, name, value)


def _apply(session: Session, row: Any, changes: Changes, taken: str) -> None:
    try:
        with session.begin_nested():
            for name, value in changes.items():
                setattr(row, name, value)
    except IntegrityError:
        raise Conflict(taken, code="name_taken") from None


def _added(session: Session, row: Battery, taken: str) -> Battery:
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        raise Conflict(taken, code="uid_taken") from None
    return row


def _wrong(field: str, text: str) -> None:
    raise Invalid("Some fields need attention.", fields={field: text})
