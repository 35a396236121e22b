"""Looking after a client's silences: from cron, and from pushes, at most once a minute a process.

Where a host runs cron every quarter of an hour, the pushes of the sites that do speak are what
notices within a minute that one of them does not.
"""

import logging

from sqlalchemy import case, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.core.access import EVERY_ASSET, TenantRef
from app.core.models import Collector
from app.database.engines import Engines
from app.database.sessions import open_core, open_tenant
from app.processor import revision
from app.processor.alerts.watch import Heard, look

log = logging.getLogger(__name__)

EVERY_MS = 60_000
LATE_MS = 15 * 60_000
HOUR_MS = 3_600_000
TOO_MANY = 0.2
"""More than this part of all collectors late at once is the portal's own trouble,"""
AT_LEAST = 5
"""where there are at least so many of them."""

_looked: dict[str, int] = {}


def look_in_passing(engines: Engines, ref: TenantRef, now: int) -> None:
    """Look after a client whose collector has just been served, if it is time. What was served
    stays served whatever happens here."""
    last = _looked.setdefault(ref.url, now)
    if 0 <= now - last < EVERY_MS:
        return
    _looked[ref.url] = now
    try:
        look_after(engines, ref, now)
    except SQLAlchemyError:
        log.warning("silences of client %s not looked after", ref.slug, exc_info=True)


def look_after(engines: Engines, ref: TenantRef, now: int) -> bool:
    """Judge every silence of a client now; says whether anything came of it."""
    with open_core(engines) as core:
        heard = _heard(core, ref)
        portal = portal_in_trouble(core, now)
    with open_tenant(engines, ref, EVERY_ASSET, writes=True) as session, session.begin():
        held = revision.hold(session)
        if not look(session, heard, now, portal=portal):
            return False
        number = revision.advance(session, held)
    revision.publish(engines.settings, ref.id, number)
    return True


def portal_in_trouble(core: Session, now: int) -> bool:
    """Whether so many collectors of all clients fell silent together that it is not the sites."""
    known, late = core.execute(
        select(
            func.count(Collector.id),
            func.sum(case((Collector.last_seen < now - LATE_MS, 1), else_=0)),
        ).where(Collector.status == "active", Collector.last_seen > now - 24 * HOUR_MS)
    ).one()
    return known > 0 and late >= AT_LEAST and late > TOO_MANY * known


def _heard(core: Session, ref: TenantRef) -> list[Heard]:
    statement = select(
        Collector.id, Collector.name, Collector.last_seen, Collector.clock_offset_ms
    ).where(Collector.tenant_id == ref.id, Collector.status == "active")
    return [Heard(*row) for row in core.execute(statement)]
