"""The record of what happened: the audit trail for people, one JSON object a line for operators."""

import json
import logging
import secrets
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TextIO

from sqlalchemy.orm import Session

from app.settings import Settings

from .access import Principal
from .models import AuditEntry

about: ContextVar[dict[str, Any]] = ContextVar("about", default={})  # noqa: B039
"""What every log line of the work in hand carries: request identifier, client, caller. Set anew
for each request or job, never changed in place."""


def record(
    core: Session,
    principal: Principal | None,
    action: str,
    target: str = "",
    tenant_id: int | None = None,
    detail: dict[str, Any] | None = None,
    address: str = "",
    request_id: str = "",
) -> AuditEntry:
    """Add an entry to the audit trail, in the caller's transaction.

    `action` is a dotted verb ("session.start", "tenant.enter"). `tenant_id` defaults to the
    client of whoever acts; `detail` holds no secrets and no measurements.
    """
    if tenant_id is None and principal and principal.tenant:
        tenant_id = principal.tenant.id
    entry = AuditEntry(
        tenant_id=tenant_id,
        actor=f"{principal.kind}:{principal.label}"[:160] if principal else "nobody",
        action=action,
        target=target[:120],
        detail=detail or {},
        address=address[:45],
        request_id=request_id or about.get().get("request_id", ""),
    )
    core.add(entry)
    return entry


def new_request_id() -> str:
    """A name for one request, short enough to be read out on the telephone."""
    return secrets.token_hex(8)


class JsonFormatter(logging.Formatter):
    """One JSON object a line, so that no logged text can forge another line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **about.get(),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=True, default=str)


def configure_logging(settings: Settings, stream: TextIO | None = None) -> None:
    """Send this process's log to the standard error, which hosts keep. Called by entry points."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(handlers=[handler], level=settings.log_level.upper(), force=True)
