"""What collectors call (enrol, push), and what people do with collectors."""

from typing import Any

from flask import Response, request
from sqlalchemy import select

from app.core.access import Permission, signed
from app.core.journal import record
from app.core.models import Collector
from app.database.base import now_ms
from app.errors import Invalid, TooLarge, sentence
from app.gateway.context import (
    configured,
    core_session,
    current_principal,
    current_tenant,
    engines,
    settings,
)
from app.gateway.http import LAST_ID
from app.gateway.limits import ENROL, INGEST, client_address, limited
from app.gateway.paging import listing, page, page_of
from app.gateway.resources import Resources
from app.gateway.schema import Choice, Flag, Many, Number, One, Schema, Text, Whole
from app.gateway.writing import commit_core
from collector.wire import envelope, schema, sending, strict_json

from . import collectors, rotation, telling, wishes
from .ingest import ingest

MULTIPART_OVERHEAD = 16 * 1024
"""What the envelope of a multipart body may add to its one part."""

blueprint = Resources("connector", __name__, "Collectors and what they push.")

SORTS = {"name": Collector.name, "created_at": Collector.created_at, "id": Collector.id}
STATUSES = ("active", "revoked")
MOMENT = 1_767_225_600_000


class OutcomeDocument(Schema):
    """What became of one item of a batch."""

    asset = Text(64, "EDS-LFP-0001", required=True, allow_none=True)
    seq = Whole(example=7, required=True, allow_none=True)
    outcome = Choice(envelope.ACCEPTED, envelope.DUPLICATE, envelope.REJECTED, required=True)
    reason = Text(200, required=True, allow_none=True)
    dropped = Whole(example=0, required=True, about="Implausible numbers left out.")


class SendingDocument(Schema):
    """What a collector sends and how often."""

    shortest = Number(
        sending.SHORTEST, sending.LONGEST, 30.0, required=True, about="Seconds between pushes."
    )
    longest = Number(sending.SHORTEST, sending.LONGEST, 900.0, required=True)
    without = Many(
        Text(48, "cell_temperature"), sending.MOST_LEFT_OUT, required=True, about="Metrics."
    )


class WishDocument(SendingDocument):
    """What a collector is asked for, numbered."""

    revision = Whole(1, example=3, required=True)


class ReceiptDocument(Schema):
    """The receipt: what became of each item."""

    status = Choice("stored", "duplicate", required=True)
    seq = Whole(example=7, required=True)
    digest = Text(64, "0" * 64, required=True, about="SHA-256 of the part, hexadecimal.")
    server_time = Whole(example=MOMENT, required=True)
    next_push = Number(0, 86_400, 10.0, required=True, about="Seconds.")
    watched = Flag(required=True, about="Somebody is looking at this client's pages.")
    blocks = Many(One(OutcomeDocument), envelope.MAX_BLOCKS, required=True)
    live = Many(One(OutcomeDocument), envelope.MAX_LIVE, required=True)
    rotate = Flag(about="The collector is to change its key.")
    wish = One(WishDocument, about="What is asked of the collector, until it has heard it.")
    wish_signature = Text(88, "A" * 86 + "==", about="Ed25519 of the portal's key, base64.")


class EnrolmentRequest(Schema):
    """A claim code, the public key made at the site, and the proof of holding its private half."""

    code = Text(32, "ABCD-EFGH-JKMN-PQRS", least=1, required=True)
    public_key = Text(64, "A" * 43 + "=", least=1, required=True, about="Ed25519, base64.")
    proof = Text(128, "A" * 86 + "==", least=1, required=True, about="Signature, base64.")
    hostname = Text(120, "site-1")
    version = Text(32, "1.0")


class EnrolmentDocument(Schema):
    """The new identity."""

    key_id = Text(32, "5f0c2a9d1e7b4c3a8d6e", required=True)
    collector = Text(80, "Entrepôt", required=True)
    client = Text(120, "Groupe Laurentia", required=True)
    server_time = Whole(example=MOMENT, required=True)
    ingest_url = Text(500, "https://portal.example/api/v1/ingest", required=True)
    portal_key = Text(44, "A" * 43 + "=", required=True, about="Signs what is asked for, base64.")


class RotationRequest(Schema):
    """A collector's next public key, signed with the key in use and with the next one."""

    key_id = Text(32, "5f0c2a9d1e7b4c3a8d6e", least=1, required=True)
    timestamp = Whole(example=MOMENT // 1000, required=True, about="Epoch seconds.")
    public_key = Text(64, "A" * 43 + "=", least=1, required=True, about="Ed25519, base64.")
    signature = Text(128, "A" * 86 + "==", least=1, required=True, about="With the key in use.")
    proof = Text(128, "A" * 86 + "==", least=1, required=True, about="With the next key.")


class RotationDocument(Schema):
    """The name of the next key; it is accepted from now on, and alone once it was used."""

    key_id = Text(32, "8d6e5f0c2a9d1e7b4c3a", required=True)
    portal_key = Text(44, "A" * 43 + "=", required=True)


class CollectorDocument(Schema):
    """A collector at a client's site."""

    id = Whole(1, example=1, required=True)
    name = Text(80, "Entrepôt", required=True)
    status = Choice(*STATUSES, required=True)
    hostname = Text(120, "site-1", required=True)
    version = Text(32, "1.0", required=True)
    created_at = Whole(example=MOMENT, required=True)
    last_seen = Whole(example=MOMENT, required=True, allow_none=True)
    queued = Whole(example=0, required=True, about="Blocks waiting at the site.")
    clock_offset_ms = Whole(-LAST_ID, example=-12, required=True, allow_none=True)
    rejected = Whole(example=0, required=True)
    last_rejection = Text(120, required=True, allow_none=True)
    key_since = Whole(example=MOMENT, required=True)
    rotation_asked = Whole(example=MOMENT, required=True, allow_none=True)
    sending = One(SendingDocument, required=True, allow_none=True, about="What was asked of it.")
    sending_status = Choice("none", "asked", "applied", "refused", required=True)
    thinned = Whole(example=0, required=True, about="Readings left out at a full site.")
    lost = Whole(example=0, required=True, about="Readings gone for good.")


class ClaimRequest(Schema):
    """What the new collector is to be called."""

    name = Text(80, "Entrepôt", least=1, required=True)


class ClaimDocument(Schema):
    """A code that is shown this once."""

    code = Text(19, "ABCD-EFGH-JKMN-PQRS", required=True)
    expires_at = Whole(example=MOMENT, required=True)


BATCH = {
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
}


@blueprint.route("/ingest", methods=["POST"])
@blueprint.doc(
    summary=sentence("Push a signed batch"),
    parameters=[
        {
            "in": "header",
            "name": name,
            "required": True,
            "schema": {"type": "string", "maxLength": 400},
        }
        for name in (
            envelope.KEY_HEADER,
            envelope.TIME_HEADER,
            envelope.EPOCH_HEADER,
            envelope.SEQ_HEADER,
            envelope.SIGNATURE_HEADER,
        )
    ],
    requestBody=BATCH,
)
@blueprint.response(200, ReceiptDocument)
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
    receipt = ingest(engines(), configured(), request.headers, body, now_ms())
    response = Response(strict_json.dumps(receipt.to_json()), mimetype="application/json")
    parts = engines()
    response.call_on_close(lambda: telling.catch_up(parts))
    return response


@blueprint.operation(
    "POST",
    "/collectors/enrol",
    None,
    sentence("Redeem a claim code"),
    body=EnrolmentRequest,
    answer=EnrolmentDocument,
    status=201,
)
@limited(ENROL)
def enrol_collector(body: dict[str, Any]) -> dict[str, Any]:
    """Register a new collector's public key with a claim code and a proof of possession."""
    core, now = core_session(writes=True), now_ms()
    enrolment = collectors.enrol(core, now=now, **body)
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
    return enrolment.to_json(now, ingest_url, wishes.portal_key(settings()))


@blueprint.operation(
    "POST",
    "/collectors/rotate",
    None,
    sentence("Announce a collector's next key"),
    body=RotationRequest,
    answer=RotationDocument,
)
@limited(ENROL)
def rotate_key(body: dict[str, Any]) -> dict[str, Any]:
    """Accept another key of a collector beside the one in use, which signs for it."""
    core, now = core_session(writes=True), now_ms()
    collector = rotation.register(core, rotation.Rotation(**body), now)
    record(
        core,
        None,
        "collector.next_key",
        collector.name,
        collector.tenant_id,
        {"id": collector.id},
        client_address(),
    )
    core.commit()
    return {"key_id": collector.next_key_id, "portal_key": wishes.portal_key(settings())}


@blueprint.operation(
    "GET",
    "/collectors",
    Permission.SEE_COLLECTORS,
    sentence("List collectors"),
    query=listing(CollectorDocument, tuple(SORTS), status=Choice(*STATUSES)),
    answer=page_of(CollectorDocument),
)
def list_collectors(query: dict[str, Any]) -> dict[str, Any]:
    """The client's collectors: standing, last contact, queue, clock."""
    statement = select(Collector).where(Collector.tenant_id == current_tenant().id)
    if "status" in query:
        statement = statement.where(Collector.status == query["status"])
    return page(core_session(), statement, SORTS, Collector.id, query, collectors.to_json)


@blueprint.operation(
    "POST",
    "/collectors/claims",
    Permission.MANAGE_COLLECTORS,
    sentence("Make a claim code"),
    body=ClaimRequest,
    answer=ClaimDocument,
    status=201,
)
def make_claim(body: dict[str, Any]) -> dict[str, Any]:
    """A one-time code that lets one collector enrol within a quarter of an hour."""
    tenant, now = current_tenant(), now_ms()
    core = core_session(writes=True)
    code = collectors.create_claim(core, tenant.id, body["name"], current_principal().id, now)
    commit_core(core, "collector.claim", body["name"])
    return {"code": code, "expires_at": now + collectors.CLAIM_MS}


@blueprint.operation(
    "POST",
    "/collectors/<int:collector_id>/revoke",
    Permission.MANAGE_COLLECTORS,
    sentence("Revoke a collector"),
    answer=CollectorDocument,
)
def revoke_collector(collector_id: int) -> dict[str, Any]:
    """Take a collector's key back; what it still holds stays with it."""
    core = core_session(writes=True)
    collector = collectors.revoke(core, current_tenant().id, collector_id)
    commit_core(core, "collector.revoke", collector.name)
    return collectors.to_json(collector)


@blueprint.operation(
    "POST",
    "/collectors/<int:collector_id>/rotation",
    Permission.MANAGE_COLLECTORS,
    sentence("Ask a collector for another key"),
    answer=CollectorDocument,
)
def ask_rotation(collector_id: int) -> dict[str, Any]:
    """Let a collector change its key with its next push, without a gap."""
    core = core_session(writes=True)
    collector = rotation.ask(core, current_tenant().id, collector_id, now_ms())
    commit_core(core, "collector.ask_key", collector.name)
    return collectors.to_json(collector)


@blueprint.operation(
    "PUT",
    "/collectors/<int:collector_id>/sending",
    Permission.MANAGE_COLLECTORS,
    sentence("Say what a collector is to send"),
    body=SendingDocument,
    answer=CollectorDocument,
)
def wish_sending(body: dict[str, Any], collector_id: int) -> dict[str, Any]:
    """Ask for longer pauses or fewer metrics; the site may allow less, and says so."""
    core = core_session(writes=True)
    collector = wishes.wish(core, current_tenant().id, collector_id, body)
    commit_core(core, "collector.sending", collector.name)
    return collectors.to_json(collector)


@blueprint.operation(
    "DELETE",
    "/collectors/<int:collector_id>/sending",
    Permission.MANAGE_COLLECTORS,
    sentence("Ask nothing of a collector any more"),
    answer=CollectorDocument,
)
def forget_sending(collector_id: int) -> dict[str, Any]:
    """Leave it to the site how often and what it sends."""
    core = core_session(writes=True)
    collector = wishes.wish(core, current_tenant().id, collector_id, None)
    commit_core(core, "collector.sending", collector.name)
    return collectors.to_json(collector)
