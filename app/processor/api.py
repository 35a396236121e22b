"""What pages and programs ask of measurements: the live state, and series of the past."""

from typing import Any

from flask import Response, request

from app.clients import catalogue
from app.core.access import EVERY_ASSET, Permission, Scope, TenantRef
from app.database.base import now_ms
from app.errors import Invalid, NotFound, sentence
from app.gateway.context import (
    configured,
    current_scope,
    current_tenant,
    settings,
    tenant_session,
)
from app.gateway.http import entity_tag, tagged, unchanged
from app.gateway.resources import Resources
from app.gateway.schema import Choice, Many, Number, One, Open, Schema, Text, Whole
from collector.wire import strict_json

from . import history, live, revision
from .state import STALE_AT_MOST_MS

DAY_MS = 86_400_000
POINTS = 600

blueprint = Resources("processor", __name__, "Live state and history.")

MOMENT = 1_767_225_600_000
UNCHANGED = {304: {"description": "Nothing has changed since the given entity tag"}}


class AlarmDocument(Schema):
    """An alarm that the BMS raises."""

    code = Text(64, "cell_overvoltage", required=True)
    severity = Choice("info", "warning", "critical", required=True)
    index = Whole(0, 10_000, 10, allow_none=True, about="The cell or sensor, from 0.")


class LiveAsset(Schema):
    """The newest reading of one battery; `ts` is null while nothing was heard of it."""

    id = Whole(1, example=1, required=True)
    uid = Text(64, "EDS-LFP-0001", required=True)
    status = Choice("active", "pending", required=True)
    ts = Whole(example=MOMENT, required=True, allow_none=True, about="When it was measured.")
    received_at = Whole(example=MOMENT, required=True, allow_none=True)
    interval_ms = Whole(example=1000, required=True, about="The usual time between readings.")
    live_ms = Whole(example=15_000, required=True, about="Age up to which it counts as live.")
    severity = Choice("", "info", "warning", "critical", required=True)
    values = Open(Number(-1e12, 1e12), {"soc": 71.5, "current": -3.2}, required=True)
    arrays = Open(
        Many(Number(-1e12, 1e12, allow_none=True), 1000),
        {"cell_voltage": [3.301, 3.3]},
        required=True,
    )
    states = Open(None, {"charging": False}, required=True)
    alarms = Many(One(AlarmDocument), 1000, required=True)


class PollDocument(Schema):
    """How often to ask."""

    visible = Whole(example=1000, required=True, about="Milliseconds.")
    hidden = Whole(example=15_000, required=True, about="Milliseconds.")


class LiveDocument(Schema):
    """The newest state of every visible battery."""

    revision = Whole(example=MOMENT, required=True)
    now = Whole(example=MOMENT, required=True)
    poll_ms = One(PollDocument, required=True)
    stale_ms = Whole(example=300_000, required=True)
    assets = Many(One(LiveAsset), 10_000, required=True)


class SeriesDocument(Schema):
    """Rows of time, lowest, mean, highest per metric."""

    asset = Whole(1, example=1, required=True)
    start = Whole(example=MOMENT, required=True, data_key="from")
    end = Whole(example=MOMENT + DAY_MS, required=True, data_key="to")
    step_ms = Whole(example=60_000, required=True, about="0: every reading as it was measured.")
    metrics = Open(
        Many(Many(Number(-1e15, 1e15, allow_none=True), 4), 10_000),
        {"soc": [[MOMENT, 71.0, 71.2, 71.5]]},
        required=True,
    )


def _parameter(name: str, text: str, **schema: Any) -> dict[str, Any]:
    schema = schema or {"type": "integer", "minimum": 0, "maximum": 10**15 - 1}
    return {"in": "query", "name": name, "description": text, "schema": schema}


@blueprint.operation(
    "GET",
    "/live",
    Permission.SEE_FLEET,
    sentence("Live state"),
    answer=LiveDocument,
    doc={
        "parameters": [
            _parameter("asset", "one asset only"),
            _parameter("arrays", "`no` leaves single cells out", type="string", enum=["yes", "no"]),
        ],
        "responses": UNCHANGED,
    },
)
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
            "visible": round(configured().poll_seconds * 1000),
            "hidden": round(configured().poll_hidden_seconds * 1000),
        },
        "stale_ms": STALE_AT_MOST_MS,
        "assets": assets,
    }
    return tagged(_json(document), tag)


@blueprint.operation(
    "GET",
    "/assets/<int:asset_id>/series",
    Permission.SEE_FLEET,
    sentence("Series of one battery"),
    answer=SeriesDocument,
    doc={
        "parameters": [
            _parameter(
                "metrics",
                "codes separated by commas; `cell_voltage.0` is a cell",
                type="string",
                maxLength=2000,
                example="soc,current",
            )
            | {"required": True},
            _parameter("from", "epoch milliseconds; a day before `to` by default"),
            _parameter("to", "epoch milliseconds; now by default"),
            _parameter("points", f"most rows per metric; {POINTS} by default"),
        ]
    },
)
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
        raise Invalid(
            "Some fields need attention.", fields={name: sentence("A whole number is needed.")}
        )
    return int(text)


def _json(document: Any) -> Response:
    return Response(strict_json.dumps(document), mimetype="application/json")
