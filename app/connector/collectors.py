"""Collectors as the portal knows them: claimed by a client, enrolled by their key, revoked.

A claim is a short code that lets one collector enrol within a quarter of an hour. The key pair is
made at the site and only its public half comes here, so nothing in this database can forge a
reading. Edges audit what they do with these functions.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.core.models import Claim, Collector, Tenant
from app.database.remembered import IN_PASSING
from app.errors import Forbidden, Invalid, NotFound
from collector.wire import envelope
from collector.wire.envelope import Agent, Outcome

from .signature import base64_bytes, is_signed

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: nothing in it is mistaken for something else when read out."""
CODE_LENGTH = 16
"""80 bits: what nobody guesses in a quarter of an hour."""
CLAIM_MS = 15 * 60 * 1000
HOUR_MS = 3_600_000
CONTACT_MS = 5_000
"""A collector's last contact is written no more often than this."""
MAX_REASON = 120
MAX_REVISION = (1 << 31) - 1
"""A wish's number, as far as anybody counts."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What a new collector is told."""

    collector: Collector
    client: str

    def to_json(self, now: int, ingest_url: str, portal_key: str) -> dict[str, str | int]:
        return {
            "key_id": self.collector.key_id,
            "collector": self.collector.name,
            "client": self.client,
            "server_time": now,
            "ingest_url": ingest_url,
            "portal_key": portal_key,
        }


def create_claim(core: Session, tenant_id: int, name: str, by: int | None, now: int) -> str:
    """A code for one new collector, as `XXXX-XXXX-XXXX-XXXX`; it cannot be shown again.

    `by` is the user who asks, None for the command line.
    """
    if not name.strip():
        raise Invalid("Some fields need attention.", fields={"name": "A name is needed."})
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    core.add(
        Claim(
            code_hash=_hash(code),
            tenant_id=tenant_id,
            name=name.strip()[:80],
            created_by=by,
            created_at=now,
            expires_at=now + CLAIM_MS,
        )
    )
    core.flush()
    return "-".join(code[i : i + 4] for i in range(0, CODE_LENGTH, 4))


def find_claim(core: Session, tenant_id: int, code: str) -> Claim:
    """A client's claim by its code: `collector_id` says whether it was used; NotFound otherwise."""
    claim = core.scalar(
        select(Claim).where(Claim.code_hash == _hash(code), Claim.tenant_id == tenant_id)
    )
    if claim is None:
        raise NotFound("There is no such code.")
    return claim


def enrol(
    core: Session,
    code: str,
    public_key: str,
    proof: str,
    now: int,
    hostname: str = "",
    version: str = "",
) -> Enrolment:
    """Register the key of a new collector; `public_key` and `proof` are base64.

    A code works once. The same code with the same key gets the same answer while the code lives,
    because the first answer may have been lost. Raises Invalid (`bad_key`, `bad_proof`) or
    Forbidden (`bad_claim`), the same for unknown, used and expired codes.
    """
    key, signature = base64_bytes(public_key, 32), base64_bytes(proof, 64)
    if key is None:
        raise Invalid("The public key is malformed.", code="bad_key")
    if signature is None or not is_signed(
        key, signature, envelope.enrolment(_hash(code), public_key)
    ):
        raise Invalid("The proof does not show that the key is yours.", code="bad_proof")
    claim = core.scalar(select(Claim).where(Claim.code_hash == _hash(code)))
    if claim is None or claim.expires_at <= now:
        raise _bad_claim()
    tenant = core.get_one(Tenant, claim.tenant_id)
    if _take(core, claim, now):
        collector = _add(core, claim, key, now, hostname, version)
    else:
        collector = _enrolled_before(core, claim, key)
    return Enrolment(collector, tenant.name)


def listing(core: Session, tenant_id: int) -> Sequence[Collector]:
    """A client's collectors, by name, the revoked ones last."""
    statement = select(Collector).where(Collector.tenant_id == tenant_id)
    return core.scalars(statement.order_by(Collector.status, Collector.name, Collector.id)).all()


def find(core: Session, tenant_id: int, collector_id: int) -> Collector:
    """A client's collector; NotFound when it is somebody else's, too."""
    collector = core.get(Collector, collector_id)
    if collector is None or collector.tenant_id != tenant_id:
        raise NotFound("There is no such collector.")
    return collector


def wish_standing(collector: Collector) -> str:
    """How far what was asked of it has come: `none`, `asked`, `applied` or `refused`."""
    if not collector.wish_revision:
        return "none"
    if collector.wish_heard != collector.wish_revision:
        return "asked"
    if collector.wish_refused:
        return "refused"
    return "applied" if collector.wish else "none"


def revoke(core: Session, tenant_id: int, collector_id: int) -> Collector:
    """Take a collector's keys back, at once. NotFound when it is not this client's."""
    collector = find(core, tenant_id, collector_id)
    collector.status = "revoked"
    core.flush()
    return collector


def to_json(collector: Collector) -> dict[str, str | int | None]:
    """A collector as the API shows it."""
    return {
        "id": collector.id,
        "name": collector.name,
        "status": collector.status,
        "hostname": collector.hostname,
        "version": collector.version,
        "created_at": collector.created_at,
        "last_seen": collector.last_seen,
        "queued": collector.queued,
        "clock_offset_ms": collector.clock_offset_ms,
        "rejected": collector.rejected,
        "last_rejection": collector.last_rejection,
        "key_since": collector.key_since or collector.created_at,
        "rotation_asked": collector.rotation_asked,
        "sending": collector.wish,
        "sending_status": wish_standing(collector),
        "thinned": collector.thinned,
        "lost": collector.lost,
    }


def contact_due(collector: Collector, rejected: Sequence[Outcome], now: int) -> bool:
    """Whether a push has to be noted: not each one is worth a write."""
    return bool(rejected) or not 0 <= now - (collector.last_seen or 0) < CONTACT_MS


def heard_lately(core: Session, now: int) -> int:
    """How many collectors of all clients spoke within the last hour."""
    spoke = select(func.count(Collector.id)).where(Collector.last_seen > now - HOUR_MS)
    return core.scalar(spoke) or 0


def note_contact(
    core: Session,
    collector: Collector,
    agent: Agent,
    rejected: Sequence[Outcome],
    timestamp: int,
    now: int,
) -> None:
    """Write what a push says of its collector."""
    values = {
        "last_seen": now,
        "queued": agent.queued,
        "version": agent.version or collector.version,
        # The time stamp is a whole second: on average half of it had passed.
        "clock_offset_ms": timestamp * 1000 + 500 - now,
        "wish_heard": min(agent.wish, MAX_REVISION),
        "wish_refused": agent.refused or None,
        "thinned": agent.thinned,
        "lost": agent.lost,
    }
    if rejected:
        last = rejected[-1]
        values["rejected"] = Collector.rejected + len(rejected)
        values["last_rejection"] = f"{last.reason}: {last.asset or '?'}"[:MAX_REASON]
    statement = update(Collector).where(Collector.id == collector.id).values(values)
    core.execute(statement, execution_options=IN_PASSING)


def note_refusal(core: Session, collector_id: int, code: str) -> None:
    """Write that a whole batch was refused."""
    values = {"rejected": Collector.rejected + 1, "last_rejection": code[:MAX_REASON]}
    statement = update(Collector).where(Collector.id == collector_id).values(values)
    core.execute(statement, execution_options=IN_PASSING)


def _hash(code: str) -> str:
    return sha256(envelope.normalise_code(code).encode()).hexdigest()


def _bad_claim() -> Forbidden:
    return Forbidden("This code is unknown, used or expired.", code="bad_claim")


def _take(core: Session, claim: Claim, now: int) -> bool:
    """Whether we are the one who uses the code: the database decides between two at once."""
    unused = update(Claim).where(Claim.id == claim.id, Claim.used_at.is_(None))
    return core.execute(unused.values(used_at=now)).rowcount == 1


def _add(
    core: Session, claim: Claim, key: bytes, now: int, hostname: str, version: str
) -> Collector:
    collector = Collector(
        tenant_id=claim.tenant_id,
        key_id=secrets.token_hex(10),
        public_key=key,
        name=claim.name,
        hostname=hostname[:120],
        version=version[:32],
        created_at=now,
    )
    core.add(collector)
    core.flush()
    claim.collector_id = collector.id
    core.flush()
    return collector


def _enrolled_before(core: Session, claim: Claim, key: bytes) -> Collector:
    core.refresh(claim)
    collector = core.get(Collector, claim.collector_id) if claim.collector_id else None
    if collector is None or collector.public_key != key or collector.status != "active":
        raise _bad_claim()
    return collector
