"""What collectors call (enrol, push), and what people do with collectors."""

from http import HTTPStatus
from typing import Any

from flask import Response, request
from flask_smorest import Blueprint

from app.core.access import Permission, public, requires, signed
from app.core.journal import record
from app.database.base import now_ms
from app.errors import Invalid, TooLarge, sentence
from app.gateway.context import (
    core_session,
    current_principal,
    current_tenant,
    engines,
    settings,
)
from app.gateway.http import json_body
from app.gateway.limits import ENROL, INGEST, client_address, limited
from collector.wire import envelope, schema, strict_json

from . import collectors
from .ingest import ingest

MULTIPART_OVERHEAD = 16 * 1024
"""What the envelope of a multipart body may add to its one part."""

blueprint = Blueprint(
    "connector", __name__, url_prefix="/api/v1", description="Collectors and what they push."
)


@blueprint.route("/ingest", methods=["POST"])
@blueprint.doc(
    summary="Push a signed batch",
    parameters=[
        {"in": "header", "name": name, "required": True, "schema": {"type": "string"}}
        for name in (
            envelope.KEY_HEADER,
            envelope.TIME_HEADER,
            envelope.EPOCH_HEADER,
            envelope.SEQ_HEADER,
            envelope.SIGNATURE_HEADER,
        )
    ],
    requestBody={
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": [envelope.PART],
                    "properties": {
                        envelope.PART: {
                            "type": "string",
                            "contentMediaType": "application/gzip",
                            "description": "gzip of the JSON described under contentSchema",
                            "contentSchema": schema.schema(),
                        }
                    },
                }
            }
        },
    },
    responses={200: {"description": "The receipt: what became of each item"}},
)
@limited(INGEST)
@signed
def push() -> Response:
    """Take in a batch; everything acknowledged in the receipt is stored for good."""
    if (request.content_length or 0) > envelope.MAX_COMPRESSED + MULTIPART_OVERHEAD:
        raise TooLarge("This is more than is accepted at once.")
    part = request.files.get(envelope.PART)
    if part is None:
        raise Invalid("The file part %(part)s is missing.", code="no_batch", part=envelope.PART)
    body = part.stream.read(envelope.MAX_COMPRESSED + 1)
    receipt = ingest(engines(), settings(), request.headers, body, now_ms())
    return _json(receipt.to_json())


@blueprint.route("/collectors/enrol", methods=["POST"])
@blueprint.doc(summary="Redeem a claim code", responses={201: {"description": "The new identity"}})
@limited(ENROL)
@public
def enrol() -> Response:
    """Register a new collector's public key with a claim code and a proof of possession."""
    body = json_body()
    given = {
        name: _text(body, name, required=name in ("code", "public_key", "proof"))
        for name in ("code", "public_key", "proof", "hostname", "version")
    }
    core, now = core_session(writes=True), now_ms()
    enrolment = collectors.enrol(core, now=now, **given)
    collector = enrolment.collector
    detail = {"id": collector.id, "hostname": collector.hostname}
    record(
        core,
        None,
        "collector.enrol",
        collector.name,
        collector.tenant_id,
        detail,
        client_address(),
    )
    core.commit()
    ingest_url = settings().public_url.rstrip("/") + envelope.PATH
    return _json(enrolment.to_json(now, ingest_url), HTTPStatus.CREATED)


@blueprint.route("/collectors")
@blueprint.doc(summary="List collectors", responses={200: {"description": "The collectors"}})
@requires(Permission.SEE_COLLECTORS)
def listing() -> Response:
    """The client's collectors: standing, last contact, queue, clock."""
    found = collectors.listing(core_session(), current_tenant().id)
    return _json({"now": now_ms(), "collectors": [collectors.to_json(row) for row in found]})


@blueprint.route("/collectors/claims", methods=["POST"])
@blueprint.doc(summary="Make a claim code", responses={201: {"description": "The code, once"}})
@requires(Permission.MANAGE_COLLECTORS)
def claim() -> Response:
    """A one-time code that lets one collector enrol within a quarter of an hour."""
    name, now, caller = _text(json_body(), "name"), now_ms(), current_principal()
    core = core_session(writes=True)
    code = collectors.create_claim(core, current_tenant().id, name, caller.id, now)
    record(core, caller, "collector.claim", name, address=client_address())
    core.commit()
    return _json({"code": code, "expires_at": now + collectors.CLAIM_MS}, HTTPStatus.CREATED)


@blueprint.route("/collectors/<int:collector_id>/revoke", methods=["POST"])
@blueprint.doc(summary="Revoke a collector", responses={200: {"description": "The collector"}})
@requires(Permission.MANAGE_COLLECTORS)
def revoke(collector_id: int) -> Response:
    """Take a collector's key back; what it still holds stays with it."""
    core = core_session(writes=True)
    collector = collectors.revoke(core, current_tenant().id, collector_id)
    record(core, current_principal(), "collector.revoke", collector.name, address=client_address())
    core.commit()
    return _json(collectors.to_json(collector))


def _text(body: dict[str, Any], name: str, *, required: bool = True) -> str:
    value = body.get(name, "" if not required else None)
    if not isinstance(value, str) or not value.isprintable():
        raise Invalid("Some fields need attention.", fields={name: sentence("A text is needed.")})
    return value


def _json(document: Any, status: int = HTTPStatus.OK) -> Response:
    return Response(strict_json.dumps(document), status, mimetype="application/json")
