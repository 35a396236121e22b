"""Locations, by name, city, address and purpose."""

from flask import url_for
from flask_babel import gettext
from sqlalchemy import select

from app.clients import catalogue
from app.clients.models import Battery
from app.core.access import EVERY_ASSET, Permission
from app.database.sessions import TenantSession

from .base import Hit, Source, Words, all_in, hit


def find(session: TenantSession, words: Words, most: int) -> list[Hit]:
    """Locations; whoever sees some batteries only sees where those are."""
    places = catalogue.locations(session)
    if session.scope is not EVERY_ASSET:
        seen = set(session.scalars(select(Battery.location_id).distinct()))
        places = [place for place in places if place.id in seen]
    found = []
    for place in places:
        texts = [
            (gettext("City"), place.city),
            (gettext("Address"), place.address),
            (gettext("Purpose"), place.purpose),
        ]
        if all_in(words, [place.name, *(text for _, text in texts)]):
            url = url_for("fleet.site", location_id=place.id)
            found.append(hit(words, place.name, url, texts))
    return found[:most]


SOURCE = Source("locations", 2, Permission.SEE_FLEET, find)
