"""Batteries, by everything that is said of them: names, type, location, fields, notes, tags."""

from flask import url_for
from flask_babel import gettext

from app.clients import fields
from app.clients.catalogue import ACTIVE, AssetFilter
from app.clients.models import Battery
from app.clients.narrowing import Narrowing, narrowed
from app.core.access import Permission
from app.database.sessions import TenantSession
from app.gateway.language import current_locale

from .base import Hit, Source, Words, hit


def find(session: TenantSession, words: Words, most: int) -> list[Hit]:
    """Batteries of every status, by name."""
    rows = fields.every(session)
    wanted = Narrowing(base=AssetFilter(status=None), text=" ".join(words))
    found = session.scalars(narrowed(session, wanted, rows).limit(most)).all()
    searchable = [row for row in rows if row.searchable]
    said = fields.values(session, found, searchable)
    language = current_locale()
    names = [(row.id, row.label(language)) for row in searchable]
    return [
        hit(
            words,
            battery.name,
            url_for("battery.page", asset_id=battery.id),
            _texts(battery) + [(name, said[battery.id].get(key, "")) for key, name in names],
            "" if battery.status == ACTIVE else battery.status,
        )
        for battery in found
    ]


def _texts(battery: Battery) -> list[tuple[str, str]]:
    texts = [
        (gettext("Serial number"), battery.serial),
        (gettext("BMS"), battery.bms),
    ]
    if battery.uid != battery.serial:
        texts.insert(0, (gettext("Identifier"), battery.uid))
    if battery.type:
        texts.append((gettext("Type"), f"{battery.type.name}, {battery.type.chemistry}"))
    if place := battery.location:
        parts = (place.name, place.city, place.address, place.purpose)
        texts.append((gettext("Location"), ", ".join(filter(None, parts))))
    return texts


SOURCE = Source("batteries", 1, Permission.SEE_FLEET, find)
