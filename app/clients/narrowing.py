"""Which batteries a list shows: words, tags, persons, days and custom fields, as one statement."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import Session

from app.database.encrypted import find_by

from . import catalogue
from .catalogue import AssetFilter
from .field_kinds.base import kinds
from .field_models import AssetTag, AssetText, CustomField, FieldValue, Tag
from .fields import RESPONSIBLE, TAGS
from .folding import fold, words
from .models import Asset, Battery


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """From and to, both included; None: open. Numbers, or days as numbers."""

    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """What a list is narrowed by, besides what `AssetFilter` knows; empty parts do not narrow.

    `since`, `until`: epoch milliseconds of when the battery was added. `fields`: by the id of a
    field, a text it contains or equals as its kind says, or a range.
    """

    base: AssetFilter = field(default_factory=AssetFilter)
    text: str = ""
    tag_id: int | None = None
    responsible: str = ""
    since: int | None = None
    until: int | None = None
    fields: Mapping[int, str | Range] = field(default_factory=dict)


def narrowed(
    session: Session, wanted: Narrowing, rows: Iterable[CustomField]
) -> Select[tuple[Battery]]:
    """The statement of the batteries wanted. `rows`: the client's fields."""
    statement = catalogue.find_assets(wanted.base)
    known = {row.id: row for row in rows}
    for word in words(wanted.text):
        statement = statement.where(spoken_of(session, word))
    if wanted.tag_id is not None:
        statement = statement.where(_tagged(AssetTag.tag_id == wanted.tag_id))
    if wanted.responsible:
        statement = statement.where(find_by(Battery, "responsible", wanted.responsible, session))
    if wanted.since is not None:
        statement = statement.where(Battery.created_at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(Battery.created_at < wanted.until)
    for field_id, value in wanted.fields.items():
        if field_id in known:
            statement = statement.where(_says(session, known[field_id], value))
    return statement


def spoken_of(session: Session, word: str) -> ColumnElement[bool]:
    """The condition that a folded word stands in a battery's text, or in the name of a person."""
    texts = select(AssetText.asset_id).where(AssetText.text.contains(word, autoescape=True))
    conditions = [Battery.id.in_(texts)]
    people = responsible_people(session) if _searches_responsible(session) else {}
    if found := [index for index, name in people.items() if word in fold(name)]:
        conditions.append(Battery.responsible_index.in_(found))
    if found := [index for index, name in field_people(session).items() if word in fold(name)]:
        persons = select(FieldValue.asset_id).where(FieldValue.person_index.in_(found))
        conditions.append(Battery.id.in_(persons))
    return or_(*conditions)


def _searches_responsible(session: Session) -> bool:
    wanted = (CustomField.code == RESPONSIBLE, CustomField.searchable)
    return session.scalar(select(CustomField.id).where(*wanted)) is not None


def responsible_people(session: Session) -> dict[bytes, str]:
    """Everybody who is responsible for a battery in sight, each opened once."""
    one_each = (
        select(func.min(Asset.id))
        .where(Asset.responsible_index.is_not(None))
        .group_by(Asset.responsible_index)
    )
    rows = session.scalars(select(Battery).where(Battery.id.in_(one_each)))
    return {row.responsible_index: row.responsible for row in rows}


def field_people(session: Session) -> dict[bytes, str]:
    """Everybody whom a searchable field of a battery in sight names, each opened once."""
    one_each = (
        select(func.min(FieldValue.id))
        .join(CustomField, CustomField.id == FieldValue.field_id)
        .where(FieldValue.person_index.is_not(None), CustomField.searchable)
        .group_by(FieldValue.person_index)
    )
    rows = session.scalars(select(FieldValue).where(FieldValue.id.in_(one_each)))
    return {row.person_index: row.person for row in rows}


def _tagged(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(AssetTag.asset_id == Battery.id, condition)


def _says(session: Session, row: CustomField, value: str | Range) -> ColumnElement[bool]:
    if row.code == RESPONSIBLE:
        return find_by(Battery, "responsible", str(value), session)
    if row.code == TAGS:
        tags = select(Tag.id).where(Tag.folded == fold(str(value)))
        return _tagged(AssetTag.tag_id.in_(tags))
    conditions = [FieldValue.field_id == row.id]
    if isinstance(value, Range):
        if value.low is not None:
            conditions.append(FieldValue.number >= value.low)
        if value.high is not None:
            conditions.append(FieldValue.number <= value.high)
    elif kinds()[row.kind].sealed:
        conditions.append(find_by(FieldValue, "person", value, session))
    elif kinds()[row.kind].match == "equals":
        conditions.append(FieldValue.text == value)
    else:
        conditions.append(FieldValue.text.icontains(value, autoescape=True))
    return exists().where(FieldValue.asset_id == Battery.id, *conditions)
