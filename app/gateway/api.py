"""The gateway's own resource: whether the portal works."""

from flask_smorest import Blueprint
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app.core.access import public
from app.core.models import Tenant

from .context import core_session

blueprint = Blueprint(
    "gateway", __name__, url_prefix="/api/v1", description="Whether the portal works."
)


@blueprint.route("/health")
@blueprint.doc(
    responses={200: {"description": "Everything works"}, 503: {"description": "A part does not"}}
)
@public
def health() -> tuple[dict[str, object], int]:
    """Say which part works; for the host's watchdog and for keeping a process warm."""
    try:
        core_session().execute(select(Tenant.id).limit(1)).first()
    except SQLAlchemyError:
        return {"status": "degraded", "parts": {"core": "unreachable"}}, 503
    return {"status": "ok", "parts": {"core": "ok"}}, 200
