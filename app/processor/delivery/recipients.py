"""Who is told of an alert, by which channel, and when at the earliest."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from orjson import loads
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clients.models import Asset, AssetGrant
from app.core.access import SCOPED_ROLES, Role, TenantRef
from app.core.models import User
from app.core.notices import PushSubscription, Webhook
from app.processor.alerts.models import Alert
from app.processor.alerts.outbox import ESCALATED, REMINDED
from app.processor.channels.base import Address, Channel
from app.settings import Settings

from .preferences import MAIL, PUSH, SMS, Wishes, quiet_until, refuses_mail, wishes_of

HOOK = "webhook"


@dataclass(frozen=True, slots=True)
class Recipient:
    """One person or program and one channel. `name`: `user:7`, `webhook:3`. `later`: not before
    then. `addresses`: several where a person has several browsers."""

    name: str
    channel: str
    language: str
    addresses: tuple[Address, ...]
    later: int | None = None


@dataclass(frozen=True, slots=True)
class Concerned:
    """What an alert is about: its batteries and the locations they stand at."""

    assets: frozenset[int]
    locations: frozenset[int]


def concerned(session: Session, row: Alert) -> Concerned:
    """The batteries behind an alert; of a site or a collector, all that it keeps silent."""
    ids = {row.asset_id} if row.asset_id else set(row.facts.get("assets", ()))
    places = session.scalars(select(Asset.location_id).where(Asset.id.in_(ids)))
    return Concerned(frozenset(ids), frozenset(place for place in places if place is not None))


def recipients(
    core: Session,
    session: Session,
    ref: TenantRef,
    channels: Mapping[str, Channel],
    settings: Settings,
    row: Alert,
    event: str,
    now: int,
) -> list[Recipient]:
    """Everybody to be told of this event of an alert, as they wish.

    A reminder goes to whoever has taken the alert on. An escalation goes to all administrators
    and to EDS, whatever they wish: nobody else has answered.
    """
    about = concerned(session, row)
    people = _people(core, session, ref, row, event, about)
    wishes = wishes_of(core, people)
    found: list[Recipient] = []
    for user in people:
        wanted = wishes[user.id]
        if event != ESCALATED and not _wants(wanted, row.severity, about):
            continue
        later = quiet_until(wanted, row.severity, ref.time_zone, now)
        if event == ESCALATED:
            later = None
        found += reachable(core, ref, channels, settings, user, wanted, later)
    return found + hooks(core, ref, row.severity)


def _people(
    core: Session, session: Session, ref: TenantRef, row: Alert, event: str, about: Concerned
) -> Sequence[User]:
    active = select(User).where(User.status == "active").order_by(User.id)
    if event == ESCALATED:
        ours = (User.tenant_id == ref.id) & (User.role == Role.CLIENT_ADMIN)
        return core.scalars(active.where(ours | (User.role == Role.SUPER_ADMIN))).all()
    people = core.scalars(active.where(User.tenant_id == ref.id)).all()
    if event == REMINDED and row.assigned_to is not None:
        people = [user for user in people if user.id == row.assigned_to] or people
    sees = set(
        session.scalars(select(AssetGrant.user_id).where(AssetGrant.asset_id.in_(about.assets)))
    )
    return [user for user in people if user.role not in SCOPED_ROLES or user.id in sees]


def _wants(wishes: Wishes, severity: str, about: Concerned) -> bool:
    here = not wishes.locations or bool(about.locations & set(wishes.locations))
    return severity in wishes.severities and here


def reachable(
    core: Session,
    ref: TenantRef | None,
    channels: Mapping[str, Channel],
    settings: Settings,
    user: User,
    wishes: Wishes,
    later: int | None = None,
    only: Collection[str] | None = None,
) -> list[Recipient]:
    """The ways to reach one person: those they chose (or `only` those) that this portal has."""
    language = user.locale or (ref.locale if ref else settings.default_locale)
    addresses: dict[str, tuple[Address, ...]] = {}
    if not refuses_mail(user, wishes) or only:
        addresses[MAIL] = ({"email": user.email},)
    if wishes.phone:
        addresses[SMS] = ({"phone": wishes.phone},)
    statement = select(PushSubscription).where(PushSubscription.user_id == user.id)
    addresses[PUSH] = tuple(
        {**loads(each.target), "id": str(each.id)} for each in core.scalars(statement)
    )
    chosen = wishes.channels if only is None else only
    return [
        Recipient(f"user:{user.id}", code, language, addresses[code], later)
        for code in chosen
        if addresses.get(code) and channels[code].available(settings)
    ]


def hooks(core: Session, ref: TenantRef, severity: str | None) -> list[Recipient]:
    """The client's programs that want this severity; None: any."""
    statement = select(Webhook).where(Webhook.tenant_id == ref.id, Webhook.active)
    return [hook(each, ref) for each in core.scalars(statement.order_by(Webhook.id))
            if severity is None or severity in each.severities]  # fmt: skip


def hook(each: Webhook, ref: TenantRef) -> Recipient:
    """A program as a recipient."""
    address = {"url": each.url, "secret": each.secret, "id": str(each.id)}
    return Recipient(f"webhook:{each.id}", HOOK, ref.locale, (address,))
