"""Custom fields: the five ready-made ones and those a client adds, and what they say of batteries.

Two ready-made fields live elsewhere and are treated alike here: who is responsible is a sealed
column of the battery, and tags are rows of their own. Values come and go as texts; a field's kind
says which texts it takes (`field_kinds`).
"""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, selectinload

from app.errors import Conflict, Invalid, NotFound, sentence

from . import tags
from .field_kinds.base import Kind, kinds
from .field_models import AssetTag, CustomField, FieldValue
from .folding import fold
from .models import Asset, Battery

RESPONSIBLE, TAGS = "responsible", "tags"
MOST = 60
MOST_CHOICES = 100
LONGEST_CHOICE = 80
USES = (
    "Éclairage",
    "Secours",
    "Traction",
    "Écrêtage",
    "Autonome",
)

Values = dict[int, dict[int, str]]
"""By battery, by field."""
LOADED = (selectinload(Battery.said), selectinload(Battery.tags))
"""Options of a statement of batteries whose fields are shown one battery after the other."""


def ready_made() -> list[CustomField]:
    """The five fields every client begins with; a migration writes the same."""
    made = (
        ("function", "choice", "Fonctionnalité", "Function", list(USES), True),
        ("project", "text", "Projet", "Project", [], False),
        (RESPONSIBLE, "person", "Responsable", "Responsible", [], False),
        ("notes", "notes", "Notes", "Notes", [], False),
        (TAGS, "tags", "Étiquettes", "Tags", [], False),
    )
    return [
        CustomField(
            code=code,
            kind=kind,
            label_fr=french,
            label_en=english,
            choices=choices,
            ready=True,
            listed=listed,
            filterable=kind != "notes",
            position=position,
            created_at=0,
        )
        for position, (code, kind, french, english, choices, listed) in enumerate(made, start=1)
    ]


def every(session: Session) -> list[CustomField]:
    """Every field, in the client's order."""
    return list(session.scalars(select(CustomField).order_by(CustomField.position, CustomField.id)))


def kind_of(row: CustomField) -> Kind:
    """What its kind decides."""
    return kinds()[row.kind]


def field(session: Session, field_id: int, *, lock: bool = False) -> CustomField:
    """One field; NotFound otherwise. `lock`: nobody else changes it."""
    statement = select(CustomField).where(CustomField.id == field_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    if (found := session.scalar(statement)) is None:
        raise NotFound("There is no such field.")
    return found


def create(session: Session, changes: Mapping[str, Any]) -> CustomField:
    """Add a field at the end. Raises Invalid with what is wrong, Conflict for one too many."""
    if changes.get("kind") not in {code for code, kind in kinds().items() if kind.offered}:
        raise _invalid("kind", sentence("Choose one of the list."))
    known = every(session)
    if len(known) >= MOST:
        raise Conflict("There are too many fields already.", code="too_many_fields")
    position = max((row.position for row in known), default=0) + 1
    row = CustomField(kind=changes["kind"], position=position, choices=[], label_fr="", label_en="")
    _apply(session, row, changes)
    row.code = _code(row.label_fr, {each.code for each in known})
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        raise Conflict("Somebody has added this field already.", code="name_taken") from None
    return row


def edit(session: Session, row: CustomField, changes: Mapping[str, Any]) -> None:
    """Change a field and count its version; its kind stays. Raises Invalid.

    A choice that batteries have cannot go: the values would say what the field does not offer.
    """
    _apply(session, row, changes)
    row.version += 1
    session.flush()


def remove(session: Session, row: CustomField) -> int:
    """Remove a field with everything it says; returns of how many batteries it did."""
    if row.ready:
        raise Conflict("A ready-made field cannot be removed.", code="ready_made")
    values = session.scalars(select(FieldValue).where(FieldValue.field_id == row.id)).all()
    for value in values:
        session.delete(value)
    session.flush()
    session.delete(row)
    session.flush()
    return len(values)


def move(session: Session, row: CustomField, step: int) -> None:
    """Move a field up (-1) or down (1) in the client's order."""
    rows = every(session)
    at = next(index for index, each in enumerate(rows) if each.id == row.id)
    to = min(max(at + step, 0), len(rows) - 1)
    rows.insert(to, rows.pop(at))
    for position, each in enumerate(rows, start=1):
        each.position = position
    session.flush()


def usage(session: Session) -> dict[int, int]:
    """Of how many batteries each field says something."""
    counted = select(FieldValue.field_id, func.count()).group_by(FieldValue.field_id)
    found = dict(session.execute(counted).all())
    filled = Asset.responsible_index.is_not(None)
    special = {
        RESPONSIBLE: select(func.count(Asset.id)).where(filled),
        TAGS: select(func.count(AssetTag.asset_id.distinct())),
    }
    for row in every(session):
        if row.code in special:
            found[row.id] = session.scalar(special[row.code]) or 0
    return found


def choice_usage(session: Session, row: CustomField) -> dict[str, int]:
    """How many batteries have each choice of a field."""
    counted = select(FieldValue.text, func.count()).where(FieldValue.field_id == row.id)
    return dict(session.execute(counted.group_by(FieldValue.text)).all())


def values(session: Session, batteries: Iterable[Battery], rows: Collection[CustomField]) -> Values:
    """What these fields say of these batteries; what they do not say is absent."""
    known = {battery.id: battery for battery in batteries}
    found: Values = {asset_id: {} for asset_id in known}
    ids = [row.id for row in rows if row.code not in (RESPONSIBLE, TAGS)]
    statement = select(FieldValue).where(
        FieldValue.asset_id.in_(list(known)), FieldValue.field_id.in_(ids)
    )
    for value in session.scalars(statement) if ids and known else ():
        found[value.asset_id][value.field_id] = value.text or value.person
    for row in rows:
        if row.code == RESPONSIBLE:
            for battery in known.values():
                if battery.responsible:
                    found[battery.id][row.id] = battery.responsible
        elif row.code == TAGS and known:
            for asset_id, carried in tags.of(session, known).items():
                found[asset_id][row.id] = ", ".join(tag.name for tag in carried)
    return found


def spoken(battery: Battery) -> dict[str, str]:
    """What its fields say of one battery, by code; lists load `LOADED` with their batteries."""
    found = {value.field.code: value.text or value.person for value in battery.said}
    if battery.responsible:
        found[RESPONSIBLE] = battery.responsible
    if battery.tags:
        found[TAGS] = ", ".join(tag.name for tag in battery.tags)
    return found


def by_code(session: Session, given: Mapping[str, str]) -> dict[int, str]:
    """Texts by the codes of fields → by their ids; Invalid for a code that no field has."""
    ids = {row.code: row.id for row in every(session)}
    if unknown := given.keys() - ids.keys():
        text = sentence("There is no such field.")
        raise Invalid("Some fields need attention.", fields=dict.fromkeys(unknown, text))
    return {ids[code]: text for code, text in given.items()}


def write(session: Session, battery: Battery, given: Mapping[int, str]) -> list[str]:
    """Let fields say these texts of a battery, "" nothing; returns the codes of what changed.

    Fields not named stay. Raises Invalid with a fault for each field's code, Conflict when a field
    is gone meanwhile. The caller has locked the battery and counts its version.
    """
    rows = {row.id: row for row in every(session)}
    if given.keys() - rows.keys():
        raise Conflict("A field has been removed meanwhile.", code="field_removed")
    read, wrong = {}, {}
    for field_id, text in given.items():
        try:
            read[field_id] = checked(rows[field_id], text)
        except ValueError as error:
            wrong[rows[field_id].code] = str(error)
    if wrong:
        raise Invalid("Some fields need attention.", fields=wrong)
    before = values(session, [battery], [rows[field_id] for field_id in read])[battery.id]
    changed = {key: text for key, text in read.items() if text != before.get(key, "")}
    for field_id, text in changed.items():
        try:
            _write_one(session, battery, rows[field_id], text)
        except ValueError as error:
            raise _invalid(rows[field_id].code, str(error)) from None
    session.flush()
    session.expire(battery, ("said", "tags"))
    return [rows[field_id].code for field_id in changed]


def checked(row: CustomField, given: str) -> str:
    """A text as this field keeps it; ValueError says why it cannot."""
    kind, text = kind_of(row), given.strip()
    if not text:
        if row.required:
            raise ValueError(sentence("This is needed."))
        return ""
    if len(text) > kind.longest:
        raise ValueError(sentence("This text is too short or too long."))
    return kind.read(text, row.choices)


def _write_one(session: Session, battery: Battery, row: CustomField, text: str) -> None:
    if row.code == RESPONSIBLE:
        battery.responsible = text
        return
    if row.code == TAGS:
        tags.replace(session, battery.id, tags.split(text))
        return
    kind = kind_of(row)
    wanted = (FieldValue.asset_id == battery.id, FieldValue.field_id == row.id)
    value = session.scalar(select(FieldValue).where(*wanted))
    if not text:
        if value is not None:
            session.delete(value)
        return
    if value is None:
        value = FieldValue(asset_id=battery.id, field_id=row.id)
        session.add(value)
    if kind.sealed:
        value.person = text
    else:
        value.text, value.number = text, kind.amount(text) if kind.amount else None


def _apply(session: Session, row: CustomField, changes: Mapping[str, Any]) -> None:
    given = {name: changes[name] for name in _SETTABLE if name in changes}
    wrong = {}
    for name, other in (("label_fr", "label_en"), ("label_en", "label_fr")):
        text = " ".join(str(given.get(name, getattr(row, name))).split())
        text = text or " ".join(str(given.get(other, getattr(row, other))).split())
        if not text:
            wrong[name] = sentence("A name is needed.")
        given[name] = text[:80]
    if kind_of(row).control == "select":
        try:
            given["choices"] = _choices(session, row, given.get("choices", row.choices))
        except ValueError as error:
            wrong["choices"] = str(error)
    else:
        given["choices"] = []
    if wrong:
        raise Invalid("Some fields need attention.", fields=wrong)
    for name, value in given.items():
        setattr(row, name, value)


_SETTABLE = (
    "label_fr",
    "label_en",
    "choices",
    "required",
    "searchable",
    "filterable",
    "listed",
)


def _choices(session: Session, row: CustomField, given: Iterable[str]) -> list[str]:
    """Choices as they are kept: each once, none that a battery has left out; ValueError."""
    found = list(dict.fromkeys(" ".join(choice.split()) for choice in given))
    found = [choice for choice in found if choice]
    if not found:
        raise ValueError(sentence("A list needs one choice at least."))
    if len(found) > MOST_CHOICES or any(len(choice) > LONGEST_CHOICE for choice in found):
        raise ValueError(sentence("There are too many choices, or one is too long."))
    if row.id and set(choice_usage(session, row)) - set(found):
        raise ValueError(sentence("Batteries have a choice that would be gone."))
    return found


def _code(label: str, taken: Collection[str]) -> str:
    base = re.sub(r"[^a-z0-9]+", "_", fold(label)).strip("_")[:32] or "field"
    number, code = 2, base
    while code in taken:
        code, number = f"{base}_{number}", number + 1
    return code


def _invalid(name: str, text: str) -> Invalid:
    return Invalid("Some fields need attention.", fields={name: text})
