"""What is known here of a collector that may have fallen silent, for `offline_diagnosis`."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clients.models import Asset
from app.core.models import Collector
from app.processor.live import snapshot

from .offline_diagnosis import LATE_MS, Known
from .watching import portal_in_trouble


def known_of(core: Session, session: Session, collector: Collector, now: int) -> Known:
    """The facts, from the collector's last word, its batteries' last readings, its neighbours'."""
    places = session.execute(select(Asset.id, Asset.collector_id, Asset.location_id)).all()
    own = {row.id for row in places if row.collector_id == collector.id}
    sites = {row.location_id for row in places if row.id in own} - {None}
    beside = {row.collector_id for row in places if row.location_id in sites}
    seen = _last_seen(core, collector.tenant_id, beside - {None, collector.id})
    last = max(
        (each for each in snapshot(session, own, arrays=False) if each["ts"]),
        key=lambda each: each["ts"],
        default=None,
    )
    measured = last["values"] if last else {}
    return Known(
        now=now,
        last_seen=collector.last_seen,
        last_reading=last["ts"] if last else None,
        clock_offset_ms=collector.clock_offset_ms,
        queued=collector.queued,
        refused=(collector.last_rejection or "").partition(":")[0],
        soc=measured.get("soc"),
        rate=_rate(session, last["id"], measured) if last else None,
        neighbours=len(seen),
        neighbours_late=sum(at is None or now - at > LATE_MS for at in seen),
        portal=portal_in_trouble(core, now),
    )


def _last_seen(core: Session, tenant_id: int, ids: set[int]) -> list[int | None]:
    statement = select(Collector.last_seen).where(
        Collector.tenant_id == tenant_id, Collector.id.in_(ids), Collector.status == "active"
    )
    return list(core.scalars(statement))


def _rate(session: Session, asset_id: int, measured: dict[str, float]) -> float | None:
    """The last current in parts of the capacity an hour."""
    battery = session.scalars(select(Asset).where(Asset.id == asset_id)).one()
    kind = battery.type
    capacity = getattr(battery, "capacity_ah", None) or (kind.capacity_ah if kind else None)
    if not capacity or "current" not in measured:
        return None
    return measured["current"] / capacity
