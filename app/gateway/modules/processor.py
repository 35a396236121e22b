"""MODULE DATA PROCESSOR: how fresh the data are, and what a reading would say."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from app.clients.tenants import each_tenant
from app.connector.judgement import fault_of
from app.core.access import EVERY_ASSET, Permission
from app.database.base import now_ms
from app.database.sessions import open_tenant
from app.errors import Invalid
from app.gateway.context import core_session, engines
from app.gateway.schema import Open, Schema
from app.processor.live import worst
from app.processor.models import LiveReading
from collector.wire import reading as readings
from collector.wire.errors import WireError

from .base import Act, Module

MOST = 60
READING = {"asset": "EDS-LFP-0001", "ts": 1_767_225_600_000, "values": {"pack_voltage": 52.8}}


class Given(Schema):
    """A reading in the form that collectors send."""

    reading = Open(None, READING, required=True)


def status() -> dict[str, Any]:
    """The newest reading of each client, and how many batteries are heard."""
    return {
        "now": now_ms(),
        "clients": [_freshness(ref) for ref in each_tenant(core_session(), engines())[:MOST]],
    }


def _freshness(ref) -> dict[str, Any]:
    try:
        with open_tenant(engines(), ref, EVERY_ASSET) as session:
            heard, newest = session.execute(
                select(func.count(LiveReading.asset_id), func.max(LiveReading.ts))
            ).one()
    except SQLAlchemyError:
        return {"slug": ref.slug, "answers": False}
    return {"slug": ref.slug, "answers": True, "heard": heard, "newest": newest}


def evaluate(body: dict[str, Any]) -> dict[str, Any]:
    """What would be made of a reading, without storing it: derived metrics, severity, refusal."""
    try:
        reading = readings.from_json(body["reading"])
    except WireError as error:
        raise Invalid("The reading is not acceptable.", code=error.code) from None
    derived = readings.derive(reading)
    result = {
        "reading": derived.to_json(),
        "severity": worst(derived.alarms),
        "refused": fault_of(reading, now_ms()),
    }
    return {"module": "processor", "result": result}


MODULE = Module(
    code="processor",
    status=status,
    data=Act(view=evaluate, permission=Permission.SEE_FLEET, body=Given),
)
