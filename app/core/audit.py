"""The audit trail: append only, each entry chained to the one before it.

Every client has a chain, and the platform has one (scope 0). An entry's `mac` covers the entry and
the mac before it, with a key that no database holds in the clear, so whoever can write to the
database can destroy the trail and cannot rewrite it unseen. The head of a chain is sealed as well:
a cut tail shows. Addresses of computers are covered through a digest of their own, and may be
shortened later; the oldest entries may be removed, and the chain then begins after them.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest, digest
from typing import Any

from sqlalchemy import Select, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.crypto import derive
from app.database.base import now_ms
from app.database.vault import CORE

from .models import AuditEntry, AuditHead, User

START = b"\0" * 32
"""What the first entry of a chain follows."""
DAY_MS = 86_400_000
KEPT_MS = 730 * DAY_MS
"""Two years: what a question about a season asks for, and the one before it."""
ADDRESSES_MS = 90 * DAY_MS
"""Addresses of computers are personal: after this long, only their network is kept."""
BATCH = 1000


@dataclass(frozen=True, slots=True)
class Finding:
    """What verifying a chain found. `n` is the first entry that is not as it was written."""

    scope: int
    entries: int
    n: int | None = None
    problem: str = ""

    @property
    def intact(self) -> bool:
        return not self.problem


@dataclass(frozen=True, slots=True)
class Anchor:
    """A chain's head as it was noted outside the database."""

    scope: int
    n: int
    mac: str


def append(core: Session, entry: AuditEntry) -> AuditEntry:
    """Add an entry to the end of its chain, in the caller's transaction.

    The head's row is locked until the caller commits, so that no two entries follow the same one.
    """
    key = chain_key(core, entry.tenant_id)
    head = _locked_head(core, key, entry.tenant_id or CORE)
    entry.n = head.n + 1
    entry.at = entry.at or now_ms()
    entry.target, entry.detail = entry.target or "", entry.detail or {}
    entry.address, entry.request_id = entry.address or "", entry.request_id or ""
    entry.address_mac = _address_mac(key, entry.n, entry.address)
    entry.mac = _mac(key, head.mac, entry)
    head.n, head.mac = entry.n, entry.mac
    head.seal = _seal(key, head)
    core.add(entry)
    core.flush()
    return entry


def verify(core: Session, scope: int, anchors: Iterable[Anchor] = ()) -> Finding:
    """Recompute a chain from its first entry; names the first that was altered, added or lost."""
    key, head = chain_key(core, scope), core.get(AuditHead, scope, populate_existing=True)
    noted = {anchor.n: anchor.mac for anchor in anchors if anchor.scope == scope}
    if head is None:
        lost = bool(noted) or core.scalar(_chain(scope).limit(1)) is not None
        return Finding(scope, 0, 1 if lost else None, "the head is missing" if lost else "")
    if not compare_digest(head.seal, _seal(key, head)):
        return Finding(scope, 0, head.n, "the head was altered")
    n, mac = head.floor_n, head.floor_mac
    for entry in _entries(core, scope):
        n += 1
        if problem := _fault(key, n, mac, entry):
            return Finding(scope, n - head.floor_n, n, problem)
        if n in noted and noted[n] != entry.mac.hex():
            return Finding(scope, n - head.floor_n, n, "the entry is not the one that was anchored")
        mac = entry.mac
    count = n - head.floor_n
    if (n, mac) != (head.n, head.mac):
        return Finding(scope, count, n + 1, "entries are missing at the end")
    if later := [number for number in noted if number > n]:
        return Finding(scope, count, min(later), "anchored entries are missing at the end")
    return Finding(scope, count)


def prune(core: Session, scope: int, before: int) -> int:
    """Remove the entries older than `before`, and put a certificate of it in the chain.

    The certificate names how many went and the mac the chain now begins after.
    """
    key = chain_key(core, scope)
    head = _locked_head(core, key, scope)
    last = core.scalar(
        _chain(scope).where(AuditEntry.at < before).order_by(AuditEntry.n.desc()).limit(1)
    )
    if last is None:
        return 0
    removed = last.n - head.floor_n
    detail = {"entries": removed, "through": last.n, "mac": last.mac.hex(), "before": before}
    core.execute(delete(AuditEntry).where(_of(scope), AuditEntry.n <= last.n))
    head.floor_n, head.floor_mac = last.n, last.mac
    head.seal = _seal(key, head)
    core.flush()
    append(
        core,
        AuditEntry(
            tenant_id=scope or None, actor="system:retention", action="audit.prune", detail=detail
        ),
    )
    return removed


def shorten_addresses(core: Session, before: int) -> int:
    """Keep only the network of addresses written before `before`; chains stay as they were."""
    full = select(AuditEntry).where(
        AuditEntry.at < before, AuditEntry.address != "", AuditEntry.address.not_like("%/%")
    )
    entries = core.scalars(full.limit(BATCH)).all()
    for entry in entries:
        entry.address = network(entry.address)
    core.flush()
    return len(entries)


def network(address: str) -> str:
    """`203.0.113.7` → `203.0.113.0/24`; the first 48 bits of an IPv6 address."""
    from ipaddress import ip_address, ip_network

    try:
        bits = 24 if ip_address(address).version == 4 else 48
    except ValueError:
        return "?/0"
    return str(ip_network(f"{address}/{bits}", strict=False))


def heads(core: Session) -> list[Anchor]:
    """Every chain's head, to be noted outside the database."""
    found = core.scalars(select(AuditHead).order_by(AuditHead.scope))
    return [Anchor(head.scope, head.n, head.mac.hex()) for head in found]


def names(core: Session, entries: Iterable[AuditEntry]) -> dict[str, str]:
    """Who the people named by number in these entries are: `user:7` → an address."""
    mentioned = {name for entry in entries for name in (entry.actor, entry.target)}
    ids = {int(name[5:]) for name in mentioned if name.startswith("user:") and name[5:].isdecimal()}
    people = core.scalars(select(User).where(User.id.in_(ids)))
    return {f"user:{person.id}": person.email for person in people if person.email}


def chain_key(core: Session, scope: int | None) -> bytes:
    """The key of one chain."""
    return derive(core.info["vault"].chain_key(CORE), f"tbms|audit|{scope or CORE}")


def _of(scope: int):
    return AuditEntry.tenant_id == scope if scope else AuditEntry.tenant_id.is_(None)


def _chain(scope: int) -> Select[tuple[AuditEntry]]:
    return select(AuditEntry).where(_of(scope))


def _entries(core: Session, scope: int) -> Iterator[AuditEntry]:
    """A chain from its beginning, a piece at a time. Two of the same number both come."""
    n, id_ = -1, -1
    while True:
        after = (AuditEntry.n > n) | ((AuditEntry.n == n) & (AuditEntry.id > id_))
        piece = core.scalars(
            _chain(scope)
            .where(after)
            .order_by(AuditEntry.n, AuditEntry.id)
            .limit(BATCH)
            .execution_options(populate_existing=True)
        ).all()
        yield from piece
        if len(piece) < BATCH:
            return
        n, id_ = piece[-1].n, piece[-1].id


def _fault(key: bytes, n: int, before: bytes, entry: AuditEntry) -> str:
    if entry.n > n:
        return "the entry is missing"
    if entry.n < n:
        return "an entry was added"
    if not compare_digest(entry.mac, _mac(key, before, entry)):
        return "the entry was altered"
    whole = "/" not in entry.address
    if whole and entry.address_mac != _address_mac(key, n, entry.address):
        return "the address of the entry was altered"
    if not whole and now_ms() - entry.at < ADDRESSES_MS:
        return "the address of the entry was shortened too early"
    return ""


def _mac(key: bytes, before: bytes, entry: AuditEntry) -> bytes:
    said: dict[str, Any] = {
        "n": entry.n,
        "at": entry.at,
        "scope": entry.tenant_id or CORE,
        "actor": entry.actor,
        "action": entry.action,
        "target": entry.target,
        "detail": entry.detail,
        "address": entry.address_mac.hex(),
        "request": entry.request_id,
    }
    canonical = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return digest(key, before + canonical.encode(), sha256)


def _address_mac(key: bytes, n: int, address: str) -> bytes:
    return digest(key, f"address|{n}|{address}".encode(), sha256)[:16]


def _seal(key: bytes, head: AuditHead) -> bytes:
    said = f"head|{head.scope}|{head.n}|{head.mac.hex()}|{head.floor_n}|{head.floor_mac.hex()}"
    return digest(key, said.encode(), sha256)


def _locked_head(core: Session, key: bytes, scope: int) -> AuditHead:
    core.flush()
    locked = {"with_for_update": True, "populate_existing": True}
    head = core.get(AuditHead, scope, **locked)
    if head is None:
        head = AuditHead(scope=scope, n=0, mac=START, floor_n=0, floor_mac=START, seal=START)
        head.seal = _seal(key, head)
        try:
            with core.begin_nested():
                core.add(head)
        except IntegrityError:  # another request has begun this chain at the same moment
            head = core.get_one(AuditHead, scope, **locked)
    return head
