"""What pages and programs ask of measurements: the live state, and series of the past."""

from datetime import UTC, date, datetime, timedelta
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
from app.gateway.etags import shown
from app.gateway.http import entity_tag, tagged, unchanged
from app.gateway.language import current_locale
from app.gateway.resources import Resources
from app.gateway.schema import Choice, Flag, Many, Number, One, Open, Schema, Text, Whole
from collector.wire import strict_json

from . import daily, history, live, revision
from .state import STALE_AT_MOST_MS
from .warranty import chain

DAY_MS = 86_400_000
POINTS = 600
MOST_DAYS = 400
PAST = "private, max-age=86400, immutable"
"""What is compiled changes only when a collector sends late what it kept: a day later, ask."""

blueprint = Resources("processor", __name__, "Live state and history.")

MOMENT = 1_767_225_600_000
UNCHANGED = {304: {"description": "Nothing has changed since the given entity tag"}}


class AlarmDocument(Schema):
    """An alarm that the BMS raises."""

    code = Text(64, "cell_overvoltage", required=True)
    severity = Choice("info", "warning", "critical", required=True)
    index = Whole(0, 10_000, 10, allow_none=True, about="The cell or sensor, from 0.")


class OpenAlerts(Schema):
    """The alerts of a battery that are not resolved."""

    open = Whole(0, 100_000, 1, required=True)
    severity = Choice("", "info", "warning", "critical", "urgent", required=True)


class LiveAsset(Schema):
    """The newest reading of one battery; `ts` is null while nothing was heard of it."""

    id = Whole(1, example=1, required=True)
    uid = Text(64, "EDS-LFP-0001", required=True)
    status = Choice("active", "pending", required=True)
    ts = Whole(example=MOMENT, required=True, allow_none=True, about="When it was measured.")
    received_at = Whole(example=MOMENT, required=True, allow_none=True)
    interval_ms = Whole(example=1000, required=True, about="The usual time between readings.")
    live_ms = Whole(example=15_000, required=True, about="Age up to which it counts as live.")
    severity = Choice(
        "", "info", "warning", "critical", required=True, about="The worst alarm or open alert."
    )
    alerts = One(OpenAlerts, required=True)
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


class DaysAsked(Schema):
    """Which days."""

    first = Text(10, "2026-01-01", least=10, data_key="from", about="30 days before by default.")
    last = Text(10, "2026-01-31", least=10, data_key="to", about="Included; today by default.")


class Extremes(Schema):
    """A metric in one day. A counter has no mean."""

    low = Number(-1e15, 1e15, 71.0, required=True)
    mean = Number(-1e15, 1e15, 74.2)
    high = Number(-1e15, 1e15, 88.5, required=True)
    last = Number(-1e15, 1e15, 80.0, required=True)


class BandsDocument(Schema):
    """Time in bands, ms: the first is below the first edge, the last from the last one on."""

    soc = Many(Whole(example=3_600_000), 32, required=True)
    temperature_max = Many(Whole(example=3_600_000), 32, required=True)


class DayDocument(Schema):
    """One day of the site, from midnight to midnight. What is not known is null."""

    day = Text(10, "2026-01-01", required=True)
    start = Whole(example=MOMENT, required=True, data_key="from")
    end = Whole(example=MOMENT + DAY_MS, required=True, data_key="to")
    complete = Flag(required=True, about="Whether all of it has been compiled.")
    availability = Number(0, 1, 0.998, required=True, about="The share covered by readings.")
    energy_in_wh = Number(0, 1e15, 5120.0, required=True, allow_none=True)
    energy_out_wh = Number(0, 1e15, 4830.5, required=True, allow_none=True)
    charge_in_ah = Number(0, 1e12, 97.2, required=True, allow_none=True)
    charge_out_ah = Number(0, 1e12, 95.1, required=True, allow_none=True)
    cycles = Number(0, 1e6, 0.96, required=True, allow_none=True, about="Equivalent full cycles.")
    bands_ms = One(BandsDocument, required=True)
    metrics = Open(
        One(Extremes), {"soc": {"low": 71.0, "mean": 74.2, "high": 88.5, "last": 80}}, required=True
    )


class DaysDocument(Schema):
    """The daily records of one battery; a day without readings has none."""

    asset = Whole(1, example=1, required=True)
    soc_edges = Many(Number(0, 100, 10), 32, required=True, about="Percent.")
    temperature_edges = Many(Number(-100, 200, 0), 32, required=True, about="Degrees Celsius.")
    days = Many(One(DayDocument), MOST_DAYS, required=True)


class AnalyticDocument(Schema):
    """The newest answer of one computation. `level` is empty where it refused to answer."""

    code = Text(24, "weak_cell", required=True)
    title = Text(120, "Weak cell", required=True)
    level = Choice("", "good", "watch", "bad", required=True)
    sentence = Text(1000, "No cell strays from what is usual for it.", required=True)
    values = Open(
        None,
        {"score": {"value": 1.2, "unit": "", "low": None, "high": None, "text": "1.2"}},
        required=True,
        about="What the sentence says and more, with the 95 % interval where there is one.",
    )
    rows = Many(Open(None, {"cell": 4}), 1000, required=True)
    version = Whole(1, example=1, required=True, about="Of the method.")
    since = Whole(example=MOMENT, required=True, about="When it first answered so.")
    until = Whole(example=MOMENT, required=True, about="When it last answered so.")
    first = Whole(example=MOMENT, required=True, about="Beginning of the first day looked at.")
    samples = Whole(example=17_280, required=True)
    quality = Number(0, 100, 98.5, required=True, about="Of the days looked at.")


class AnalyticsDocument(Schema):
    """What the computations know of one battery."""

    asset = Whole(1, example=1, required=True)
    analytics = Many(One(AnalyticDocument), 100, required=True)


class WarrantyDocument(Schema):
    """The evidence file of one battery; `verify.py` checks it and says what it must contain."""

    format = Text(40, "trackingbms-warranty-1", required=True)
    battery = Text(64, "EDS-LFP-0001", required=True)
    key = Text(64, "00" * 32, required=True, about="Ed25519 public key, in hexadecimal.")
    entries = Many(Open(None, {"hash": "00" * 32}), 20_000, required=True)
    count = Whole(example=365, required=True)
    head = Text(64, "00" * 32, required=True)
    signature = Text(128, "00" * 64, required=True)


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
    arrays = _yes("arrays")
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
        ],
        "responses": UNCHANGED,
    },
)
def series(asset_id: int) -> Response:
    """What one asset measured in a period, thinned to the points asked for."""
    session = tenant_session()
    catalogue.asset(session, asset_id)
    end, metrics = _number("to", now_ms()), request.args.get("metrics", "")
    planned = history.plan(
        session,
        asset_id,
        [code for code in metrics.split(",") if code],
        _number("from", end - DAY_MS),
        end,
        _number("points", POINTS),
    )
    tag = entity_tag("series", current_tenant().id, asset_id, metrics, planned.depends)
    answer = unchanged(tag)
    if answer is None:
        found = history.draw(session, planned)
        answer = tagged(_json({"asset": asset_id, **found.to_json()}), tag)
    if planned.closed and "to" in request.args:
        answer.headers["Cache-Control"] = PAST
    return answer


@blueprint.operation(
    "GET",
    "/assets/<int:asset_id>/days",
    Permission.SEE_FLEET,
    sentence("Days of one battery"),
    query=DaysAsked,
    answer=DaysDocument,
)
def days(query: dict[str, Any], asset_id: int) -> Response:
    """What one battery did day by day: energy, charge, cycles, time in bands, extremes."""
    session = tenant_session()
    catalogue.asset(session, asset_id)
    last = _day(query, "last", "to") or datetime.now(UTC).date() + timedelta(days=1)
    first = _day(query, "first", "from") or last - timedelta(days=30)
    if not timedelta() <= last - first < timedelta(days=MOST_DAYS):
        raise Invalid("Ask for one to %(most)s days.", code="bad_range", most=MOST_DAYS)
    return shown(daily.document(session, asset_id, first, last))


@blueprint.operation(
    "GET",
    "/assets/<int:asset_id>/analytics",
    Permission.SEE_FLEET,
    sentence("Analytics of one battery"),
    answer=AnalyticsDocument,
)
def analytics(asset_id: int) -> Response:
    """The newest answer of each computation, in the caller's language."""
    from .analytics.answers import document  # with NumPy, which most processes never need

    session = tenant_session()
    catalogue.asset(session, asset_id)
    return shown(document(session, asset_id, current_locale()))


@blueprint.operation(
    "GET",
    "/assets/<int:asset_id>/warranty",
    Permission.SEE_FLEET,
    sentence("Warranty evidence of one battery"),
    answer=WarrantyDocument,
)
def warranty(asset_id: int) -> Response:
    """Every day record of one battery, chained and signed."""
    session = tenant_session()
    catalogue.asset(session, asset_id)
    return shown(chain.document(session, asset_id))


def _day(query: dict[str, Any], field: str, name: str) -> date | None:
    if field not in query:
        return None
    try:
        return date.fromisoformat(query[field])
    except ValueError:
        raise Invalid(
            "Some fields need attention.", fields={name: sentence("A date is needed: 2026-01-31.")}
        ) from None


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


def _yes(name: str) -> bool:
    text = request.args.get(name, "yes")
    if text not in ("yes", "no"):
        raise Invalid("Some fields need attention.", fields={name: sentence("Say yes or no.")})
    return text == "yes"


def _json(document: Any) -> Response:
    return Response(strict_json.dumps(document), mimetype="application/json")
