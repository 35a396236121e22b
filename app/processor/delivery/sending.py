"""Telling what the outbox holds: claimed, sent outside any transaction, and put on record.

Whoever has it already is not told again by another attempt. A channel that is down is asked once
in a pass. Nothing here can lose an alert: the outbox row outlives every failure, and the alert
outlives the row.
"""

import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.core.access import EVERY_ASSET, TenantRef
from app.core.models import User
from app.core.notices import PushSubscription, Webhook
from app.database.base import now_ms
from app.database.engines import Engines
from app.database.sessions import open_core, open_tenant
from app.plugins import load_plugins
from app.processor.alerts import outbox
from app.processor.alerts.models import Alert, Delivery, Notification
from app.processor.alerts.outbox import ESCALATED, REMINDED
from app.processor.channels.base import Address, Message, Undelivered
from app.processor.rules.base import WARNING

from .message import LANGUAGES, message
from .preferences import MAIL, PUSH, note_refusal
from .recipients import HOOK, Recipient, recipients

log = logging.getLogger(__name__)

AT_ONCE = 5
"""Notifications of one claim: few, so that a pass that is cut off leaves few to wait."""


@dataclass(frozen=True, slots=True)
class Telling:
    """One claimed notification with everything that sending it needs, outside any session."""

    row: Notification
    messages: dict[str, Message]
    recipients: Sequence[Recipient]


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one try ended; `gone`: the address takes nothing any more."""

    recipient: Recipient
    ok: bool
    answer: str
    gone: tuple[Address, ...] = ()


@dataclass(slots=True)
class Pass:
    """One pass over a client's outbox: what was told, and which channels are down."""

    engines: Engines
    ref: TenantRef
    told: int = 0
    failed: int = 0
    down: dict[str, str] = field(default_factory=dict)


def deliver(
    engines: Engines,
    ref: TenantRef,
    time_left: Callable[[], bool],
    clock: Callable[[], int] = now_ms,
    at_once: int = AT_ONCE,
) -> Pass:
    """Tell what is due for a client, the gravest first, while there is time."""
    this = Pass(engines, ref)
    claimer = secrets.token_hex(8)
    while time_left():
        claimed = _claim(this, claimer, clock(), at_once)
        if not claimed:
            break
        for telling in claimed:
            _finish(this, telling, [_try(this, each, telling) for each in _now(telling)], clock())
    return this


def _claim(this: Pass, claimer: str, now: int, at_once: int) -> list[Telling] | None:
    """The next notifications, with those that need no telling already dealt with; None: no more."""
    settings = this.engines.settings
    channels = load_plugins("app.processor.channels", "CHANNEL")
    found: list[Telling] = []
    with (
        open_core(this.engines) as core,
        open_tenant(this.engines, this.ref, EVERY_ASSET, writes=True) as session,
        session.begin(),
    ):
        rows = outbox.claim(session, claimer, now, at_once)
        for row in rows:
            session.refresh(row)
            alert = session.get_one(Alert, row.alert_id)
            if reason := _pointless(alert, row.event, row.created_at, now):
                outbox.dropped(session, row.id, reason)
                continue
            known = recipients(core, session, this.ref, channels, settings, alert, row.event, now)
            known = _not_yet_told(session, row, alert, known)
            if not known:
                outbox.dropped(session, row.id, "nobody")
                continue
            texts = {
                code: message(session, settings, alert, row.event, row.id, code)
                for code in LANGUAGES
            }
            session.expunge(row)
            found.append(Telling(row, texts, known))
    return found if rows else None


def _pointless(alert: Alert, event: str, queued: int, now: int) -> str:
    """Why nobody needs to hear of this any more; empty where somebody does."""
    if event == "resolved":
        return "once" if alert.severity == WARNING else ""
    if event in (REMINDED, ESCALATED) and alert.acknowledged_at is not None:
        return "acknowledged"
    if alert.open_key is None and now - queued > outbox.HOUR_MS:
        return "over"
    return ""


def _not_yet_told(
    session: Session, row: Notification, alert: Alert, known: Sequence[Recipient]
) -> list[Recipient]:
    """Without those who have it; an end is told to those who heard of the beginning."""
    told = {
        (delivery.recipient, delivery.channel): delivery.notification_id == row.id
        for delivery in session.scalars(
            select(Delivery)
            .join(Notification, Notification.id == Delivery.notification_id)
            .where(Notification.alert_id == alert.id, Delivery.ok)
            .order_by(Delivery.notification_id == row.id)
        )
    }
    known = [each for each in known if not told.get((each.name, each.channel))]
    if row.event == "resolved":
        known = [each for each in known if (each.name, each.channel) in told]
    return known


def _now(telling: Telling) -> list[Recipient]:
    return [each for each in telling.recipients if each.later is None]


def _try(this: Pass, recipient: Recipient, telling: Telling) -> Attempt:
    """Send to every address of a recipient; good where one of them took it."""
    language = "fr" if recipient.language.startswith("fr") else "en"
    return attempt(this.engines, recipient, telling.messages[language], this.down)


def attempt(
    engines: Engines, recipient: Recipient, text: Message, down: dict[str, str] | None = None
) -> Attempt:
    """One try to tell somebody; never raises. `down`: channels known not to work, added to."""
    down = {} if down is None else down
    if recipient.channel in down:
        return Attempt(recipient, False, down[recipient.channel])
    channel = load_plugins("app.processor.channels", "CHANNEL")[recipient.channel]
    answers, gone, ok = [], [], False
    for address in recipient.addresses:
        try:
            answers.append(channel.send(engines.settings, address, text))
            ok = True
        except Undelivered as error:
            answers.append(str(error))
            if error.gone:
                gone.append(address)
            elif error.down:
                down[recipient.channel] = str(error)
    return Attempt(recipient, ok, "; ".join(dict.fromkeys(answers)), tuple(gone))


def _finish(this: Pass, telling: Telling, attempts: Sequence[Attempt], now: int) -> None:
    """Put the attempts on record, and say what becomes of the notification."""
    row = telling.row
    again = [each for each in attempts if not each.ok and not _for_ever(each)]
    later = [each.later for each in telling.recipients if each.later is not None]
    with (
        open_tenant(this.engines, this.ref, EVERY_ASSET, writes=True) as session,
        session.begin(),
    ):
        for each in attempts:
            outbox.log(
                session, row.id, each.recipient.channel, each.recipient.name, each.ok, each.answer
            )
        if again:
            outbox.failed(session, row, now, again[0].answer)
        elif later:
            outbox.postponed(session, row.id, min(later), "quiet")
        elif any(each.ok for each in attempts):
            outbox.sent(session, row.id, now)
        else:
            outbox.dropped(session, row.id, "nobody")
    this.told += sum(each.ok for each in attempts)
    this.failed += len(again)
    _forget(this.engines, attempts, now)


def _for_ever(each: Attempt) -> bool:
    return len(each.gone) == len(each.recipient.addresses)


def _forget(engines: Engines, attempts: Sequence[Attempt], now: int) -> None:
    """Take note of addresses that take nothing any more, where their owner will see it."""
    lost = [(each, address) for each in attempts for address in each.gone]
    if not lost:
        return
    with open_core(engines, writes=True) as core, core.begin():
        for each, address in lost:
            number = int(each.recipient.name.partition(":")[2])
            if each.recipient.channel == PUSH:
                known = PushSubscription.id == int(address["id"])
                core.execute(delete(PushSubscription).where(known))
            elif each.recipient.channel == MAIL:
                note_refusal(core, core.get_one(User, number), now)
            elif each.recipient.channel == HOOK:
                webhook = core.get_one(Webhook, number)
                webhook.active, webhook.problem = False, each.answer[:200]
