"""What programs ask of a client's catalogue: batteries, types, locations."""

from typing import Any

from flask import Response, request
from flask_smorest import Blueprint

from app.core.access import Permission, requires
from app.errors import Invalid, sentence
from app.gateway.context import tenant_session
from collector.wire import strict_json

from . import catalogue
from .catalogue import AssetFilter
from .models import Battery, BatteryType, Location

blueprint = Blueprint(
    "clients", __name__, url_prefix="/api/v1", description="Batteries, types and locations."
)

STATUSES = (catalogue.PENDING, catalogue.ACTIVE, catalogue.RETIRED)


def _query(name: str, text: str, kind: str) -> dict[str, Any]:
    return {"in": "query", "name": name, "description": text, "schema": {"type": kind}}


@blueprint.route("/assets")
@blueprint.doc(
    summary="List batteries",
    parameters=[
        _query("type", "batteries of this type", "integer"),
        _query("location", "batteries of this location", "integer"),
        _query("status", "pending, active (by default) or retired", "string"),
        _query("q", "words of name, uid, serial number, type, location or city", "string"),
    ],
    responses={200: {"description": "The batteries the caller may see, by name"}},
)
@requires(Permission.SEE_FLEET)
def assets() -> Response:
    """The batteries the caller may see."""
    args = request.args
    status = args.get("status", catalogue.ACTIVE)
    if status not in STATUSES:
        raise Invalid(
            "Some fields need attention.", fields={"status": sentence("This status is unknown.")}
        )
    wanted = AssetFilter(
        type_id=args.get("type", type=int),
        location_id=args.get("location", type=int),
        status=status,
        text=args.get("q", ""),
    )
    rows = tenant_session().scalars(catalogue.find_assets(wanted))
    return _json({"assets": [_battery(row) for row in rows]})


@blueprint.route("/assets/<int:asset_id>")
@blueprint.doc(summary="One battery", responses={200: {"description": "The battery"}})
@requires(Permission.SEE_FLEET)
def asset(asset_id: int) -> Response:
    """One battery of the catalogue."""
    return _json(_battery(catalogue.asset(tenant_session(), asset_id)))


@blueprint.route("/types")
@blueprint.doc(summary="List types", responses={200: {"description": "The types, by name"}})
@requires(Permission.SEE_FLEET)
def types() -> Response:
    """Every battery type, with the limits that are drawn for it."""
    return _json({"types": [_type(row) for row in catalogue.types(tenant_session())]})


@blueprint.route("/locations")
@blueprint.doc(summary="List locations", responses={200: {"description": "The locations"}})
@requires(Permission.SEE_FLEET)
def locations() -> Response:
    """Every location, by name."""
    return _json({"locations": [_location(row) for row in catalogue.locations(tenant_session())]})


def _battery(row: Battery) -> dict[str, Any]:
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
        "created_at": row.created_at,
        "version": row.version,
    }


def _type(row: BatteryType) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "chemistry": row.chemistry,
        "cells": row.cells,
        "nominal_voltage": row.nominal_voltage,
        "capacity_ah": row.capacity_ah,
        "limits": catalogue.limits_of(row),
    }


def _location(row: Location) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "city": row.city,
        "address": row.address,
        "purpose": row.purpose,
        "time_zone": row.time_zone,
    }


def _json(document: Any) -> Response:
    return Response(strict_json.dumps(document), mimetype="application/json")
