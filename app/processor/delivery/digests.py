"""Many alerts in one message: what the hour's budget kept back, what is unstable, the week.

What was kept back goes out once an hour. The unstable ones of a day and the past week are told in
the morning, at eight where the client is. A row of `digests` makes each go once.
"""

import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.clients.users import granted
from app.core.access import EVERY_ASSET, SCOPED_ROLES, TenantRef
from app.core.models import User
from app.core.notices import Digest
from app.database.engines import Engines
from app.database.sessions import open_core, open_tenant
from app.plugins import load_plugins
from app.processor.alerts.models import Alert, Notification
from app.processor.alerts.outbox import CLAIMED, DIGEST, FAILED, HOUR_MS, SENT
from app.processor.alerts.text import Pair, tell
from app.processor.channels.base import Message
from app.processor.rules.base import INFO, SEVERITIES

from .message import SEVERITY, place
from .preferences import MAIL, Wishes, wishes_of
from .recipients import reachable
from .sending import attempt

OVERFLOW, UNSTABLE, WEEK = "overflow", "unstable", "week"
MORNING = time(8)
LISTED = 20
"""Alerts that a digest names; it counts the others."""
AGAIN_MS = 15 * 60_000
DAY_MS = 24 * HOUR_MS
TITLES: dict[str, Pair] = {
    OVERFLOW: ("{n} alertes regroupées", "{n} alerts in one message"),
    UNSTABLE: ("Alertes instables : {n}", "Unstable alerts: {n}"),
    WEEK: ("Votre semaine : {n} alertes", "Your week: {n} alerts"),
}
LINES: dict[str, Pair] = {
    OVERFLOW: (
        "Plus d’alertes que le budget d’une heure : les voici ensemble. Le portail les a toutes.",
        "More alerts than an hour’s budget: here they are together. All of them are in the portal.",
    ),
    UNSTABLE: (
        "Ces alertes vont et viennent depuis 24 heures.",
        "These alerts have come and gone for 24 hours.",
    ),
    WEEK: ("Les sept derniers jours en bref.", "The last seven days in short."),
}
FACTS: dict[str, Pair] = {
    "open": ("Encore ouvertes", "Still open"),
    "failed": ("Envois sans succès", "Messages that failed"),
    "more": ("Et d’autres", "And others"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One alert of a digest, in both languages."""

    asset_ids: frozenset[int]
    severity: str
    open: bool
    said: dict[str, tuple[str, str]]


def send_digests(engines: Engines, ref: TenantRef, now: int) -> int:
    """Send what is due of a client's digests; returns how many messages went."""
    sent = _overflow(engines, ref, now)
    here = datetime.fromtimestamp(now / 1000, UTC).astimezone(ZoneInfo(ref.time_zone))
    morning = _ms(datetime.combine(here.date(), MORNING, here.tzinfo))
    if now >= morning:
        sent += _periodic(engines, ref, UNSTABLE, morning, DAY_MS, now)
        monday = here.date() - timedelta(days=here.weekday())
        first = _ms(datetime.combine(monday, MORNING, here.tzinfo))
        sent += _periodic(engines, ref, WEEK, first, 7 * DAY_MS, now)
    return sent


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _overflow(engines: Engines, ref: TenantRef, now: int) -> int:
    """What the budget kept back, once an hour at most."""
    with open_tenant(engines, ref, EVERY_ASSET) as session:
        kept = Notification.state == DIGEST
        if session.scalar(select(Notification.id).where(kept).limit(1)) is None:
            return 0
    row = _claim(engines, ref, OVERFLOW, now // HOUR_MS * HOUR_MS, now)
    if row is None:
        return 0
    claimer = secrets.token_hex(8)
    with open_tenant(engines, ref, EVERY_ASSET, writes=True) as session, session.begin():
        session.execute(
            update(Notification)
            .where(Notification.state == DIGEST)
            .values(state=CLAIMED, claimed_by=claimer, claimed_at=now)
        )
        mine = (Notification.claimed_by == claimer) & (Notification.state == CLAIMED)
        ids = select(Notification.alert_id).where(mine).distinct()
        total, lines = _lines(session, select(Alert).where(Alert.id.in_(ids)))
    done, sent = _tell(engines, ref, row, OVERFLOW, total, lines, 0, now)
    with open_tenant(engines, ref, EVERY_ASSET, writes=True) as session, session.begin():
        values = {"state": SENT, "reason": "digest"} if done else {"state": DIGEST}
        session.execute(update(Notification).where(mine).values(**values))
    return sent


def _periodic(
    engines: Engines, ref: TenantRef, kind: str, period: int, length: int, now: int
) -> int:
    if now - period > DAY_MS:  # a portal that was off tells no old news
        return 0
    since = period - length
    with open_tenant(engines, ref, EVERY_ASSET) as session:
        wanted = select(Alert).where(Alert.fired_at >= since, Alert.fired_at < period)
        wanted = wanted.where(Alert.unstable) if kind == UNSTABLE else wanted
        total, lines = _lines(session, wanted.where(Alert.severity != INFO))
        failed = session.scalar(
            select(func.count(Notification.id)).where(
                Notification.state == FAILED, Notification.created_at >= since
            )
        )
    if not total:
        return 0
    row = _claim(engines, ref, kind, period, now)
    return 0 if row is None else _tell(engines, ref, row, kind, total, lines, failed or 0, now)[1]


def _claim(
    engines: Engines, ref: TenantRef, kind: str, period: int, now: int
) -> tuple[int, dict] | None:
    """The digest, now this process's to send, and who has it already; None: it is not due."""
    here = (Digest.tenant_id == ref.id, Digest.kind == kind, Digest.period == period)
    again = now + AGAIN_MS
    with open_core(engines, writes=True) as core, core.begin():
        row = core.scalar(select(Digest).where(*here))
        if row is None:
            row = Digest(tenant_id=ref.id, kind=kind, period=period, due_at=again, told={})
            try:
                with core.begin_nested():
                    core.add(row)
            except IntegrityError:  # another process was quicker
                return None
            return row.id, {}
        if row.sent_at is not None or row.due_at > now:
            return None
        won = core.execute(
            update(Digest)
            .where(Digest.id == row.id, Digest.due_at == row.due_at, Digest.sent_at.is_(None))
            .values(due_at=again)
        )
        return (row.id, dict(row.told)) if won.rowcount == 1 else None


def _lines(session: Session, statement) -> tuple[int, list[Line]]:
    """The alerts of a digest, the gravest first, and how many there are."""
    rows = session.scalars(statement.order_by(Alert.id.desc()).limit(2000)).all()
    total = session.scalar(select(func.count()).select_from(statement.subquery())) or 0
    rows = sorted(rows, key=lambda row: -SEVERITIES.index(row.severity))
    return total, [_line(session, row) for row in rows[: 10 * LISTED]]


def _line(session: Session, row: Alert) -> Line:
    where = place(session, row)
    said = {}
    for language in ("fr", "en"):
        told = tell(row, language)
        said[language] = (where or told.title, f"{told.title}. {told.measured}")
    ids = {row.asset_id} if row.asset_id else set(row.facts.get("assets", ()))
    return Line(frozenset(ids), row.severity, row.open_key is not None, said)


def _tell(
    engines: Engines,
    ref: TenantRef,
    digest: tuple[int, dict],
    kind: str,
    total: int,
    lines: Sequence[Line],
    failed: int,
    now: int,
) -> tuple[bool, int]:
    """Mail it to whoever wants it and has it not; whether all of them have it, and how many now."""
    number, told = digest
    channels = load_plugins("app.processor.channels", "CHANNEL")
    waiting = []
    with open_core(engines) as core, open_tenant(engines, ref, EVERY_ASSET) as session:
        people = core.scalars(
            select(User).where(User.tenant_id == ref.id, User.status == "active")
        ).all()
        wishes = wishes_of(core, people)
        for user in people:
            mine = _seen_by(session, user, lines)
            if f"user:{user.id}" in told or not _wants(wishes[user.id], kind) or not mine:
                continue
            count = total if user.role not in SCOPED_ROLES else len(mine)
            ways = reachable(
                core, ref, channels, engines.settings, user, wishes[user.id], only=(MAIL,)
            )
            waiting += [(way, count, mine) for way in ways]
    down: dict[str, str] = {}
    sent, done = 0, True
    for way, count, mine in waiting:
        language = "fr" if way.language.startswith("fr") else "en"
        text = _message(engines, kind, number, language, count, mine, failed, now)
        result = attempt(engines, way, text, down)
        if result.ok:
            told[way.name] = now
            sent += 1
        done = done and (result.ok or bool(result.gone))
    with open_core(engines, writes=True) as core, core.begin():
        row = core.get_one(Digest, number)
        row.told, row.sent_at = dict(told), now if done else None
    return done, sent


def _wants(wishes: Wishes, kind: str) -> bool:
    if kind == WEEK:
        return wishes.weekly
    return bool(wishes.severities) and MAIL in wishes.channels


def _seen_by(session: Session, user: User, lines: Sequence[Line]) -> list[Line]:
    if user.role not in SCOPED_ROLES:
        return list(lines)
    allowed = granted(session, user.id)
    return [line for line in lines if line.asset_ids & allowed]


def _message(
    engines: Engines,
    kind: str,
    number: int,
    language: str,
    total: int,
    lines: Sequence[Line],
    failed: int,
    now: int,
) -> Message:
    pick = 0 if language == "fr" else 1
    counts = Counter(line.severity for line in lines)
    facts = [line.said[language] for line in lines[:LISTED]]
    if total > LISTED:
        facts.append((FACTS["more"][pick], str(total - LISTED)))
    if still := sum(line.open for line in lines):
        facts.append((FACTS["open"][pick], str(still)))
    if failed:
        facts.append((FACTS["failed"][pick], str(failed)))
    each = ", ".join(
        f"{SEVERITY[code][pick]} {counts[code]}" for code in reversed(SEVERITIES) if counts[code]
    )
    return Message(
        id=f"digest-{number}",
        event="digest",
        severity=lines[0].severity if lines else INFO,
        language=language,
        title=TITLES[kind][pick].format(n=total),
        where=each,
        lines=(LINES[kind][pick],),
        url=f"{engines.settings.public_url}/alertes",
        at=now,
        facts=tuple(facts),
    )
