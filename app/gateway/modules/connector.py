"""MODULE BMS CONNECTOR: collectors, what they push, and how often they do."""

from typing import Any

from sqlalchemy import func, select, update

from app.connector.api import push
from app.core.models import Collector
from app.gateway.context import core_session, current_principal
from app.gateway.schema import Number, Schema

from .base import Act, Module


class ConnectorConfig(Schema):
    """What can be changed while the portal runs; collectors learn it with their next receipt."""

    push_watched_seconds = Number(0.5, 60, 1.0, about="While somebody looks.")
    push_idle_seconds = Number(1, 3600, 10.0, about="While nobody does.")
    watch_seconds = Number(5, 600, 30.0, about="How long a poll counts as somebody looking.")


def status() -> dict[str, Any]:
    """Collectors by standing, when one last spoke, what waits at sites, what was refused."""
    core = core_session()
    standing = select(Collector.status, func.count()).group_by(Collector.status)
    newest, queued, rejected = core.execute(
        select(
            func.max(Collector.last_seen), func.sum(Collector.queued), func.sum(Collector.rejected)
        )
    ).one()
    return {
        "collectors": dict(core.execute(standing).all()),
        "last_seen": newest,
        "queued": int(queued or 0),
        "rejected": int(rejected or 0),
    }


def forget_refusals() -> dict[str, Any]:
    """Begin counting refusals anew: of the client entered, or else of all."""
    statement = update(Collector).values(rejected=0, last_rejection=None)
    if tenant := current_principal().tenant:
        statement = statement.where(Collector.tenant_id == tenant.id)
    return {"collectors": core_session(writes=True).execute(statement).rowcount}


MODULE = Module(
    code="connector",
    status=status,
    data=Act(view=push, ready=True),
    config=ConnectorConfig,
    reset=forget_refusals,
)
