"""Opening clients: the row that names one, its database, and the key that opens it.

A client is opened in two repeatable steps, so that a failure in the second (no right to create a
database, say) leaves a row that the same call resumes, never half a client that looks whole.
"""

import re
from collections.abc import Mapping
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.access import TenantRef
from app.core.auth import tenant_ref as ref_of
from app.core.models import Tenant
from app.database.engines import Engines
from app.database.migrate import upgrade_tenant
from app.database.provision import create_database
from app.database.vault import give_keys
from app.errors import Conflict, Invalid, NotFound, sentence

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
LOCALES = ("fr", "en")
DEFAULT_TIME_ZONE = "America/Toronto"


def create_tenant(
    core: Session,
    engines: Engines,
    slug: str,
    name: str,
    locale: str = "fr",
    time_zone: str = DEFAULT_TIME_ZONE,
) -> Tenant:
    """Open a client entirely: row, database, schema. Callable again after a failure."""
    return activate(core, engines, register(core, slug, name, locale, time_zone))


def register(
    core: Session,
    slug: str,
    name: str,
    locale: str = "fr",
    time_zone: str = DEFAULT_TIME_ZONE,
) -> Tenant:
    """The client's row, `provisioning`. Committing it alone lets a later call resume.

    Raises Conflict when a client that is already open has this slug.
    """
    wrong = {}
    if not SLUG.fullmatch(slug):
        wrong["slug"] = sentence("Use lower-case letters, digits and hyphens.")
    if not name.strip():
        wrong["name"] = sentence("A name is needed.")
    if locale not in LOCALES:
        wrong["locale"] = sentence("Choose French or English.")
    if not is_time_zone(time_zone):
        wrong["time_zone"] = sentence("This time zone is unknown.")
    if wrong:
        raise Invalid("Some fields need attention.", fields=wrong)
    tenant = core.scalar(select(Tenant).where(Tenant.slug == slug))
    if tenant is None:
        tenant = Tenant(slug=slug, name=name.strip(), locale=locale, time_zone=time_zone)
        core.add(tenant)
        core.flush()
        give_keys(core, tenant.id)
    elif tenant.status != "provisioning":
        raise Conflict("A client with this short name exists.", code="tenant_exists")
    return tenant


def activate(core: Session, engines: Engines, tenant: Tenant) -> Tenant:
    """Create the client's database where it is missing, bring its schema up, and open the door."""
    ref = ref_of(engines, tenant)
    create_database(engines, ref)
    tenant.revision = upgrade_tenant(engines, ref)
    tenant.status = "active"
    core.flush()
    return tenant


def edit_tenant(core: Session, tenant: Tenant, changes: Mapping[str, str]) -> None:
    """Change a client's name, language, time zone, or suspend it and let it in again."""
    if not is_time_zone(changes.get("time_zone", DEFAULT_TIME_ZONE)):
        wrong = {"time_zone": sentence("This time zone is unknown.")}
        raise Invalid("Some fields need attention.", fields=wrong)
    if "status" in changes and tenant.status not in ("active", "suspended"):
        raise Conflict("This client is not open.", code="not_open")
    for name, value in changes.items():
        setattr(tenant, name, value)
    core.flush()


def each_tenant(core: Session, engines: Engines) -> list[TenantRef]:
    """Every active client, oldest first."""
    active = select(Tenant).where(Tenant.status == "active").order_by(Tenant.id)
    return [ref_of(engines, tenant) for tenant in core.scalars(active)]


def tenant_by_slug(core: Session, slug: str) -> Tenant:
    """The client of this short name; NotFound otherwise."""
    tenant = core.scalar(select(Tenant).where(Tenant.slug == slug))
    if tenant is None:
        raise NotFound("There is no such client.")
    return tenant


def is_time_zone(name: str) -> bool:
    """Whether this names a zone of the IANA database."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
