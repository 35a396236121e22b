"""Batteries: listed, read, added, accepted, edited, retired."""

from typing import Any

from flask import Response

from app.core.access import Permission
from app.database.encrypted import find_by
from app.errors import sentence
from app.gateway.context import tenant_session
from app.gateway.etags import expect, shown
from app.gateway.paging import listing, page, page_of
from app.gateway.resources import Resources
from app.gateway.schema import Choice, Number, One, Open, Schema, Text, Whole
from app.gateway.writing import commit_client

from .. import catalogue, editing, fields
from ..catalogue import AssetFilter
from ..models import Battery

blueprint = Resources("batteries", __name__, "The batteries of a client.")

STATUSES = (catalogue.ACTIVE, catalogue.PENDING, catalogue.RETIRED)
SORTS = {
    "name": Battery.name,
    "uid": Battery.uid,
    "created_at": Battery.created_at,
    "id": Battery.id,
}


SAID = Text(2000, lines=True)
SAYING = {"function": "Secours", "tags": "Garantie, Phase 2"}


class Named(Schema):
    """A type or a location, as its batteries name it."""

    id = Whole(1, example=1, required=True)
    name = Text(120, "LFP 16S 100 Ah", required=True)


class BatteryDocument(Schema):
    """A battery of the catalogue."""

    id = Whole(1, example=1, required=True)
    uid = Text(64, "EDS-LFP-0001", required=True, about="What the site calls it.")
    name = Text(120, "Batterie 1", required=True)
    serial = Text(64, "EDS-LFP-0001", required=True)
    status = Choice(*STATUSES, required=True)
    bms = Text(80, "Libre Solar (ThingSet)", required=True)
    responsible = Text(120, "Équipe Montréal", required=True)
    type = One(Named, required=True, allow_none=True)
    location = One(Named, required=True, allow_none=True)
    cells = Whole(1, 1000, 16, required=True, allow_none=True, about="Instead of its type's.")
    capacity_ah = Number(0, 1e6, 100.0, required=True, allow_none=True)
    created_at = Whole(example=1_767_225_600_000, required=True, about="Epoch milliseconds, UTC.")
    version = Whole(1, example=1, required=True, about="Grows with every change.")
    fields = Open(SAID, SAYING, "What fields say, by their codes.", required=True)


class BatteryChanges(Schema):
    """What can be said of a battery."""

    name = Text(120, "Batterie 1", least=1)
    serial = Text(64, "EDS-LFP-0001")
    bms = Text(80, "Libre Solar (ThingSet)")
    responsible = Text(120, "Équipe Montréal")
    type_id = Whole(1, example=1)
    location_id = Whole(1, example=1)
    cells = Whole(1, 1000, 16, allow_none=True)
    capacity_ah = Number(0.01, 1e6, 100.0, allow_none=True)
    fields = Open(SAID, {"function": "Secours"}, "By their codes; what is empty says nothing.")


class BatteryEdit(BatteryChanges):
    """What is to be changed; what is absent stays."""

    status = Choice(catalogue.ACTIVE, about="Brings a retired battery back.")


class NewBattery(BatteryChanges):
    """A battery before its first data."""

    uid = Text(64, "EDS-LFP-0042", least=1, required=True)
    type_id = Whole(1, example=1, required=True)
    location_id = Whole(1, example=1, required=True)


class Acceptance(Schema):
    """The name and the place of a battery that a collector has found."""

    name = Text(120, "Batterie 5", least=1, required=True)
    type_id = Whole(1, example=1, required=True)
    location_id = Whole(1, example=1, required=True)


LISTING = listing(
    BatteryDocument,
    tuple(SORTS),
    type=Whole(1, example=1, spoken=True, about="Batteries of this type."),
    location=Whole(1, example=1, spoken=True, about="Batteries of this location."),
    status=Choice(*STATUSES, load_default=catalogue.ACTIVE),
    responsible=Text(120, about="Exactly this person or team, whatever the case."),
    q=Text(100, about="Words of name, uid, serial number, type, location or city."),
)


@blueprint.operation(
    "GET",
    "/assets",
    Permission.SEE_FLEET,
    sentence("List batteries"),
    query=LISTING,
    answer=page_of(BatteryDocument),
)
def list_batteries(query: dict[str, Any]) -> dict[str, Any]:
    """The batteries the caller may see, the active ones unless told otherwise."""
    wanted = AssetFilter(
        type_id=query.get("type"),
        location_id=query.get("location"),
        status=query["status"],
        text=query.get("q", ""),
    )
    session, found = tenant_session(), catalogue.find_assets(wanted).options(*fields.LOADED)
    if responsible := query.get("responsible"):
        found = found.where(find_by(Battery, "responsible", responsible, session))
    return page(session, found, SORTS, Battery.id, query, document)


@blueprint.operation(
    "GET",
    "/assets/<int:asset_id>",
    Permission.SEE_FLEET,
    sentence("Read a battery"),
    answer=BatteryDocument,
)
def read_battery(asset_id: int) -> Response:
    """One battery of the catalogue, with the tag that editing it needs."""
    return shown(document(catalogue.asset(tenant_session(), asset_id)))


@blueprint.operation(
    "POST",
    "/assets",
    Permission.MANAGE_FLEET,
    sentence("Add a battery"),
    body=NewBattery,
    answer=BatteryDocument,
    status=201,
)
def add_battery(body: dict[str, Any]) -> Response:
    """Add a battery; data that a collector sends under its uid will be found with it."""
    session = tenant_session(writes=True)
    said = fields.by_code(session, body.pop("fields", {}))
    battery = editing.create_battery(session, body.pop("uid"), body)
    fields.write(session, battery, said)
    commit_client(session, "battery.create", battery.uid, {"name": battery.name})
    return shown(document(battery), 201)


@blueprint.operation(
    "POST",
    "/assets/<int:asset_id>/accept",
    Permission.MANAGE_FLEET,
    sentence("Accept a battery"),
    body=Acceptance,
    answer=BatteryDocument,
)
def accept_battery(body: dict[str, Any], asset_id: int) -> Response:
    """Turn a battery that a collector has found into one of the fleet."""
    session = tenant_session(writes=True)
    battery = catalogue.accept(session, asset_id, **body)
    commit_client(session, "battery.accept", battery.uid, {"name": battery.name})
    return shown(document(battery))


@blueprint.operation(
    "PATCH",
    "/assets/<int:asset_id>",
    Permission.MANAGE_FLEET,
    sentence("Edit a battery"),
    body=BatteryEdit,
    answer=BatteryDocument,
    edits=True,
)
def edit_battery(body: dict[str, Any], asset_id: int) -> Response:
    """Change what is given of a battery."""
    session = tenant_session(writes=True)
    battery = editing.lock(session, Battery, asset_id)
    expect(document(battery))
    said = fields.by_code(session, body.pop("fields", {}))
    editing.edit_battery(session, battery, body)
    changed = fields.write(session, battery, said)
    commit_client(session, "battery.edit", battery.uid, {"fields": sorted([*body, *changed])})
    return shown(document(battery))


@blueprint.operation(
    "DELETE",
    "/assets/<int:asset_id>",
    Permission.MANAGE_FLEET,
    sentence("Retire a battery"),
    answer=BatteryDocument,
    edits=True,
)
def retire_battery(asset_id: int) -> Response:
    """Take a battery out of the fleet. What it measured stays, and editing can bring it back."""
    session = tenant_session(writes=True)
    battery = editing.lock(session, Battery, asset_id)
    expect(document(battery))
    editing.retire(session, battery)
    commit_client(session, "battery.retire", battery.uid)
    return shown(document(battery))


def document(row: Battery) -> dict[str, Any]:
    """A battery as `BatteryDocument` describes it."""
    return {
        "id": row.id,
        "uid": row.uid,
        "name": row.name,
        "serial": row.serial,
        "status": row.status,
        "bms": row.bms,
        "responsible": row.responsible,
        "type": {"id": row.type.id, "name": row.type.name} if row.type else None,
        "location": {"id": row.location.id, "name": row.location.name} if row.location else None,
        "cells": row.cells,
        "capacity_ah": row.capacity_ah,
        "created_at": row.created_at,
        "version": row.version,
        "fields": fields.spoken(row),
    }
