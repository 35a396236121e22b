"""Reports of the month that is over, for whoever wants them: asked for once, told by mail once."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.clients.users import scope_of
from app.core import mail
from app.core.access import EVERY_ASSET, TenantRef
from app.core.auth import may_sign_in, principal_for
from app.core.models import User
from app.database.engines import Engines
from app.database.sessions import TenantSession, open_core, open_tenant
from app.errors import NotFound, Unavailable
from app.processor.days import midnight

from .contents import subject_of
from .models import DONE, FAILED, WAITING, Export, ReportSchedule

HOUR = 6
"""From this hour of the first day on: what sites send late has had its night."""
SUBJECT = ("Votre rapport de batteries : {month}", "Your battery report: {month}")
TEXT = (
    "Bonjour {name},\n\nVotre rapport de {month} est prêt. Il reste là sept jours :\n{url}\n\n"
    "TrackingBMS, EDS Québec\n",
    "Hello {name},\n\nYour report of {month} is ready. It stays there for seven days:\n{url}\n\n"
    "TrackingBMS, EDS Québec\n",
)


def ask_due(engines: Engines, ref: TenantRef, now: int) -> int:
    """Ask for every report that is due, in its reader's language; returns how many."""
    month, start, end = _month_before(now, ZoneInfo(ref.time_zone))
    if month is None:
        return 0
    with open_tenant(engines, ref, EVERY_ASSET) as session:
        due = session.scalars(
            select(ReportSchedule).where(
                ReportSchedule.told < month, ReportSchedule.created_at < end + 31 * 86_400_000
            )
        ).all()
    asked = 0
    for schedule in due:
        with open_tenant(engines, ref, EVERY_ASSET, writes=True) as session, session.begin():
            row = session.get(ReportSchedule, schedule.id)
            if row is None or row.told >= month:
                continue
            row.told = month
            if locale := _reader(engines, ref, row):
                session.add(_export(row, start, end, locale))
                asked += 1
    return asked


def tell_ready(engines: Engines, ref: TenantRef) -> int:
    """Mail whoever waits for a report that is there; returns how many were told.

    A mail that the server does not take is tried again with the next run, unless it will never
    take one for this address.
    """
    with open_tenant(engines, ref, EVERY_ASSET) as session:
        ready = select(Export).where(Export.mail, Export.state.in_((DONE, FAILED))).limit(50)
        rows = session.scalars(ready).all()
    told = 0
    for row in rows:
        told += row.state == DONE and _send(engines, ref, row)
        with open_tenant(engines, ref, EVERY_ASSET, writes=True) as session, session.begin():
            session.get_one(Export, row.id).mail = False
    return told


def _month_before(now: int, zone: ZoneInfo) -> tuple[str | None, int, int]:
    """The last whole month, `2026-10`, and its ends; None early on the first of the next."""
    here = datetime.fromtimestamp(now / 1000, zone)
    first = here.date().replace(day=1)
    if here.day == 1 and here.hour < HOUR:
        return None, 0, 0
    before = (first - timedelta(days=1)).replace(day=1)
    return before.strftime("%Y-%m"), midnight(before, zone), midnight(first, zone)


def _export(row: ReportSchedule, start: int, end: int, locale: str) -> Export:
    return Export(
        requested_by=row.user_id,
        format=row.format,
        subject=row.subject,
        target_id=row.target_id,
        start=start,
        end=end,
        locale=locale,
        state=WAITING,
        mail=True,
    )


def _reader(engines: Engines, ref: TenantRef, row: ReportSchedule) -> str:
    """The language of who gets it; empty when they no longer may."""
    with open_core(engines) as core:
        user = core.get(User, row.user_id)
        if user is None or not may_sign_in(user) or user.tenant_id != ref.id:
            return ""
        scope, locale = scope_of(engines, principal_for(engines, user)), user.locale or ref.locale
    with open_tenant(engines, ref, scope) as session:
        return ("fr" if locale.startswith("fr") else "en") if _there(session, row) else ""


def _there(session: TenantSession, row: ReportSchedule) -> bool:
    try:
        subject_of(session, row.subject, row.target_id)
    except NotFound:
        return False
    return True


def _send(engines: Engines, ref: TenantRef, row: Export) -> bool:
    """Whether its person was told; False where nothing can reach them any more."""
    with open_core(engines) as core:
        user = core.get(User, row.requested_by)
        if user is None or not may_sign_in(user):
            return False
        email, name = user.email, user.name
    pick = 0 if row.locale == "fr" else 1
    zone = ZoneInfo(ref.time_zone)
    month = datetime.fromtimestamp(row.start / 1000, zone).strftime("%Y-%m")
    url = f"{engines.settings.public_url.rstrip('/')}/exports"
    text = TEXT[pick].format(name=name, month=month, url=url)
    try:
        mail.send(engines.settings, email, SUBJECT[pick].format(month=month), text)
    except Unavailable as error:
        if error.code != mail.REFUSED:
            raise
        return False
    return True
