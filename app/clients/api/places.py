"""Battery types and locations: the two levels above batteries."""

from typing import Any

from flask import Response
from sqlalchemy import select

from app.core.access import Permission
from app.errors import sentence
from app.gateway.context import current_tenant, tenant_session
from app.gateway.etags import expect, shown
from app.gateway.paging import listing, page, page_of
from app.gateway.resources import Resources
from app.gateway.schema import Choice, Number, One, Schema, Text, Whole
from app.gateway.writing import commit_client

from .. import catalogue, editing
from ..models import BatteryType, Location

blueprint = Resources("places", __name__, "Battery types and locations.")

TYPE_SORTS = {"name": BatteryType.name, "id": BatteryType.id}
LOCATION_SORTS = {"name": Location.name, "id": Location.id}


class Limits(Schema):
    """Limits drawn on pages and charts; what is absent follows from the chemistry."""

    cell_low = Number(0, 1000, 2.8, about="Volts of a cell.")
    cell_high = Number(0, 1000, 3.65, about="Volts of a cell.")
    spread = Number(0, 1000, 0.1, about="Volts between the highest and the lowest cell.")
    temperature_high = Number(-100, 1000, 45.0, about="Degrees Celsius.")
    current = Number(0, 1e6, 100.0, about="Amperes, either way.")
    reserve = Number(0, 100, 20.0, about="Percent of charge below which a battery is low.")


class TypeChanges(Schema):
    """What can be said of a battery type."""

    name = Text(120, "LFP 16S 100 Ah", least=1)
    chemistry = Choice(*catalogue.LIMITS)
    cells = Whole(1, 1000, 16, allow_none=True)
    nominal_voltage = Number(0.01, 1e5, 51.2, allow_none=True, about="Volts.")
    capacity_ah = Number(0.01, 1e6, 100.0, allow_none=True, about="Ampere-hours.")
    limits = One(Limits, about="Instead of the chemistry's.")


class NewType(TypeChanges):
    """A battery type."""

    name = Text(120, "LFP 16S 100 Ah", least=1, required=True)
    chemistry = Choice(*catalogue.LIMITS, required=True)


class TypeDocument(Schema):
    """A battery type of the catalogue."""

    id = Whole(1, example=1, required=True)
    name = Text(120, "LFP 16S 100 Ah", required=True)
    chemistry = Choice(*catalogue.LIMITS, required=True)
    cells = Whole(1, 1000, 16, required=True, allow_none=True)
    nominal_voltage = Number(0, 1e5, 51.2, required=True, allow_none=True)
    capacity_ah = Number(0, 1e6, 100.0, required=True, allow_none=True)
    own_limits = One(Limits, required=True, about="What this type states itself.")
    limits = One(Limits, required=True, about="What is drawn.")


class LocationChanges(Schema):
    """What can be said of a location."""

    name = Text(120, "Entrepôt Saint-Laurent", least=1)
    city = Text(80, "Montréal")
    address = Text(200, "1, rue Exemple")
    purpose = Text(80, "Secours")
    time_zone = Text(64, "America/Toronto", about="Name of the IANA time zone.")


class NewLocation(LocationChanges):
    """A location."""

    name = Text(120, "Entrepôt Saint-Laurent", least=1, required=True)


class LocationDocument(Schema):
    """A location of the catalogue."""

    id = Whole(1, example=1, required=True)
    name = Text(120, "Entrepôt Saint-Laurent", required=True)
    city = Text(80, "Montréal", required=True)
    address = Text(200, "1, rue Exemple", required=True)
    purpose = Text(80, "Secours", required=True)
    time_zone = Text(64, "America/Toronto", required=True)


@blueprint.operation(
    "GET",
    "/types",
    Permission.SEE_FLEET,
    sentence("List battery types"),
    query=listing(TypeDocument, tuple(TYPE_SORTS), chemistry=Choice(*catalogue.LIMITS)),
    answer=page_of(TypeDocument),
)
def list_types(query: dict[str, Any]) -> dict[str, Any]:
    """Every battery type, with the limits that are drawn for it."""
    statement = select(BatteryType)
    if "chemistry" in query:
        statement = statement.where(BatteryType.chemistry == query["chemistry"])
    return page(tenant_session(), statement, TYPE_SORTS, BatteryType.id, query, type_document)


@blueprint.operation(
    "GET",
    "/types/<int:type_id>",
    Permission.SEE_FLEET,
    sentence("Read a battery type"),
    answer=TypeDocument,
)
def read_type(type_id: int) -> Response:
    """One battery type, with the tag that editing it needs."""
    return shown(type_document(catalogue.battery_type(tenant_session(), type_id)))


@blueprint.operation(
    "POST",
    "/types",
    Permission.MANAGE_FLEET,
    sentence("Add a battery type"),
    body=NewType,
    answer=TypeDocument,
    status=201,
)
def add_type(body: dict[str, Any]) -> Response:
    """Add a battery type."""
    session = tenant_session(writes=True)
    row = catalogue.create_type(session, **body)
    commit_client(session, "type.create", row.name)
    return shown(type_document(row), 201)


@blueprint.operation(
    "PATCH",
    "/types/<int:type_id>",
    Permission.MANAGE_FLEET,
    sentence("Edit a battery type"),
    body=TypeChanges,
    answer=TypeDocument,
    edits=True,
)
def edit_type(body: dict[str, Any], type_id: int) -> Response:
    """Change what is given of a battery type."""
    session = tenant_session(writes=True)
    row = editing.lock(session, BatteryType, type_id)
    expect(type_document(row))
    editing.edit_type(session, row, body)
    commit_client(session, "type.edit", row.name, {"fields": sorted(body)})
    return shown(type_document(row))


@blueprint.operation(
    "DELETE",
    "/types/<int:type_id>",
    Permission.MANAGE_FLEET,
    sentence("Remove a battery type"),
    answer=TypeDocument,
    edits=True,
)
def remove_type(type_id: int) -> dict[str, Any]:
    """Remove a battery type that no battery has; the answer is what it was."""
    session = tenant_session(writes=True)
    row = editing.lock(session, BatteryType, type_id)
    was = type_document(row)
    expect(was)
    editing.remove(session, row)
    commit_client(session, "type.remove", was["name"])
    return was


@blueprint.operation(
    "GET",
    "/locations",
    Permission.SEE_FLEET,
    sentence("List locations"),
    query=listing(LocationDocument, tuple(LOCATION_SORTS)),
    answer=page_of(LocationDocument),
)
def list_locations(query: dict[str, Any]) -> dict[str, Any]:
    """Every location."""
    return page(
        tenant_session(), select(Location), LOCATION_SORTS, Location.id, query, location_document
    )


@blueprint.operation(
    "GET",
    "/locations/<int:location_id>",
    Permission.SEE_FLEET,
    sentence("Read a location"),
    answer=LocationDocument,
)
def read_location(location_id: int) -> Response:
    """One location, with the tag that editing it needs."""
    return shown(location_document(catalogue.location(tenant_session(), location_id)))


@blueprint.operation(
    "POST",
    "/locations",
    Permission.MANAGE_FLEET,
    sentence("Add a location"),
    body=NewLocation,
    answer=LocationDocument,
    status=201,
)
def add_location(body: dict[str, Any]) -> Response:
    """Add a location, in the client's time zone unless another is given."""
    session = tenant_session(writes=True)
    row = catalogue.create_location(session, **{"time_zone": current_tenant().time_zone} | body)
    commit_client(session, "location.create", row.name)
    return shown(location_document(row), 201)


@blueprint.operation(
    "PATCH",
    "/locations/<int:location_id>",
    Permission.MANAGE_FLEET,
    sentence("Edit a location"),
    body=LocationChanges,
    answer=LocationDocument,
    edits=True,
)
def edit_location(body: dict[str, Any], location_id: int) -> Response:
    """Change what is given of a location."""
    session = tenant_session(writes=True)
    row = editing.lock(session, Location, location_id)
    expect(location_document(row))
    editing.edit_location(session, row, body)
    commit_client(session, "location.edit", row.name, {"fields": sorted(body)})
    return shown(location_document(row))


@blueprint.operation(
    "DELETE",
    "/locations/<int:location_id>",
    Permission.MANAGE_FLEET,
    sentence("Remove a location"),
    answer=LocationDocument,
    edits=True,
)
def remove_location(location_id: int) -> dict[str, Any]:
    """Remove a location that no battery has; the answer is what it was."""
    session = tenant_session(writes=True)
    row = editing.lock(session, Location, location_id)
    was = location_document(row)
    expect(was)
    editing.remove(session, row)
    commit_client(session, "location.remove", was["name"])
    return was


def type_document(row: BatteryType) -> dict[str, Any]:
    """A battery type as `TypeDocument` describes it."""
    return {
        "id": row.id,
        "name": row.name,
        "chemistry": row.chemistry,
        "cells": row.cells,
        "nominal_voltage": row.nominal_voltage,
        "capacity_ah": row.capacity_ah,
        "own_limits": row.limits,
        "limits": catalogue.limits_of(row),
    }


def location_document(row: Location) -> dict[str, Any]:
    """A location as `LocationDocument` describes it."""
    return {
        "id": row.id,
        "name": row.name,
        "city": row.city,
        "address": row.address,
        "purpose": row.purpose,
        "time_zone": row.time_zone,
    }
