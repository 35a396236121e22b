"""Trying a channel: one message to whoever asks, now, and what came of it."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.core.access import TenantRef
from app.core.models import User
from app.database.engines import Engines
from app.errors import Invalid, sentence
from app.plugins import load_plugins
from app.processor.channels.base import Message
from app.settings import Settings

from .preferences import PERSONAL, wishes_of
from .recipients import Recipient, reachable
from .sending import attempt

TITLE = {"fr": "Essai des alertes", "en": "Test of alerts"}
LINE = {
    "fr": "Si vous lisez ceci, les alertes vous parviendront par ce chemin.",
    "en": "If you read this, alerts will reach you this way.",
}


@dataclass(frozen=True, slots=True)
class Result:
    """How a trial ended, and what the other side said."""

    channel: str
    ok: bool
    answer: str


def try_person(
    engines: Engines, core: Session, ref: TenantRef | None, user: User, channel: str, now: int
) -> Result:
    """Tell somebody by a channel of theirs. Raises Invalid for one that there is not."""
    if channel not in PERSONAL:
        listed = sentence("This is none of the possible values.")
        raise Invalid("Some fields need attention.", fields={"channel": listed})
    channels = load_plugins("app.processor.channels", "CHANNEL")
    wishes = wishes_of(core, [user])[user.id]
    ways = reachable(core, ref, channels, engines.settings, user, wishes, only=(channel,))
    if not ways:
        return Result(channel, False, "")
    return try_way(engines, ways[0], now)


def try_way(engines: Engines, way: Recipient, now: int) -> Result:
    """Tell one recipient."""
    done = attempt(engines, way, sample(engines.settings, way.language, way.name, now))
    return Result(way.channel, done.ok, done.answer)


def sample(settings: Settings, language: str, name: str, now: int) -> Message:
    """What a trial says."""
    language = "fr" if language.startswith("fr") else "en"
    return Message(
        id=f"test-{name.replace(':', '-')}-{now}",
        event="test",
        severity="info",
        language=language,
        title=TITLE[language],
        where="TrackingBMS",
        lines=(LINE[language],),
        url=f"{settings.public_url}/alertes",
        at=now,
    )
