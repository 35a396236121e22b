"""The record of what happened: the audit trail for people, one JSON object a line for operators."""

import json
import logging
import re
import secrets
import sys
from contextvars import ContextVar
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, TextIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.database.base import now_ms
from app.database.encrypted import find_by
from app.settings import Settings

from .access import Principal
from .audit import append
from .models import AuditEntry, User

about: ContextVar[dict[str, Any]] = ContextVar("about", default={})  # noqa: B039
"""What every log line of the work in hand carries: request identifier, client, caller. Set anew
for each request or job, never changed in place."""


origin: ContextVar[str] = ContextVar("origin", default="")
"""The address of the computer that asks, for entries whose caller does not say it."""

recorded: ContextVar[list[str]] = ContextVar("recorded", default=[])  # noqa: B039
"""What the request in hand has put in the audit trail; the gateway empties it and looks after."""


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
    client of whoever acts; `detail` holds no secrets and no measurements. People are named by
    their number: an address given as `target` is looked up.
    """
    if tenant_id is None and principal and principal.tenant:
        tenant_id = principal.tenant.id
    entry = AuditEntry(
        at=now_ms(),
        tenant_id=tenant_id,
        actor=_actor(principal)[:160],
        action=action,
        target=_person(core, target)[:120],
        detail=detail or {},
        address=(address or origin.get())[:45],
        request_id=request_id or about.get().get("request_id", ""),
    )
    recorded.get().append(action)
    return append(core, entry)


def _actor(principal: Principal | None) -> str:
    if principal is None:
        return "nobody"
    name = principal.id if principal.kind == "user" else principal.label
    return f"{principal.kind}:{name}"


def _person(core: Session, target: str) -> str:
    if "@" not in target:
        return target
    found = core.scalar(select(User.id).where(find_by(User, "email", target, core)))
    return f"user:{found}" if found else "user:?"


def new_request_id() -> str:
    """A name for one request, short enough to be read out on the telephone."""
    return secrets.token_hex(8)


SECRET = re.compile(
    r"""(?ix)
    (?P<name> ["']? (?:authorization|cookie|set-cookie|x-csrf-token) ["']? \s* [:=] \s*) [^\r\n]+
    | (?P<label> ["']? [\w-]* (?:password|passwd|secret(?:_key)?|field_keys|token
        |api[_-]?key|(?<![a-z])sid|otp) ["']?
        \s* [:=] \s* ["']?) [^\s"'&,;}]+
    | (?P<login> \w+://[^:/\s]+:) [^@\s]+ (?=@)
    | \b eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]+
    | \b tbms_\w+
    """
)
"""What looks like a secret: headers, named values, passwords in addresses, tokens and keys."""
HIDDEN = "[hidden]"


def redact(text: str, known: tuple[str, ...] = ()) -> str:
    """The text without the secrets of this installation and without what looks like one."""
    for secret in known:
        text = text.replace(secret, HIDDEN)
    return SECRET.sub(lambda m: (m["name"] or m["label"] or m["login"] or "") + HIDDEN, text)


def secrets_of(settings: Settings) -> tuple[str, ...]:
    """The values of the settings that are nobody's business, as they could be logged."""
    marked = [getattr(settings, each.name) for each in fields(settings) if each.metadata["secret"]]
    return tuple(part for value in marked for part in (value, *value.split(",")) if len(part) > 7)


class JsonFormatter(logging.Formatter):
    """One JSON object a line, so that no logged text can forge another line; without secrets."""

    def __init__(self, known: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.known = known

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": redact(record.getMessage(), self.known),
            **about.get(),
        }
        if record.exc_info:
            line["error"] = redact(self.formatException(record.exc_info), self.known)
        return json.dumps(line, ensure_ascii=True, default=str)


def configure_logging(settings: Settings, stream: TextIO | None = None) -> None:
    """Send this process's log to the standard error, which hosts keep. Called by entry points."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter(secrets_of(settings)))
    logging.basicConfig(handlers=[handler], level=settings.log_level.upper(), force=True)
