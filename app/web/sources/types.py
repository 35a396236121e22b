"""Battery types, by name and chemistry."""

from flask import url_for
from flask_babel import gettext
from sqlalchemy import select

from app.clients import catalogue
from app.clients.models import Battery
from app.core.access import EVERY_ASSET, Permission
from app.database.sessions import TenantSession

from .base import Hit, Source, Words, all_in, hit


def find(session: TenantSession, words: Words, most: int) -> list[Hit]:
    """Types; whoever sees some batteries only sees their types."""
    kinds = catalogue.types(session)
    if session.scope is not EVERY_ASSET:
        seen = set(session.scalars(select(Battery.type_id).distinct()))
        kinds = [kind for kind in kinds if kind.id in seen]
    return [
        hit(
            words,
            kind.name,
            url_for("fleet.battery_type", type_id=kind.id),
            [(gettext("Chemistry"), kind.chemistry)],
        )
        for kind in kinds
        if all_in(words, (kind.name, kind.chemistry))
    ][:most]


SOURCE = Source("types", 3, Permission.SEE_FLEET, find)
