"""A batch into a client's database: all of it in one transaction, each block at most once.

The transaction first takes the client's live revision, so that the pushes of one client queue up;
after that its statements are few and do not depend on how many batteries report (see the tests for
the number).
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Select, and_, bindparam, insert, select
from sqlalchemy.orm import Session

from app.clients.catalogue import resolve_asset
from app.clients.models import Asset
from app.database.prepared import Prepared, prepare
from app.errors import Conflict
from app.processor import history, live, revision
from app.processor.alerts import engine
from app.processor.ledger import Ledgers
from app.processor.models import BlockLedger, BlockSource, IngestBatch, LiveReading
from collector.wire import strict_json
from collector.wire.envelope import ACCEPTED, DUPLICATE, REJECTED, Batch, Outcome
from collector.wire.reading import Reading, tidy

from .judgement import fault_of, plausible

STORED, REPEATED = "stored", "duplicate"

_Judged = Sequence[tuple[Any, str | None]]
"""Items of a batch, each with its fault."""


_SOURCE = prepare(
    BlockSource,
    select(BlockSource.id, IngestBatch.digest, IngestBatch.outcomes)
    .outerjoin(
        IngestBatch,
        and_(IngestBatch.source_id == BlockSource.id, IngestBatch.seq == bindparam("seq")),
    )
    .where(
        BlockSource.collector_id == bindparam("collector"), BlockSource.epoch == bindparam("epoch")
    ),
)
_BATCH = ("source_id", "seq", "digest", "received_at", "outcomes")
_RECORD = prepare(
    IngestBatch, insert(IngestBatch).values({name: bindparam(name) for name in _BATCH})
)


def _assets_named(_: str, size: int) -> Select:
    """What is known of so many assets: number, reader, ledger of one source, live reading's age."""
    return (
        select(
            Asset.uid,
            Asset.id,
            Asset.collector_id,
            BlockLedger.ranges,
            LiveReading.ts,
            LiveReading.interval_ms,
        )
        .outerjoin(
            BlockLedger,
            and_(BlockLedger.asset_id == Asset.id, BlockLedger.source_id == bindparam("source")),
        )
        .outerjoin(LiveReading, LiveReading.asset_id == Asset.id)
        .where(Asset.uid.in_([bindparam(f"uid{i}") for i in range(size)]))
    )


_ASSETS = Prepared(Asset, _assets_named)


@dataclass(frozen=True, slots=True)
class Origin:
    """What identifies a batch within a client."""

    collector_id: int
    epoch: str
    seq: int
    digest: str


@dataclass(frozen=True, slots=True)
class Known:
    """The assets of a batch: ids by name, and of each id its ledger and its live reading's
    time and interval, as far as there are any. `discovered`: one of them is new."""

    ids: dict[str, int]
    ledgers: dict[int, str]
    live: dict[int, tuple[int, int]]
    discovered: bool


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
    known = _known(session, uids, source, origin.collector_id)
    block_outcomes = () if source is None else _keep(session, source, known, blocks)
    live_outcomes, changed = _show(session, origin, known, readings, blocks, now)
    number = revision.advance(session, held) if changed or known.discovered else None
    stored = Stored(STORED, block_outcomes, live_outcomes, number)
    if source is not None:
        _record(session, source, origin, stored, now)
    return stored


def _source(session: Session, origin: Origin, batch: Batch) -> int | Stored:
    """The id of the spool this batch comes from, or the answer it was given before."""
    named = {"collector": origin.collector_id, "epoch": origin.epoch, "seq": origin.seq}
    found = _SOURCE.rows(session, named)
    if not found:
        source = BlockSource(collector_id=origin.collector_id, epoch=origin.epoch)
        session.add(source)
        session.flush()
        return source.id
    source_id, digest, earlier = found[0]
    if digest is None:
        return source_id
    if digest != origin.digest:
        raise Conflict(
            "Another batch was stored under this sequence: is this collector a copy?",
            code="sequence_reused",
        )
    outcomes = tuple(Outcome(**item) for item in json.loads(earlier))
    return Stored(REPEATED, outcomes[: len(batch.blocks)], outcomes[len(batch.blocks) :])


def _known(session: Session, uids: set[str], source_id: int | None, collector_id: int) -> Known:
    """What the database knows of the assets of these names; new ones are made."""
    known = Known({}, {}, {}, False)
    if not uids:
        return known
    named = sorted(uids)
    size = 1 << (len(named) - 1).bit_length()  # few sizes, so that few statements are prepared
    values = {f"uid{i}": named[min(i, len(named) - 1)] for i in range(size)}
    found = _ASSETS.rows(session, {**values, "source": source_id}, size)
    for uid, asset_id, reader, ranges, ts, interval in found:
        if reader == collector_id:
            known.ids[uid] = asset_id
        if ranges is not None:
            known.ledgers[asset_id] = ranges
        if ts is not None:
            known.live[asset_id] = ts, interval
    discovered = False
    for uid in named:
        if uid not in known.ids:
            asset, created = resolve_asset(session, uid, collector_id)
            known.ids[uid] = asset.id
            discovered = discovered or created
    return replace(known, discovered=discovered)


def _keep(session: Session, source_id: int, known: Known, blocks: _Judged) -> tuple[Outcome, ...]:
    """Blocks into the history, each unless the ledger knows it."""
    ledgers, assets = Ledgers(source_id, known.ledgers), known.ids
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
    ledgers.write(session)
    history.append_all(session, source_id, fresh)
    return tuple(outcomes)


def _show(
    session: Session,
    origin: Origin,
    known: Known,
    readings: _Judged,
    blocks: _Judged,
    now: int,
) -> tuple[tuple[Outcome, ...], set[int]]:
    """Live readings into the live table; their outcomes, and the assets that changed.

    `duplicate` means that something as new was known. A battery that only blocks speak of is shown
    by the last reading of its newest one.
    """
    assets = known.ids
    tidied = [None if fault else tidy(item) for item, fault in readings]
    newest = _newest(reading for reading, _ in filter(None, tidied))
    silent = [block for block, fault in blocks if fault is None and block.asset not in newest]
    newest |= _newest(tidy(block.last())[0] for block in silent)
    wanted = {assets[uid]: reading for uid, reading in newest.items()}
    standings = engine.prepare(session, wanted) if wanted else {}
    changed = live.apply_all(session, wanted, known.live, now, origin.collector_id)
    engine.evaluate(session, standings, {i: wanted[i] for i in sorted(changed)}, now)
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
        "outcomes": strict_json.dumps(
            [outcome.to_json() for outcome in (*stored.blocks, *stored.live)]
        ).decode(),
    }
    _RECORD.each(session, [row])
