"""Maintenance windows: listed, planned, ended."""

from typing import Any

from app.core.access import Permission
from app.database.base import now_ms
from app.errors import sentence
from app.gateway.context import tenant_session
from app.gateway.resources import Resources
from app.gateway.schema import Choice, Many, One, Schema, Text, Whole
from app.gateway.writing import commit_client

from .. import windows
from ..effective import LEVELS
from ..models import MaintenanceWindow
from .alerts import author

blueprint = Resources("windows", __name__, "Times in which nobody is told.")

MOMENT = 4_102_444_800_000


class WindowDocument(Schema):
    """A time in which nobody is told of part of the fleet. Measuring goes on."""

    id = Whole(1, example=1, required=True)
    level = Choice(*LEVELS, required=True)
    target_id = Whole(0, example=0, required=True)
    starts_at = Whole(example=MOMENT, required=True)
    ends_at = Whole(example=MOMENT + 3_600_000, required=True)
    reason = Text(400, "Chargers replaced.", required=True)
    author = Text(80, "user:1", required=True)
    created_at = Whole(example=MOMENT, required=True)


class WindowsDocument(Schema):
    """Windows that are on or to come."""

    items = Many(One(WindowDocument), 10_000, required=True)


class NewWindow(Schema):
    """A window to be planned."""

    level = Choice(*LEVELS, required=True)
    target_id = Whole(0, example=0, load_default=0, about="0 with the level `client`.")
    starts_at = Whole(example=MOMENT, required=True)
    ends_at = Whole(example=MOMENT + 3_600_000, required=True)
    reason = Text(400, "Chargers replaced.", least=1, required=True)


@blueprint.operation(
    "GET",
    "/maintenance-windows",
    Permission.MANAGE_RULES,
    sentence("List maintenance windows"),
    answer=WindowsDocument,
)
def list_windows() -> dict[str, Any]:
    """Those that are on or to come."""
    return {"items": [document(row) for row in windows.windows(tenant_session(), now_ms())]}


@blueprint.operation(
    "POST",
    "/maintenance-windows",
    Permission.MANAGE_RULES,
    sentence("Plan a maintenance window"),
    body=NewWindow,
    answer=WindowDocument,
    status=201,
)
def plan_window(body: dict[str, Any]) -> dict[str, Any]:
    """Tell nobody of part of the fleet for a while."""
    session = tenant_session(writes=True)
    row = windows.open_window(session, **body, author=author(), now=now_ms())
    detail = {"level": row.level, "target_id": row.target_id, "ends_at": row.ends_at}
    commit_client(session, "window.plan", row.reason[:80], detail)
    return document(row)


@blueprint.operation(
    "DELETE",
    "/maintenance-windows/<int:window_id>",
    Permission.MANAGE_RULES,
    sentence("End a maintenance window"),
    answer=WindowDocument,
)
def end_window(window_id: int) -> dict[str, Any]:
    """End it now, or take it back. It stays on record."""
    session = tenant_session(writes=True)
    row = windows.window(session, window_id)
    windows.end_window(session, row, now_ms())
    commit_client(session, "window.end", row.reason[:80], {"level": row.level})
    return document(row)


def document(row: MaintenanceWindow) -> dict[str, Any]:
    """A window as `WindowDocument` describes it."""
    return {
        "id": row.id,
        "level": row.level,
        "target_id": row.target_id,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "reason": row.reason,
        "author": row.author,
        "created_at": row.created_at,
    }
