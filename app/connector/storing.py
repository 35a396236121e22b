"""A batch into a client's database: all of it in one transaction, each block at most once.

The transaction first takes the client's live revision, so that the pushes of one client queue up;
after that its statements are few and do not depend on how many batteries report (see the tests for
the number).
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, insert, select
from sqlalchemy.orm import Session

from app.clients.catalogue import resolve_asset
from app.clients.models import Asset
from app.errors import Conflict
from app.processor import history, live, revision
from app.processor.ledger import Ledgers
from app.processor.models import BlockSource, IngestBatch
from collector.wire.envelope import ACCEPTED, DUPLICATE, REJECTED, Batch, Outcome
from collector.wire.reading import Reading, tidy

from .judgement import fault_of, plausible

STORED, REPEATED = "stored", "duplicate"

_Judged = Sequence[tuple[Any, str | None]]
"""Items of a batch, each with its fault."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What identifies a batch within a client."""

    collector_id: int
    epoch: str
    seq: int
    digest: str


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a batch; `status` as in a receipt.

    `revision` is None when no page has anything new to show.
    """

    status: str
    blocks: tuple[Outcome, ...]
    live: tuple[Outcome, ...]
    revision: int | None = None

    @property
    def rejected(self) -> list[Outcome]:
        """What was rejected now; a repeat is not counted again."""
        if self.status != STORED:
            return []
        return [item for item in (*self.blocks, *self.live) if item.outcome == REJECTED]


def store(session: Session, origin: Origin, batch: Batch, now: int) -> Stored:
    """Store a batch, or say what became of it when it was stored before.

    Raises Conflict (`sequence_reused`) when other bytes were stored under its sequence. The caller
    commits, and repeats the whole when the database gave up on it: nothing happens twice.
    """
    held = revision.hold(session)
    source = _source(session, origin, batch) if batch.blocks else None
    if isinstance(source, Stored):
        return source
    blocks = [(item, fault_of(item, now)) for item in batch.blocks]
    readings = [(item, fault_of(item, now)) for item in batch.live]
    uids = {item.asset for item, fault in (*blocks, *readings) if fault is None}
    assets, discovered = _assets(session, uids, origin.collector_id)
    block_outcomes = () if source is None else _keep(session, source, assets, blocks)
    live_outcomes, changed = _show(session, origin, assets, readings, blocks, now)
    number = revision.advance(session, held) if changed or discovered else None
    stored = Stored(STORED, block_outcomes, live_outcomes, number)
    if source is not None:
        _record(session, source, origin, stored, now)
    return stored


def _source(session: Session, origin: Origin, batch: Batch) -> int | Stored:
    """The id of the spool this batch comes from, or the answer it was given before."""
    found = session.execute(
        select(BlockSource.id, IngestBatch.digest, IngestBatch.outcomes)
        .outerjoin(
            IngestBatch,
            and_(IngestBatch.source_id == BlockSource.id, IngestBatch.seq == origin.seq),
        )
        .where(BlockSource.collector_id == origin.collector_id, BlockSource.epoch == origin.epoch)
    ).one_or_none()
    if found is None:
        source = BlockSource(collector_id=origin.collector_id, epoch=origin.epoch)
        session.add(source)
        session.flush()
        return source.id
    source_id, digest, earlier = found
    if digest is None:
        return source_id
    if digest != origin.digest:
        raise Conflict(
            "Another batch was stored under this sequence: is this collector a copy?",
            code="sequence_reused",
        )
    outcomes = tuple(Outcome(**item) for item in earlier)
    return Stored(REPEATED, outcomes[: len(batch.blocks)], outcomes[len(batch.blocks) :])


def _assets(session: Session, uids: set[str], collector_id: int) -> tuple[dict[str, int], bool]:
    """Asset id per uid, and whether a new battery turned up."""
    if not uids:
        return {}, False
    known = select(Asset.uid, Asset.id, Asset.collector_id).where(Asset.uid.in_(sorted(uids)))
    ids, discovered = {}, False
    for uid, asset_id, reader in session.execute(known):
        if reader == collector_id:
            ids[uid] = asset_id
    for uid in sorted(uids - set(ids)):
        asset, created = resolve_asset(session, uid, collector_id)
        ids[uid] = asset.id
        discovered = discovered or created
    return ids, discovered


def _keep(
    session: Session, source_id: int, assets: Mapping[str, int], blocks: _Judged
) -> tuple[Outcome, ...]:
    """Blocks into the history, each unless the ledger knows it."""
    ledgers = Ledgers(session, source_id, set(assets.values()))
    outcomes, fresh = [], []
    for block, fault in blocks:
        if fault:
            outcomes.append(Outcome(block.asset, block.seq, REJECTED, fault))
        elif not ledgers.add(assets[block.asset], block.seq):
            outcomes.append(Outcome(block.asset, block.seq, DUPLICATE))
        else:
            kept, dropped = plausible(block)
            fresh.append((assets[block.asset], kept))
            outcomes.append(Outcome(block.asset, block.seq, ACCEPTED, dropped=dropped))
    ledgers.write()
    history.append_all(session, source_id, fresh)
    return tuple(outcomes)


def _show(
    session: Session,
    origin: Origin,
    assets: Mapping[str, int],
    readings: _Judged,
    blocks: _Judged,
    now: int,
) -> tuple[tuple[Outcome, ...], set[int]]:
    """Live readings into the live table; their outcomes, and the assets that changed.

    `duplicate` means that something as new was known. A battery that only blocks speak of is shown
    by the last reading of its newest one.
    """
    tidied = [None if fault else tidy(item) for item, fault in readings]
    newest = _newest(reading for reading, _ in filter(None, tidied))
    silent = [block for block, fault in blocks if fault is None and block.asset not in newest]
    newest |= _newest(tidy(deque(block.readings(), maxlen=1)[0])[0] for block in silent)
    wanted = {assets[uid]: reading for uid, reading in newest.items()}
    changed = live.apply_all(session, wanted, now, origin.collector_id) if wanted else set()
    outcomes = []
    for (item, fault), kept in zip(readings, tidied, strict=True):
        if fault:
            outcomes.append(Outcome(item.asset, None, REJECTED, fault))
            continue
        reading, dropped = kept
        shown = newest[item.asset] is reading and assets[item.asset] in changed
        verdict = ACCEPTED if shown else DUPLICATE
        outcomes.append(Outcome(item.asset, None, verdict, dropped=len(dropped)))
    return tuple(outcomes), changed


def _newest(readings: Iterable[Reading]) -> dict[str, Reading]:
    """The newest reading per asset uid."""
    newest: dict[str, Reading] = {}
    for reading in readings:
        if reading.asset not in newest or reading.ts > newest[reading.asset].ts:
            newest[reading.asset] = reading
    return newest


def _record(session: Session, source_id: int, origin: Origin, stored: Stored, now: int) -> None:
    """Remember the batch and what became of it."""
    row = {
        "source_id": source_id,
        "seq": origin.seq,
        "digest": origin.digest,
        "received_at": now,
        "outcomes": [outcome.to_json() for outcome in (*stored.blocks, *stored.live)],
    }
    session.execute(insert(IngestBatch), [row])
