"""The audit trail, as programs read it."""

from typing import Any

from sqlalchemy import select

from app.errors import sentence
from app.gateway.context import core_session, current_principal
from app.gateway.paging import listing, page, page_of
from app.gateway.resources import Resources
from app.gateway.schema import Open, Schema, Text, Whole

from .access import Permission
from .models import AuditEntry

blueprint = Resources("audit_entries", __name__, "Who did what to what, when, from where.")

SORTS = {"id": AuditEntry.id}
MOMENT = 1_767_225_600_000


class EntryDocument(Schema):
    """One entry of the audit trail. Entries are never changed."""

    id = Whole(1, example=1, required=True)
    at = Whole(example=MOMENT, required=True, about="Epoch milliseconds, UTC.")
    tenant_id = Whole(1, example=1, required=True, allow_none=True)
    actor = Text(160, "user:alice@laurentia.example", required=True)
    action = Text(48, "battery.accept", required=True)
    target = Text(120, "EDS-LFP-0001", required=True)
    detail = Open(None, {"name": "Batterie 1"}, required=True)
    address = Text(45, "203.0.113.7", required=True)
    request_id = Text(32, "5f0c2a9d1e7b4c3a", required=True)


@blueprint.operation(
    "GET",
    "/audit",
    Permission.SEE_AUDIT,
    sentence("Read the audit trail"),
    query=listing(
        EntryDocument,
        ("-id",),
        action=Text(48, "battery.accept", about="This action alone."),
        since=Whole(example=MOMENT, spoken=True, about="Epoch milliseconds; from then on."),
        until=Whole(example=MOMENT, spoken=True, about="Epoch milliseconds; before then."),
    ),
    answer=page_of(EntryDocument),
)
def read_audit(query: dict[str, Any]) -> dict[str, Any]:
    """The entries of the caller's client, newest first; of all clients for who entered none."""
    statement = select(AuditEntry)
    if tenant := current_principal().tenant:
        statement = statement.where(AuditEntry.tenant_id == tenant.id)
    if "action" in query:
        statement = statement.where(AuditEntry.action == query["action"])
    if "since" in query:
        statement = statement.where(AuditEntry.at >= query["since"])
    if "until" in query:
        statement = statement.where(AuditEntry.at < query["until"])
    return page(core_session(), statement, SORTS, AuditEntry.id, query, document)


def document(entry: AuditEntry) -> dict[str, Any]:
    """An entry as `EntryDocument` describes it."""
    return {
        "id": entry.id,
        "at": entry.at,
        "tenant_id": entry.tenant_id,
        "actor": entry.actor,
        "action": entry.action,
        "target": entry.target,
        "detail": entry.detail,
        "address": entry.address,
        "request_id": entry.request_id,
    }
