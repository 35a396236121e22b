"""The journal: who did what, whether it is as it was written, and a copy to take away."""

from typing import Any

from flask import Blueprint, Response, json, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Select, select

from app.core import audit
from app.core.access import Permission, requires
from app.core.models import AuditEntry, AuditHead, Tenant
from app.database.vault import CORE
from app.gateway.context import core_session, current_principal

from . import forms, spreadsheet
from .page import shell

blueprint = Blueprint("audit", __name__)

SHOWN = 50
EXPORTED = 20_000
"""Rows of one export; a narrower filter gives the rest."""
COLUMNS = ("at", "tenant_id", "n", "actor", "action", "target", "detail", "address", "request_id")


@blueprint.get("/journal")
@requires(Permission.SEE_AUDIT)
def journal() -> ResponseReturnValue:
    """The entries of the caller's client, the newest first; of everybody for who entered none."""
    core = core_session()
    entries = core.scalars(_wanted().limit(SHOWN + 1)).all()
    more = len(entries) > SHOWN
    tenant = current_principal().tenant
    return render_template(
        "audit/journal.html",
        entries=entries[:SHOWN],
        older=entries[SHOWN - 1].id if more else None,
        people=audit.names(core, entries),
        names={row.id: row.name for row in core.scalars(select(Tenant))},
        head=core.get(AuditHead, tenant.id if tenant else CORE),
        given=_given(),
        **shell("journal"),
    )


@blueprint.get("/journal/export.csv")
@requires(Permission.SEE_AUDIT)
def export_csv() -> ResponseReturnValue:
    """The same entries for a spreadsheet."""
    lines = [[_flat(row[name]) for name in COLUMNS] for row in _rows()]
    return _file(spreadsheet.document(COLUMNS, lines), "text/csv", "journal.csv")


@blueprint.get("/journal/export.json")
@requires(Permission.SEE_AUDIT)
def export_json() -> ResponseReturnValue:
    """The same entries for a program."""
    return _file(json.dumps({"entries": _rows()}), "application/json", "journal.json")


def _wanted() -> Select[tuple[AuditEntry]]:
    """What the query asks for, within what the caller may see."""
    given = _given()
    wanted = select(AuditEntry).order_by(AuditEntry.id.desc())
    if tenant := current_principal().tenant:
        wanted = wanted.where(AuditEntry.tenant_id == tenant.id)
    if given["action"]:
        wanted = wanted.where(AuditEntry.action.startswith(given["action"], autoescape=True))
    if given["actor"]:
        wanted = wanted.where(AuditEntry.actor == given["actor"])
    if before := request.args.get("avant", ""):
        wanted = wanted.where(AuditEntry.id < (int(before) if before.isdecimal() else 0))
    return wanted


def _given() -> dict[str, str]:
    return {name: forms.text(request.args, name, 60) for name in ("action", "actor")}


def _rows() -> list[dict[str, Any]]:
    core = core_session()
    entries = core.scalars(_wanted().limit(EXPORTED)).all()
    people = audit.names(core, entries)
    return [
        {name: getattr(entry, name) for name in COLUMNS}
        | {
            "actor": people.get(entry.actor, entry.actor),
            "target": people.get(entry.target, entry.target),
        }
        for entry in entries
    ]


def _flat(value: object) -> object:
    return json.dumps(value, sort_keys=True) if isinstance(value, dict) else value


def _file(text: str, kind: str, name: str) -> Response:
    response = Response(text, content_type=f"{kind}; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
