"""What pages and programs ask of measurements: the live state, and series of the past."""

from typing import Any

from flask import Response, request
from flask_smorest import Blueprint

from app.clients import catalogue
from app.core.access import EVERY_ASSET, Permission, Scope, TenantRef, requires
from app.database.base import now_ms
from app.errors import Invalid, NotFound
from app.gateway.context import (
    current_scope,
    current_tenant,
    settings,
    tenant_session,
)
from app.gateway.http import entity_tag, tagged, unchanged
from collector.wire import strict_json

from . import history, live, revision
from .state import STALE_AT_MOST_MS

DAY_MS = 86_400_000
POINTS = 600

blueprint = Blueprint(
    "processor", __name__, url_prefix="/api/v1", description="Live state and history."
)


def _parameter(name: str, text: str, kind: str = "integer", **where: Any) -> dict[str, Any]:
    return {"in": "query", "name": name, "description": text, "schema": {"type": kind}, **where}


@blueprint.route("/live")
@blueprint.doc(
    summary="Live state",
    parameters=[
        _parameter("asset", "one asset only"),
        _parameter("arrays", "`no` leaves the values of single cells out", "string"),
    ],
    responses={
        200: {"description": "Newest reading of every visible asset, and when to ask again"},
        304: {"description": "Nothing has changed since the given entity tag"},
    },
)
@requires(Permission.SEE_FLEET)
def live_state() -> Response:
    """The newest state of what the caller may see; made to be polled with If-None-Match."""
    tenant, asset_id = current_tenant(), _number("asset", None)
    arrays = request.args.get("arrays") != "no"
    revision.watch(settings(), tenant.id)
    number = _revision(tenant)
    tag = entity_tag("live", tenant.id, number, _scope_key(current_scope()), asset_id, arrays)
    if answer := unchanged(tag):
        return answer
    wanted = None if asset_id is None else (asset_id,)
    assets = live.snapshot(tenant_session(), wanted, arrays=arrays)
    if asset_id is not None and not assets:
        raise NotFound("There is no such battery.")
    document = {
        "revision": number,
        "now": now_ms(),
        "poll_ms": {
            "visible": round(settings().poll_seconds * 1000),
            "hidden": round(settings().poll_hidden_seconds * 1000),
        },
        "stale_ms": STALE_AT_MOST_MS,
        "assets": assets,
    }
    return tagged(_json(document), tag)


@blueprint.route("/assets/<int:asset_id>/series")
@blueprint.doc(
    summary="Series of one asset",
    parameters=[
        _parameter("metrics", "codes separated by commas; `cell_voltage.0` is a cell", "string")
        | {"required": True},
        _parameter("from", "epoch milliseconds; a day before `to` by default"),
        _parameter("to", "epoch milliseconds; now by default"),
        _parameter("points", f"most rows per metric; {POINTS} by default"),
    ],
    responses={200: {"description": "Rows of time, lowest, mean, highest per metric"}},
)
@requires(Permission.SEE_FLEET)
def series(asset_id: int) -> Response:
    """What one asset measured in a period, thinned to the points asked for."""
    session = tenant_session()
    catalogue.asset(session, asset_id)
    end = _number("to", now_ms())
    found = history.series(
        session,
        asset_id,
        [code for code in request.args.get("metrics", "").split(",") if code],
        _number("from", end - DAY_MS),
        end,
        _number("points", POINTS),
    )
    answer = _json({"asset": asset_id, **found.to_json()})
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


def _revision(tenant: TenantRef) -> int:
    """The live revision, from the mirror or, when that is too old to be believed, the database."""
    number = revision.current(settings(), tenant.id)
    if number is None:
        number = revision.read(tenant_session())
        revision.publish(settings(), tenant.id, number)
    return number


def _scope_key(scope: Scope) -> tuple[int, ...] | None:
    return None if scope is EVERY_ASSET else tuple(sorted(scope))


def _number(name: str, default: int | None) -> int | None:
    text = request.args.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise Invalid("Some fields need attention.", fields={name: "A whole number is needed."})
    return int(text)


def _json(document: Any) -> Response:
    return Response(strict_json.dumps(document), mimetype="application/json")
