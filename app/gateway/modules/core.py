"""MODULE CORE: who is signed in, the central journal, the level of the log."""

from typing import Any

from sqlalchemy import delete, func, select, update

from app.core.models import AuditEntry, User, UserSession
from app.database.base import now_ms
from app.database.migrate import head
from app.gateway.context import core_session, current_principal
from app.gateway.schema import Choice, Schema, Text
from app.gateway.writing import commit_core

from .base import Act, Module


class Note(Schema):
    """Something another system wants the journal to keep."""

    target = Text(120, "UPS-7", about="What it is about.")
    text = Text(400, "Replaced by the night shift.", least=1, required=True)


class CoreConfig(Schema):
    """What can be changed while the portal runs."""

    log_level = Choice("DEBUG", "INFO", "WARNING", "ERROR", example="INFO")


def status() -> dict[str, Any]:
    """Sessions, people, entries of the journal, the clock, the schema."""
    core = core_session()
    return {
        "now": now_ms(),
        "revision": head("core"),
        "sessions": core.scalar(select(func.count()).select_from(UserSession)),
        "people": core.scalar(select(func.count(User.id))),
        "journal_entries": core.scalar(select(func.count(AuditEntry.id))),
    }


def note(body: dict[str, Any]) -> dict[str, Any]:
    """Append an entry to the journal."""
    commit_core(
        core_session(writes=True), "journal.note", body.get("target", ""), {"text": body["text"]}
    )
    return {"module": "core", "result": {"entries": 1}}


def sign_everyone_out() -> dict[str, Any]:
    """End every session and token: of the client entered, or else of the platform.

    Whoever asks stays signed in.
    """
    core, caller = core_session(writes=True), current_principal()
    people = select(User.id).where(User.id != caller.id)
    if caller.tenant:
        people = people.where(User.tenant_id == caller.tenant.id)
    ids = core.scalars(people).all()
    ended = core.execute(delete(UserSession).where(UserSession.user_id.in_(ids)))
    core.execute(update(User).where(User.id.in_(ids)).values(ver=User.ver + 1))
    return {"sessions": ended.rowcount, "people": len(ids)}


MODULE = Module(
    code="core",
    status=status,
    data=Act(view=note, body=Note, status=201),
    config=CoreConfig,
    reset=sign_everyone_out,
)
