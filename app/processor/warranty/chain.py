"""The chain of a battery's day records: added to each night, never rewritten.

A day that more readings reached later gets a second record that names the one it corrects. Entries
are rows of the same table that keeps what the computations concluded. The signing key is derived
from the platform's, so that one public key checks the files of every client.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clients.models import Battery
from app.core.crypto import derive
from app.database.vault import CORE
from app.processor.analytics.models import AnalyticDay, AnalyticResult

from .verify import FORMAT, START, head_text, link

CODE = "warranty_chain"
"""Of the rows that hold entries; no computation is called so."""
EVIDENCE = "warranty"


def seal(session: Session, asset_id: int, days: Iterable[AnalyticDay], now: int) -> int:
    """Add the records that are not in the chain yet, oldest first; says how many were added."""
    entries = _entries(session, asset_id)
    sealed = {entry["record"]["from"]: entry["record"] for entry in entries}
    battery = session.scalars(select(Battery.uid).where(Battery.id == asset_id)).one()
    previous = entries[-1]["hash"] if entries else START
    since, key, added = _latest(session, asset_id), signing_key(session), 0
    for day in days:
        record = _record(day)
        if record is None or _same(sealed.get(day.start), record):
            continue
        record |= {"n": len(entries) + added + 1, "battery": battery}
        if day.start in sealed:
            record["corrects"] = sealed[day.start]["n"]
        previous = link(previous, record)
        since, added = max(now, since + 1), added + 1
        signature = key.sign(bytes.fromhex(previous)).hex()
        entry = {"record": record, "hash": previous, "signature": signature}
        session.add(_row(asset_id, since, day, entry))
    session.flush()
    return added


def document(session: Session, asset_id: int) -> dict[str, Any]:
    """The evidence file of one battery, as `verify.py` reads it."""
    entries = _entries(session, asset_id)
    battery = session.scalars(select(Battery.uid).where(Battery.id == asset_id)).one()
    key = signing_key(session)
    head = entries[-1]["hash"] if entries else START
    return {
        "format": FORMAT,
        "battery": battery,
        "key": key.public_key().public_bytes_raw().hex(),
        "entries": entries,
        "count": len(entries),
        "head": head,
        "signature": key.sign(head_text(battery, len(entries), head)).hex(),
    }


def signing_key(session: Session) -> Ed25519PrivateKey:
    """The platform's key for warranty evidence; its public half is for everybody."""
    seed = derive(session.info["vault"].chain_key(CORE), "tbms|warranty")
    return Ed25519PrivateKey.from_private_bytes(seed)


def _record(day: AnalyticDay) -> dict[str, Any] | None:
    found = day.evidence.get(EVIDENCE)
    return dict(found[1]) if found else None


def _same(sealed: dict[str, Any] | None, record: dict[str, Any]) -> bool:
    return sealed is not None and all(sealed.get(name) == value for name, value in record.items())


def _entries(session: Session, asset_id: int) -> Sequence[dict[str, Any]]:
    statement = (
        select(AnalyticResult.result)
        .where(AnalyticResult.asset_id == asset_id, AnalyticResult.code == CODE)
        .order_by(AnalyticResult.since)
    )
    return session.scalars(statement).all()


def _latest(session: Session, asset_id: int) -> int:
    statement = (
        select(AnalyticResult.since)
        .where(AnalyticResult.asset_id == asset_id, AnalyticResult.code == CODE)
        .order_by(AnalyticResult.since.desc())
        .limit(1)
    )
    return session.scalars(statement).first() or 0


def _row(asset_id: int, since: int, day: AnalyticDay, entry: dict[str, Any]) -> AnalyticResult:
    return AnalyticResult(
        asset_id=asset_id,
        code=CODE,
        since=since,
        until=since,
        version=1,
        first=day.start,
        samples=day.samples,
        quality=day.quality,
        level="",
        result=entry,
    )
