"""MODULE DATA PROCESSOR: how fresh the data are, how long they are kept, what a reading says."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from app.clients import catalogue
from app.clients.catalogue import AssetFilter
from app.clients.models import Battery
from app.clients.tenants import each_tenant
from app.connector.judgement import fault_of
from app.core import jobs
from app.core.access import EVERY_ASSET, Permission
from app.database.base import now_ms
from app.database.sessions import open_tenant
from app.errors import Invalid
from app.gateway.context import core_session, current_principal, engines, tenant_session
from app.gateway.schema import Open, Schema, Whole
from app.plugins import load_plugins
from app.processor import backlog
from app.processor.alerts.effective import broken_by
from app.processor.alerts.models import Alert
from app.processor.live import worst
from app.processor.models import LiveReading, RollupBacklog
from collector.wire import reading as readings
from collector.wire.errors import WireError

from .base import Act, Module

MOST = 60
MOST_DAYS = 36_500
READING = {"asset": "EDS-LFP-0001", "ts": 1_767_225_600_000, "values": {"pack_voltage": 52.8}}


class ProcessorConfig(Schema):
    """For how many days history is kept where a client does not say; 0: for ever."""

    keep_readings_days = Whole(0, MOST_DAYS, 14)
    keep_minutes_days = Whole(0, MOST_DAYS, 30)
    keep_quarters_days = Whole(0, MOST_DAYS, 730)
    keep_hours_days = Whole(0, MOST_DAYS, 0)
    keep_records_days = Whole(0, MOST_DAYS, 0)


class Given(Schema):
    """A reading in the form that collectors send."""

    reading = Open(None, READING, required=True)


def status() -> dict[str, Any]:
    """The newest reading of each client, what waits to be compiled, and the jobs that are late."""
    paces = {job.code: job.every_seconds for job in load_plugins("cron", "JOB").values()}
    return {
        "now": now_ms(),
        "late_jobs": [asdict(each) for each in jobs.late(core_session(), paces, now_ms())],
        "clients": [_freshness(ref) for ref in each_tenant(core_session(), engines())[:MOST]],
    }


def _freshness(ref) -> dict[str, Any]:
    try:
        with open_tenant(engines(), ref, EVERY_ASSET) as session:
            heard, newest = session.execute(
                select(func.count(LiveReading.asset_id), func.max(LiveReading.ts))
            ).one()
            waiting = session.scalar(select(func.count()).select_from(RollupBacklog))
            ringing = session.scalar(select(func.count(Alert.open_key)))
    except SQLAlchemyError:
        return {"slug": ref.slug, "answers": False}
    return {
        "slug": ref.slug,
        "answers": True,
        "heard": heard,
        "newest": newest,
        "days_waiting": waiting,
        "open_alerts": ringing,
    }


def compile_again() -> dict[str, Any]:
    """Let cron make every roll-up anew of which there are readings; charts show these meanwhile."""
    entered = {}
    for ref in each_tenant(core_session(), engines()):
        with open_tenant(engines(), ref, EVERY_ASSET, writes=True) as session:
            entered[ref.slug] = backlog.start_over(session)
            session.commit()
    return entered


def evaluate(body: dict[str, Any]) -> dict[str, Any]:
    """What would be made of a reading, without storing it: derived metrics, severity, refusal,
    and, for a battery the caller sees, the rules that it alone breaks."""
    try:
        reading = readings.from_json(body["reading"])
    except WireError as error:
        raise Invalid("The reading is not acceptable.", code=error.code) from None
    derived = readings.derive(reading)
    result = {
        "reading": derived.to_json(),
        "severity": worst(derived.alarms),
        "refused": fault_of(reading, now_ms()),
        "breaks": _broken(derived),
    }
    return {"module": "processor", "result": result}


def _broken(reading: readings.Reading) -> list[dict[str, Any]]:
    if current_principal().tenant is None:
        return []
    session = tenant_session()
    found = session.scalar(catalogue.find_assets(AssetFilter()).where(Battery.uid == reading.asset))
    if found is None:
        return []
    return [
        {"rule": rule.code, "severity": finding.severity or rule.severity, "value": finding.value}
        for rule, finding in broken_by(session, found, reading)
    ]


MODULE = Module(
    code="processor",
    status=status,
    data=Act(view=evaluate, permission=Permission.SEE_FLEET, body=Given),
    config=ProcessorConfig,
    reset=compile_again,
)
