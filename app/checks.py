"""Is this installation healthy? Each check is a question with an answer and a remedy."""

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import select

from app.core import jobs
from app.core.auth import tenant_ref
from app.core.crypto import DERIVED
from app.core.models import Tenant
from app.database import migrate
from app.database.base import now_ms
from app.database.engines import Engines
from app.database.sessions import open_core
from app.plugins import load_plugins
from app.settings import ROOT


@dataclass(frozen=True, slots=True)
class Answer:
    """What a check found; `remedy` is empty when all is well."""

    subject: str
    finding: str
    remedy: str = ""

    @property
    def ok(self) -> bool:
        return not self.remedy


Check = Callable[[Engines], Iterator[Answer]]


def check_all(engines: Engines) -> list[Answer]:
    """Ask everything; one answer or more for each check."""
    return [answer for check in CHECKS for answer in check(engines)]


def _address(engines: Engines) -> Iterator[Answer]:
    settings = engines.settings
    remedy = "" if settings.secure else "Set PUBLIC_URL to the https:// address of the portal."
    yield Answer("address", settings.public_url, remedy)


def _secrets(_: Engines) -> Iterator[Answer]:
    path = ROOT / ".env"
    if not path.is_file():
        yield Answer("secrets", "no .env file; variables come from the environment")
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    others = mode & (stat.S_IRWXG | stat.S_IRWXO)
    yield Answer("secrets", f".env has mode {mode:o}", "chmod 600 .env" if others else "")


def _keys(engines: Engines) -> Iterator[Answer]:
    """Derived keys are sound; they only cannot be renewed without a new SECRET_KEY."""
    newest = engines.vault.masters.newest
    made = "derived from SECRET_KEY" if newest == DERIVED else f"key {newest} of FIELD_KEYS"
    yield Answer("encryption", made)


def _folder(engines: Engines) -> Iterator[Answer]:
    folder = engines.settings.data_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        yield Answer("data folder", error.strerror or "", f"Make {folder} a folder one can write.")
        return
    writable = os.access(folder, os.W_OK | os.X_OK)
    yield Answer("data folder", str(folder), "" if writable else f"Make {folder} writable.")


def _schemas(engines: Engines) -> Iterator[Answer]:
    for standing in standings(engines):
        remedy = "" if standing.current else "flask db upgrade"
        finding = (
            standing.problem or f"at {standing.revision or 'nothing'}, code at {standing.head}"
        )
        yield Answer(f"database {standing.name}", finding, remedy)


def _jobs(engines: Engines) -> Iterator[Answer]:
    if not migrate.status(engines)[0].current:
        return
    paces = {job.code: job.every_seconds for job in load_plugins("cron", "JOB").values()}
    with open_core(engines) as core:
        found = jobs.standings(core, paces, now_ms())
    for each in found:
        last = each.succeeded_at
        finding = "never succeeded" if last is None else f"{(now_ms() - last) // 1000} s ago"
        remedy = f"Let the host's cron run: python -m cron {each.job}" if each.late else ""
        yield Answer(f"job {each.job}", finding, remedy)


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


CHECKS: tuple[Check, ...] = (_address, _secrets, _keys, _folder, _schemas, _jobs)
