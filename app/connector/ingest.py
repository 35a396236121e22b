"""Ingest: from the bytes of a push to its receipt.

The checks come in the order in which they cost, and in which they reveal anything: size, header
syntax, signature, standing, clock; then bounded inflation and strict parsing; then one transaction
in the client's database. A receipt leaves only after its commit, and nothing at all is stored when
anything fails.

    401 bad_headers, bad_signature, clock_skew (with `server_time`)    403 revoked, suspended
    409 sequence_reused    413 too_large    422 any other code of `collector.wire`
    503 database, storage_full, maintenance (with Retry-After)

Bytes that are signed and still cannot be read are what the collector meant to send: 422, which
tells it to set the batch aside instead of repeating it for ever.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from sqlalchemy.exc import SQLAlchemyError

from app.clients.tenants import ref_of
from app.core.access import COLLECTOR_PERMISSIONS, EVERY_ASSET, Principal, TenantRef
from app.core.journal import record
from app.core.models import Collector, Tenant
from app.database.engines import Engines
from app.database.migrate import head
from app.database.sessions import open_core, open_tenant
from app.errors import AppError, Conflict, Forbidden, Invalid, TooLarge, Unavailable
from app.processor import grid, revision
from app.settings import Settings
from collector.wire import envelope
from collector.wire.envelope import Batch, Receipt
from collector.wire.errors import WireError

from . import quick_json, telling
from .attempts import persistently
from .collectors import contact_due, heard_lately, note_contact, note_refusal
from .rotation import is_due, take_over
from .signature import Stamp, find_collector, read_stamp, verify
from .storing import Origin, Stored, store
from .watching import look_in_passing
from .wishes import in_receipt

log = logging.getLogger(__name__)

IDLE_PUSHES_A_SECOND = 4
"""What unwatched collectors may cost a shared host, all together: a twentieth of a core."""


def ingest(
    engines: Engines, settings: Settings, headers: Mapping[str, str], body: bytes, now: int
) -> Receipt:
    """Take in one push: `body` is the bytes of its part, `now` epoch milliseconds.

    Commits by itself, because a receipt is a promise. Raises AppError.
    """
    if len(body) > envelope.MAX_COMPRESSED:
        raise TooLarge("This is more than is accepted at once.")
    stamp = read_stamp(headers)
    digest = envelope.digest(body)
    collector, ref = persistently(lambda: _identify(engines, stamp, digest, now))
    origin = Origin(collector.id, stamp.epoch, stamp.seq, digest)
    try:
        batch = _decode(body)
        stored = persistently(lambda: _store(engines, ref, origin, batch, now))
    except (Conflict, Invalid, TooLarge) as error:
        _refused(engines, collector, ref, stamp, error)
        raise
    if stored.revision is not None:
        revision.publish(settings, ref.id, stored.revision)
    _contacted(engines, collector, batch, stored, stamp, now)
    look_in_passing(engines, ref, now)
    telling.note(ref, now)
    asked = in_receipt(settings, collector, stamp, digest, batch.agent)
    rotate = is_due(collector, stamp.key_id, now)
    return replace(_receipt(engines, settings, ref, origin, stored, now), rotate=rotate, **asked)


def _identify(engines: Engines, stamp: Stamp, digest: str, now: int) -> tuple[Collector, TenantRef]:
    known = engines.remembered.get(
        ("collector", stamp.key_id), lambda: _collector(engines, stamp.key_id)
    )
    collector = verify(known and known[0], stamp, digest, now)
    _admit(collector.tenant)
    return collector, known[1]


def _collector(engines: Engines, key_id: str) -> tuple[Collector, TenantRef] | None:
    with open_core(engines) as core:
        collector = find_collector(core, key_id)
        return collector and (collector, ref_of(engines, collector.tenant))


def _admit(tenant: Tenant) -> None:
    if tenant.status in ("suspended", "closed"):
        raise Forbidden("This client's access is suspended.", code="suspended")
    if tenant.status != "active" or tenant.revision != head("tenant"):
        raise Unavailable("This client is being updated.", code="maintenance", retry_after=30)


def _decode(body: bytes) -> Batch:
    try:
        return envelope.decode(body, quick_json.loads, grid.from_json)
    except WireError as error:
        if error.code == "too_large":
            raise TooLarge("This is more than is accepted at once.") from None
        raise Invalid(
            "The batch cannot be read: %(reason)s", code=error.code, reason=error.detail
        ) from None


def _store(engines: Engines, ref: TenantRef, origin: Origin, batch: Batch, now: int) -> Stored:
    with open_tenant(engines, ref, EVERY_ASSET, writes=True) as session, session.begin():
        return store(session, origin, batch, now)


def _contacted(
    engines: Engines, collector: Collector, batch: Batch, stored: Stored, stamp: Stamp, now: int
) -> None:
    """Note that it spoke. The readings are stored by now: failing here must not deny them."""
    changes_keys = collector.next_key_id == stamp.key_id
    if not changes_keys and not contact_due(collector, stored.rejected, now):
        return
    try:
        with open_core(engines, writes=True) as core, core.begin():
            if changes_keys and take_over(core.get_one(Collector, collector.id), stamp.key_id, now):
                detail = {"id": collector.id}
                record(core, None, "collector.rotate", collector.name, collector.tenant_id, detail)
            note_contact(core, collector, batch.agent, stored.rejected, stamp.timestamp, now)
        engines.remembered.forget(("collector", stamp.key_id))
    except SQLAlchemyError:
        log.warning("contact of collector %s not noted", collector.id, exc_info=True)


def _refused(
    engines: Engines, collector: Collector, ref: TenantRef, stamp: Stamp, error: AppError
) -> None:
    """Show a refusal to the client's people; a sequence used twice goes to the audit trail."""
    log.warning("collector %s: batch %s refused: %s", collector.id, stamp.seq, error.code)
    with open_core(engines, writes=True) as core, core.begin():
        note_refusal(core, collector.id, error.code)
        if isinstance(error, Conflict):
            detail = {"epoch": stamp.epoch, "seq": stamp.seq}
            caller = _principal(collector, ref)
            record(core, caller, "collector.copied", collector.name, detail=detail)


def _principal(collector: Collector, ref: TenantRef) -> Principal:
    """The collector as whoever is calling."""
    return Principal("collector", collector.id, collector.name, COLLECTOR_PERMISSIONS, tenant=ref)


def _receipt(
    engines: Engines, settings: Settings, ref: TenantRef, origin: Origin, stored: Stored, now: int
) -> Receipt:
    watched = revision.watched(settings, ref.id)
    return Receipt(
        status=stored.status,
        seq=origin.seq,
        digest=origin.digest,
        server_time=now,
        next_push=settings.push_watched_seconds if watched else _idle(engines, settings, now),
        watched=watched,
        blocks=stored.blocks,
        live=stored.live,
    )


def _idle(engines: Engines, settings: Settings, now: int) -> float:
    """Seconds until an unwatched collector should push: more, the more of them there are."""
    return max(settings.push_idle_seconds, _heard(engines, now // 60_000) / IDLE_PUSHES_A_SECOND)


@lru_cache(maxsize=8)
def _heard(engines: Engines, minute: int) -> int:
    """How many collectors there are to be paced, counted once a minute by each process."""
    with open_core(engines) as core:
        return heard_lately(core, minute * 60_000)
