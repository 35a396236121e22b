"""The text in which batteries are searched: kept true by whatever writes, without anybody's help.

One row a battery holds, folded, all its words in the clear: of itself, its type, its location, its
tags, and its searchable fields. A flush that alters any of those notes the batteries meant, and the
commit writes their rows anew. Persons are sealed and not among them.
"""

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import event, inspect, select
from sqlalchemy.orm import Session

from app.database.sessions import TenantSession

from .field_models import AssetTag, AssetText, CustomField, FieldValue, Tag
from .folding import fold
from .models import Asset, Battery, BatteryType, Location

OWN = ("name", "uid", "serial", "bms", "type_id", "location_id", "type", "location")
SHARED = ("name", "chemistry", "city", "address", "purpose", "searchable", "folded")
LONGEST = 20_000
STALE = "stale_texts"
SEPARATOR = "\n"
"""Between two words that stand in different places: no search can span them."""


def refresh(session: Session, asset_ids: Collection[int] | None = None) -> None:
    """Write the rows of these batteries anew, or of all."""
    statement = (
        select(Battery, BatteryType, Location)
        .outerjoin(BatteryType, BatteryType.id == Battery.type_id)
        .outerjoin(Location, Location.id == Battery.location_id)
    )
    if asset_ids is not None:
        statement = statement.where(Battery.id.in_(asset_ids))
    found = session.execute(statement).all()
    ids = [battery.id for battery, _, _ in found]
    more = _more(session, ids)
    kept = {row.asset_id: row for row in session.scalars(_rows(ids))}
    for battery, kind, place in found:
        parts = [battery.name, battery.uid, battery.serial, battery.bms]
        parts += [kind.name, kind.chemistry] if kind else []
        parts += [place.name, place.city, place.address, place.purpose] if place else []
        text = SEPARATOR.join(fold(part) for part in (*parts, *more.get(battery.id, ())) if part)
        text = text[:LONGEST]
        if battery.id not in kept:
            session.add(AssetText(asset_id=battery.id, text=text))
        elif kept[battery.id].text != text:
            kept[battery.id].text = text
    session.flush()


def _rows(ids: Collection[int]):
    return select(AssetText).where(AssetText.asset_id.in_(ids))


def _more(session: Session, ids: Collection[int]) -> dict[int, list[str]]:
    """Tags and values of searchable fields, by battery."""
    values = (
        select(FieldValue.asset_id, FieldValue.text)
        .join(CustomField, CustomField.id == FieldValue.field_id)
        .where(CustomField.searchable, FieldValue.text != "", FieldValue.asset_id.in_(ids))
        .order_by(CustomField.position, CustomField.id)
    )
    tags = (
        select(AssetTag.asset_id, Tag.name)
        .join(Tag, Tag.id == AssetTag.tag_id)
        .where(AssetTag.asset_id.in_(ids))
    )
    found: dict[int, list[str]] = {}
    for statement in (values, tags):
        for asset_id, text in session.execute(statement):
            found.setdefault(asset_id, []).append(text)
    return found


@event.listens_for(TenantSession, "after_flush")
def _note(session: TenantSession, _: Any) -> None:
    for row in (*session.new, *session.dirty, *session.deleted):
        if ids := _meant(session, row):
            session.info.setdefault(STALE, set()).update(ids)


@event.listens_for(TenantSession, "before_commit")
def _write(session: TenantSession) -> None:
    session.flush()
    if ids := session.info.pop(STALE, None):
        refresh(session, ids)


@event.listens_for(TenantSession, "after_rollback")
def _forget(session: TenantSession) -> None:
    session.info.pop(STALE, None)


def _meant(session: Session, row: Any) -> Iterable[int]:
    """The batteries whose text a written row is part of."""
    if isinstance(row, Asset):
        return () if row in session.deleted or not _altered(row, OWN) else (row.id,)
    if isinstance(row, FieldValue | AssetTag):
        return (row.asset_id,)
    if not isinstance(row, BatteryType | Location | Tag | CustomField) or row in session.new:
        return ()
    if row not in session.deleted and not _altered(row, SHARED):
        return ()
    return session.scalars(_bearers(row)).all()


def _bearers(row: Any):
    if isinstance(row, BatteryType):
        return select(Battery.id).where(Battery.type_id == row.id)
    if isinstance(row, Location):
        return select(Battery.id).where(Battery.location_id == row.id)
    if isinstance(row, Tag):
        return select(AssetTag.asset_id).where(AssetTag.tag_id == row.id)
    return select(FieldValue.asset_id).where(FieldValue.field_id == row.id)


def _altered(row: Any, names: Iterable[str]) -> bool:
    attributes = inspect(row).attrs
    return any(name in attributes and attributes[name].history.has_changes() for name in names)
