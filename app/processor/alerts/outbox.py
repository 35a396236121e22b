"""The outbox: what is to be told of alerts, written with them, sent later by whoever has time.

Channels ask `claim` for what is due, send it, and say `sent` or `failed`. A claim is an UPDATE
that one of them wins; one whose claimer died is due again after `CLAIM_MS`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import case, func, insert, or_, select, update
from sqlalchemy.orm import Session

from app.clients.models import Asset
from app.processor.rules.base import CRITICAL, INFO, URGENT

from .effective import BATTERY, CLIENT, LOCATION, TYPE
from .models import Alert, Delivery, MaintenanceWindow, Notification

WAITING, CLAIMED, SENT, DIGEST, MUTED, SHOWN, FAILED = (
    "waiting",
    "claimed",
    "sent",
    "digest",
    "muted",
    "shown",
    "failed",
)
SECOND_MS = 1000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
CLAIM_MS = 5 * MINUTE_MS
LOOKED_AT = 5_000
"""Most notifications that one claim decides about: a storm goes to the digest in a few claims."""
GIVE_UP_MS = 24 * HOUR_MS
"""For how long an attempt follows another, with pauses that double up to an hour."""

REMINDED, ESCALATED = "reminded", "escalated"
REMINDERS = {CRITICAL: 4 * HOUR_MS, URGENT: 15 * MINUTE_MS}
"""How often an alert that nobody has acknowledged is told again."""
ESCALATION_MS = {CRITICAL: 8 * HOUR_MS, URGENT: 30 * MINUTE_MS}
"""After how long without an acknowledgement others are told as well."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How many notifications an hour may become messages, for a client and for each battery."""

    client: int = 20
    battery: int = 6


BUDGET = Budget()


def queue(session: Session, telling: Sequence[tuple[Alert, str]], now: int) -> None:
    """Put these events of alerts in the outbox, or on record as muted, with the reason."""
    if not telling:
        return
    quiet = covered(session, {alert.asset_id for alert, _ in telling if alert.asset_id}, now)
    rows = []
    for alert, event in telling:
        state, reason = _fate(alert, event, alert.asset_id in quiet, now)
        rows.append(
            {
                "alert_id": alert.id,
                "event": event,
                "severity": alert.severity,
                "state": state,
                "reason": reason,
                "created_at": now,
                "due_at": now,
            }
        )
    session.execute(insert(Notification), rows)


def _fate(alert: Alert, event: str, quiet: bool, now: int) -> tuple[str, str]:
    if alert.severity == INFO:
        return SHOWN, ""
    if alert.facts.get("muted"):
        return MUTED, alert.facts["muted"]
    if quiet:
        return MUTED, "maintenance"
    if alert.snoozed_until and alert.snoozed_until > now:
        return MUTED, "snoozed"
    if alert.unstable and (event != "unstable" or alert.facts.get("again")):
        return MUTED, "unstable"
    return WAITING, ""


def covered(session: Session, asset_ids: Collection[int], now: int) -> set[int]:
    """Those of the batteries that are under maintenance now."""
    windows = session.execute(
        select(MaintenanceWindow.level, MaintenanceWindow.target_id).where(
            MaintenanceWindow.starts_at <= now, MaintenanceWindow.ends_at > now
        )
    ).all()
    if not windows or not asset_ids:
        return set()
    targets: dict[str, set[int]] = {}
    for level, target in windows:
        targets.setdefault(level, set()).add(target)
    if CLIENT in targets:
        return set(asset_ids)
    places = session.execute(
        select(Asset.id, Asset.type_id, Asset.location_id).where(Asset.id.in_(asset_ids))
    )
    return {
        asset_id
        for asset_id, type_id, location_id in places
        if asset_id in targets.get(BATTERY, ())
        or type_id in targets.get(TYPE, ())
        or location_id in targets.get(LOCATION, ())
    }


def remind(session: Session, now: int, limit: int = 200) -> int:
    """Tell again of grave alerts that nobody has acknowledged; returns how many.

    What was muted when it fired, by a window or a snooze that is over, is told for the first time.
    """
    last = (
        select(func.coalesce(func.max(Notification.created_at), 0))
        .where(Notification.alert_id == Alert.id, Notification.state != MUTED)
        .correlate(Alert)
        .scalar_subquery()
    )
    statement = (
        select(Alert)
        .where(
            Alert.open_key.is_not(None),
            Alert.acknowledged_at.is_(None),
            Alert.unstable.is_(False),
            or_(Alert.snoozed_until.is_(None), Alert.snoozed_until <= now),
            or_(
                *(
                    (Alert.severity == severity) & (last <= now - every)
                    for severity, every in REMINDERS.items()
                )
            ),
        )
        .order_by(Alert.id)
        .limit(limit)
    )
    due = [
        (alert, ESCALATED if alert.fired_at <= now - ESCALATION_MS[alert.severity] else REMINDED)
        for alert in session.scalars(statement)
    ]
    quiet = covered(session, {alert.asset_id for alert, _ in due if alert.asset_id}, now)
    due = [(row, event) for row, event in due if row.asset_id not in quiet]
    due = [(row, event) for row, event in due if not row.facts.get("muted")]
    queue(session, due, now)
    return len(due)


def urgent_waits(session: Session, now: int, seconds: int = 60) -> bool:
    """Whether something urgent or critical has waited longer than this for a sender."""
    statement = select(Notification.id).where(
        Notification.state == WAITING,
        Notification.severity.in_((CRITICAL, URGENT)),
        Notification.due_at <= now - seconds * SECOND_MS,
    )
    return session.scalar(statement.limit(1)) is not None


def claim(session: Session, claimer: str, now: int, limit: int = 20) -> list[Notification]:
    """Up to `limit` notifications that are due, the gravest first, now this claimer's to send.

    What the budget has no room for goes to the digest instead. The caller commits before sending.
    """
    rank = case({URGENT: 0, CRITICAL: 1}, value=Notification.severity, else_=2)
    due = session.scalars(
        select(Notification)
        .where(
            or_(
                (Notification.state == WAITING) & (Notification.due_at <= now),
                (Notification.state == CLAIMED) & (Notification.claimed_at <= now - CLAIM_MS),
            )
        )
        .order_by(rank, Notification.due_at, Notification.id)
        .limit(LOOKED_AT)
    ).all()
    chosen = []
    room = _room(session, due, now)
    spilled = []
    for row in due:
        if not room.take(row):
            spilled.append(row.id)
        elif len(chosen) < limit and _won(session, row, claimer, now):
            chosen.append(row)
    if spilled:
        session.execute(
            update(Notification)
            .where(Notification.id.in_(spilled), Notification.state.in_((WAITING, CLAIMED)))
            .values(state=DIGEST, reason="budget")
        )
    return chosen


def _won(session: Session, row: Notification, claimer: str, now: int) -> bool:
    taken = session.execute(
        update(Notification)
        .where(
            Notification.id == row.id,
            Notification.state == row.state,
            Notification.attempts == row.attempts,
        )
        .values(state=CLAIMED, claimed_by=claimer, claimed_at=now, attempts=row.attempts + 1)
    )
    return taken.rowcount == 1


class _Room:
    """What the hour's budget still has. What is urgent has a budget of its own, as large."""

    def __init__(self, spent: Mapping[tuple, int], owners: Mapping[int, int | None]) -> None:
        self.spent = dict(spent)
        self.owners = owners

    def take(self, row: Notification) -> bool:
        urgent = row.severity == URGENT
        whole = (urgent,)
        one = (urgent, self.owners.get(row.alert_id))
        if self.spent.get(whole, 0) >= BUDGET.client or self.spent.get(one, 0) >= BUDGET.battery:
            return False
        for key in (whole, one):
            self.spent[key] = self.spent.get(key, 0) + 1
        return True


def _room(session: Session, due: Sequence[Notification], now: int) -> _Room:
    spent: dict[tuple, int] = {}
    urgent = Notification.severity == URGENT
    lately = (
        select(urgent, Alert.asset_id, func.count(Notification.id))
        .join(Alert, Alert.id == Notification.alert_id)
        .where(
            or_(
                Notification.sent_at > now - HOUR_MS,
                (Notification.state == CLAIMED) & (Notification.claimed_at > now - CLAIM_MS),
            )
        )
        .group_by(urgent, Alert.asset_id)
    )
    for is_urgent, asset_id, number in session.execute(lately):
        for key in ((bool(is_urgent),), (bool(is_urgent), asset_id)):
            spent[key] = spent.get(key, 0) + number
    ids = {row.alert_id for row in due}
    owners = dict(session.execute(select(Alert.id, Alert.asset_id).where(Alert.id.in_(ids))).all())
    return _Room(spent, owners)


def log(
    session: Session, notification_id: int, channel: str, recipient: str, ok: bool, answer: str
) -> None:
    """Put an attempt on the visible record."""
    session.add(
        Delivery(
            notification_id=notification_id,
            channel=channel,
            recipient=recipient,
            ok=ok,
            answer=answer[:2000],
        )
    )


def sent(session: Session, notification_id: int, now: int) -> None:
    """A claimed notification has been told."""
    _finish(session, notification_id, state=SENT, sent_at=now)


def failed(session: Session, notification: Notification, now: int, reason: str) -> None:
    """An attempt was in vain: due again after a pause that doubles, or never."""
    if now - notification.created_at >= GIVE_UP_MS:
        _finish(session, notification.id, state=FAILED, reason=reason[:40])
        return
    pause = min(MINUTE_MS * 2 ** max(notification.attempts - 1, 0), HOUR_MS)
    _finish(session, notification.id, state=WAITING, due_at=now + pause, reason=reason[:40])


def postponed(session: Session, notification_id: int, due_at: int, reason: str) -> None:
    """Nobody wants to be told before then."""
    _finish(session, notification_id, state=WAITING, due_at=due_at, reason=reason)


def dropped(session: Session, notification_id: int, reason: str) -> None:
    """There is nobody to tell, or no more to tell; the record says why."""
    _finish(session, notification_id, state=MUTED, reason=reason)


def _finish(session: Session, notification_id: int, **values: object) -> None:
    session.execute(
        update(Notification)
        .where(Notification.id == notification_id, Notification.state == CLAIMED)
        .values(**values)
    )
