"""The gateway's own resource: whether the portal works."""

from typing import Any

from flask import Response
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app.core.models import Tenant
from app.errors import sentence
from collector.wire import strict_json

from .context import core_session
from .resources import Resources
from .schema import Choice, One, Schema

blueprint = Resources("gateway", __name__, "Whether the portal works.")


class Parts(Schema):
    """Each part the portal needs."""

    core = Choice("ok", "unreachable", required=True)


class Health(Schema):
    """Which part works."""

    status = Choice("ok", "degraded", required=True)
    parts = One(Parts, required=True)


@blueprint.operation("GET", "/health", None, sentence("Health of the portal"), answer=Health)
def health() -> dict[str, Any] | Response:
    """Say which part works; for the host's watchdog and for keeping a process warm."""
    try:
        core_session().execute(select(Tenant.id).limit(1)).first()
    except SQLAlchemyError:
        told = {"status": "degraded", "parts": {"core": "unreachable"}}
        return Response(strict_json.dumps(told), 503, mimetype="application/json")
    return {"status": "ok", "parts": {"core": "ok"}}
