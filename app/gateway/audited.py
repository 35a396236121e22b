"""Nothing changes unrecorded: what a view does not put in the audit trail itself is put there here.

A view records in its own transaction, and says more than this can. What super admins look at
inside a client is recorded as well, once in a while for each page.
"""

import logging
from http import HTTPStatus

from flask import Flask, Response, g, request
from sqlalchemy.exc import SQLAlchemyError

from app.core.access import Permission, Principal
from app.core.journal import origin, record, recorded
from app.database.sessions import open_core

from .context import cache, engines
from .csrf import SAFE
from .limits import client_address

log = logging.getLogger(__name__)

READ_SECONDS = 600
"""Looking at the same page again within this time is the same look."""
UNRECORDED = frozenset(
    {
        "static",
        "connector.push",
        "session.language",
        "shared.page",
        "shared.unlock",
        "shared.state",
    }
)
"""Batches have receipts, a browser's language is nobody's business, and the address of a shared
page is its key: it must stand in no journal."""


def init_app(app: Flask) -> None:
    """Watch every request."""
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    recorded.set([])
    origin.set(client_address())


def _end(response: Response) -> Response:
    done = response.status_code < HTTPStatus.BAD_REQUEST and request.endpoint is not None
    if not done or request.endpoint in UNRECORDED:
        return response
    if request.method not in SAFE and not recorded.get():
        _record(_caller(), "request.write")
    elif request.method in SAFE and response.status_code == HTTPStatus.OK:
        _record_look()
    return response


def _record_look() -> None:
    caller = _caller()
    if caller is None or caller.tenant is None or not caller.may(Permission.ENTER_CLIENT):
        return
    seen = f"look:{caller.id}:{caller.tenant.id}:{request.path}"
    if cache().add(seen, 1, timeout=READ_SECONDS):
        _record(caller, "tenant.look")


def _record(caller: Principal | None, action: str) -> None:
    """In a transaction of its own: the answer is made, and failing here must not undo it."""
    detail = {"method": request.method}
    try:
        with open_core(engines(), writes=True) as core:
            record(core, caller, action, target=request.path, detail=detail)
            core.commit()
    except SQLAlchemyError:
        log.exception("%s of %s could not be recorded", action, request.path)


def _caller() -> Principal | None:
    """Who the request was found to come from, if its view needed to know."""
    signed_in = g.get("signed_in")
    return signed_in.principal if signed_in else None
