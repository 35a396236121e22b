"""Is this installation healthy? Each check is a question with an answer and a remedy.

Texts are message ids: the command and the system page say them in French or English.
"""

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from sqlalchemy import select

from app.core import jobs
from app.core.auth import tenant_ref
from app.core.crypto import DERIVED
from app.core.models import Tenant
from app.database import backups, migrate
from app.database.base import now_ms
from app.database.engines import Engines
from app.database.sessions import open_core
from app.errors import sentence
from app.plugins import load_plugins
from app.settings import ROOT

VALUE = "%(value)s"
"""A finding that is a value, the same in every language."""
BACKUP_MS = 26 * 3_600_000
"""How old the newest backup may be: a day, and time to make it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a check found. `subject`, `finding` and `remedy` are message ids with `values`.

    `of`: which one of several, such as a database's name. `remedy` is empty when all is well.
    """

    subject: str
    finding: str
    remedy: str = ""
    values: Mapping[str, object] = field(default_factory=dict)
    of: str = ""

    @property
    def ok(self) -> bool:
        return not self.remedy


Check = Callable[[Engines], Iterator[Answer]]


def value(subject: str, found: object, remedy: str = "", of: str = "", **values: object) -> Answer:
    """An answer whose finding is a value."""
    return Answer(subject, VALUE, remedy, {"value": found, **values}, of)


def check_all(engines: Engines) -> list[Answer]:
    """Ask everything; one answer or more for each check."""
    from app import host  # it asks the network, and imports for it

    return [answer for check in (*CHECKS, *host.CHECKS) for answer in check(engines)]


def address(engines: Engines) -> Iterator[Answer]:
    settings = engines.settings
    remedy = sentence("Set PUBLIC_URL to the https:// address of the portal.")
    yield value(sentence("address"), settings.public_url, "" if settings.secure else remedy)


def secrets(_: Engines) -> Iterator[Answer]:
    subject, path = sentence("secrets"), ROOT / ".env"
    if not path.is_file():
        yield Answer(subject, sentence("no .env file; variables come from the environment"))
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    others = mode & (stat.S_IRWXG | stat.S_IRWXO)
    remedy = sentence("Others can read it: chmod 600 .env") if others else ""
    yield value(subject, f".env {mode:o}", remedy)


def keys(engines: Engines) -> Iterator[Answer]:
    """Derived keys are sound; they only cannot be renewed without a new SECRET_KEY."""
    newest = engines.vault.masters.newest
    made = "SECRET_KEY" if newest == DERIVED else f"FIELD_KEYS {newest}"
    yield value(sentence("encryption"), made)


def folder(engines: Engines) -> Iterator[Answer]:
    subject, place = sentence("data folder"), engines.settings.data_dir
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        remedy = sentence("Make %(folder)s a folder one can write.")
        yield value(subject, error.strerror, remedy, folder=place)
        return
    if not os.access(place, os.W_OK | os.X_OK):
        yield value(
            subject, place, sentence("Make %(folder)s a folder one can write."), folder=place
        )
        return
    open_to_all = stat.S_IMODE(place.stat().st_mode) & stat.S_IRWXO
    remedy = sentence("Others can read it: chmod 700 %(folder)s") if open_to_all else ""
    yield value(subject, place, remedy, folder=place)


def schemas(engines: Engines) -> Iterator[Answer]:
    for standing in standings(engines):
        remedy = "" if standing.current else sentence("Run: flask db upgrade")
        values = {"revision": standing.revision or "-", "head": standing.head}
        finding = sentence("at %(revision)s, code at %(head)s")
        if standing.problem:
            yield value(sentence("database"), standing.problem, remedy, standing.name)
        else:
            yield Answer(sentence("database"), finding, remedy, values, standing.name)


def heartbeat(engines: Engines) -> Iterator[Answer]:
    if not migrate.status(engines)[0].current:
        return
    for each in job_standings(engines):
        remedy = sentence("Let the host's cron run: python -m cron %(job)s") if each.late else ""
        if each.succeeded_at is None:
            finding, seconds = sentence("never succeeded"), 0
        else:
            finding, seconds = sentence("%(seconds)d s ago"), (now_ms() - each.succeeded_at) // 1000
        yield Answer(
            sentence("job"), finding, remedy, {"job": each.job, "seconds": seconds}, each.job
        )


def copies(engines: Engines) -> Iterator[Answer]:
    subject, settings = sentence("backups"), engines.settings
    if not settings.backup_key:
        yield Answer(subject, sentence("none"), sentence("Make a key: flask backup key"))
        return
    newest = next(iter(backups.stored(settings)), None)
    if newest is None:
        yield Answer(subject, sentence("none yet"), sentence("Run: flask backup run"))
        return
    late = now_ms() - newest.made_at > BACKUP_MS
    yield value(subject, newest.day, sentence("Run: flask backup run") if late else "")
    away = settings.backup_copies
    remedy = sentence("A fire takes both: name a place off the host in BACKUP_COPIES.")
    if not away:
        yield Answer(sentence("copies elsewhere"), sentence("none"), remedy)


def job_standings(engines: Engines) -> list[jobs.JobStanding]:
    """How each job of this code does."""
    paces = {job.code: job.every_seconds for job in load_plugins("cron", "JOB").values()}
    with open_core(engines) as core:
        return jobs.standings(core, paces, now_ms())


def standings(engines: Engines) -> list[migrate.Standing]:
    """Where core and every client that is not closed stand in their histories."""
    core_standing = migrate.status(engines)[0]
    if not core_standing.current:
        return [core_standing]
    with open_core(engines) as core:
        refs = [tenant_ref(engines, tenant) for tenant in core.scalars(open_tenants())]
    return migrate.status(engines, refs)


def open_tenants():
    """Clients whose database is to be kept current: all but closed and half-made ones."""
    return select(Tenant).where(Tenant.status.in_(("active", "suspended"))).order_by(Tenant.id)


CHECKS: tuple[Check, ...] = (address, secrets, keys, folder, schemas, heartbeat, copies)
