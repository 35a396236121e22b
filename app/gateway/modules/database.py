"""MODULE DATABASE MANAGER: where each client's schema stands; connections and the shared cache."""

from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import make_url

from app.core.models import Tenant
from app.database.migrate import head
from app.gateway.context import cache, core_session, engines

from .base import Module

MOST = 60


def status() -> dict[str, Any]:
    """The revision of each client's database, and its size where it is a file."""
    wanted = head("tenant")
    statement = select(Tenant).order_by(Tenant.id).limit(MOST)
    clients = [
        {
            "slug": tenant.slug,
            "revision": tenant.revision,
            "current": tenant.revision == wanted,
            "bytes": _size(engines().tenant_url(tenant.id, tenant.database_url)),
        }
        for tenant in core_session().scalars(statement)
    ]
    return {"core": head("core"), "bytes": _size(engines().settings.core_url), "clients": clients}


def _size(url: str) -> int | None:
    parsed = make_url(url)
    path = Path(parsed.database or "")
    if parsed.get_backend_name() != "sqlite" or not path.is_file():
        return None
    return path.stat().st_size


def let_go() -> dict[str, Any]:
    """Close this process's idle connections and empty the cache that all processes share."""
    engines().dispose()
    return {"cache_emptied": cache().clear()}


MODULE = Module(code="database", status=status, reset=let_go)
