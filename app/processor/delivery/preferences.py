"""What one person wants to be told of, where, how and when."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.access import Role
from app.core.models import User
from app.core.notices import NotificationPreference
from app.errors import Invalid, sentence
from app.processor.rules.base import CRITICAL, SEVERITIES, URGENT, WARNING

TOLD = (WARNING, CRITICAL, URGENT)
"""Severities of which somebody may be told; info is shown by pages alone."""
MAIL, PUSH, SMS = PERSONAL = ("mail", "webpush", "sms")
"""Channels that reach a person."""
PHONE = re.compile(r"\+[1-9][0-9]{7,14}")
MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person wants. `locations` empty: all of them. `quiet`: minutes of the day, or None."""

    severities: tuple[str, ...] = TOLD
    locations: tuple[int, ...] = ()
    channels: tuple[str, ...] = (MAIL, PUSH)
    quiet: tuple[int, int] | None = None
    weekly: bool = True
    phone: str = ""
    refused_mail: str = ""
    refused_at: int | None = None


READER = Wishes(severities=(), weekly=False)
"""Whoever only reads is told of nothing unless they ask."""


def usual(role: str) -> Wishes:
    """The wishes of somebody who has expressed none."""
    return READER if role == Role.READER else Wishes()


def wishes_of(core: Session, users: Collection[User]) -> dict[int, Wishes]:
    """The wishes of people, by their ids."""
    ids = {user.id for user in users}
    statement = select(NotificationPreference).where(NotificationPreference.user_id.in_(ids))
    kept = {row.user_id: row for row in core.scalars(statement)}
    return {user.id: _wishes(kept.get(user.id)) or usual(user.role) for user in users}


def _wishes(row: NotificationPreference | None) -> Wishes | None:
    if row is None:
        return None
    known = row.quiet_from is not None and row.quiet_to is not None
    quiet = (row.quiet_from, row.quiet_to) if known else None
    return Wishes(
        tuple(row.severities),
        tuple(row.locations),
        tuple(row.channels),
        quiet,
        row.weekly,
        row.phone,
        row.refused_mail,
        row.refused_at,
    )


def save(core: Session, user: User, wishes: Wishes, locations: Collection[int]) -> None:
    """Keep what somebody wants; `locations`: those there are. Raises Invalid. The caller commits.

    Saving is also how somebody says that mail to their address will arrive again.
    """
    _check(wishes, locations)
    row = _row(core, user)
    row.severities = [each for each in SEVERITIES if each in wishes.severities]
    row.locations = sorted(set(wishes.locations))
    row.channels = [each for each in PERSONAL if each in wishes.channels]
    row.quiet_from, row.quiet_to = wishes.quiet or (None, None)
    row.weekly, row.phone = wishes.weekly, wishes.phone
    row.refused_mail, row.refused_at = "", None
    core.flush()


def _check(wishes: Wishes, locations: Collection[int]) -> None:
    listed = sentence("This is none of the possible values.")
    wrong: dict[str, str] = {}
    if not set(wishes.severities) <= set(TOLD):
        wrong["severities"] = listed
    if not set(wishes.channels) <= set(PERSONAL):
        wrong["channels"] = listed
    if not set(wishes.locations) <= set(locations):
        wrong["locations"] = sentence("There is no such location.")
    if wishes.quiet and not all(0 <= each < MINUTES for each in wishes.quiet):
        wrong["quiet"] = sentence("This is not a time of day.")
    if wishes.phone and not PHONE.fullmatch(wishes.phone):
        wrong["phone"] = sentence("Write the number as +15145550123.")
    elif SMS in wishes.channels and not wishes.phone:
        wrong["phone"] = sentence("A number is needed for text messages.")
    if wrong:
        raise Invalid("Some fields need attention.", fields=wrong)


def note_refusal(core: Session, user: User, now: int) -> None:
    """Mail to this person's address came back: none is sent to that address any more."""
    row = _row(core, user)
    row.refused_mail, row.refused_at = mark(user.email), now
    core.flush()


def _row(core: Session, user: User) -> NotificationPreference:
    row = core.scalar(
        select(NotificationPreference).where(NotificationPreference.user_id == user.id)
    )
    if row is None:
        wishes = usual(user.role)
        row = NotificationPreference(
            user_id=user.id,
            severities=list(wishes.severities),
            locations=[],
            channels=list(wishes.channels),
            weekly=wishes.weekly,
        )
        core.add(row)
        core.flush()
    return row


def mark(email: str) -> str:
    """What stands for an address, so that another one is tried again."""
    return sha256(email.encode()).hexdigest()[:16]


def refuses_mail(user: User, wishes: Wishes) -> bool:
    """Whether mail to the address this person has now came back."""
    return bool(wishes.refused_mail) and wishes.refused_mail == mark(user.email)


def quiet_until(wishes: Wishes, severity: str, zone: str, now: int) -> int | None:
    """When this person may be told, where that is later than now. What is urgent always passes."""
    if severity == URGENT or wishes.quiet is None or wishes.quiet[0] == wishes.quiet[1]:
        return None
    start, end = wishes.quiet
    here = datetime.fromtimestamp(now / 1000, UTC).astimezone(ZoneInfo(zone))
    minute = here.hour * 60 + here.minute
    inside = start <= minute < end if start < end else minute >= start or minute < end
    if not inside:
        return None
    day = here.date() + timedelta(days=1 if minute >= end else 0)
    over = datetime.combine(day, time(end // 60, end % 60), ZoneInfo(zone))
    return round(over.timestamp() * 1000)


def document(wishes: Wishes) -> Mapping[str, Any]:
    """The wishes as programs see them; times as `22:00`."""
    quiet = wishes.quiet
    return {
        "severities": list(wishes.severities),
        "locations": list(wishes.locations),
        "channels": list(wishes.channels),
        "quiet_from": None if quiet is None else f"{quiet[0] // 60:02}:{quiet[0] % 60:02}",
        "quiet_to": None if quiet is None else f"{quiet[1] // 60:02}:{quiet[1] % 60:02}",
        "weekly": wishes.weekly,
        "phone": wishes.phone,
    }


def minutes(text: str) -> int | None:
    """`22:30` as minutes; None for nothing, -1 for what is no time of day."""
    if not text:
        return None
    hours, _, rest = text.partition(":")
    if not (hours.isdecimal() and rest.isdecimal() and len(rest) == 2 and int(rest) < 60):
        return -1
    return int(hours) * 60 + int(rest)
