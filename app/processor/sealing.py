"""Sealing: the hot chunks of one asset and period become one, in one transaction.

A late block simply lands in a sealed period again and is merged with it by the next run, so
running twice changes nothing and nothing is ever too late. Of a slow device several sealed chunks
become one again once their day is over: long columns compress better, and a database gives a large
blob fewer half-empty pages. No chunk is wider, because retention lets whole chunks go.
"""

import logging

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from .backlog import mark_changed
from .chunks import Chunk, ChunkError
from .days import DAY_MS
from .merge import PIECE_NUMBERS, merge
from .models import DAMAGED, HOT, SEALED, HistoryChunk

SEALED_MS = 6 * 3_600_000
"""What a sealed chunk covers: long enough to compress well, short enough for an hour's chart."""

FULL = 43_200
"""Readings that a chunk of a day holds at most: no more than a chart of an hour can bear."""

log = logging.getLogger(__name__)


def seal_periods(session: Session, before: int, periods: int) -> int:
    """What `history.seal` promises.

    A chunk that cannot be read is set aside as it is, loudly, and does not keep the others from
    being sealed.
    """
    found = _unsealed(session, before // SEALED_MS * SEALED_MS, periods)
    for asset_id, start in found:
        _seal_period(session, asset_id, start)
        day = start // DAY_MS * DAY_MS
        for low in (day - DAY_MS, day):  # the one before may have ended in silence
            if low + DAY_MS <= before:
                _unite(session, asset_id, low)
    return len(found)


def _unsealed(session: Session, cutoff: int, limit: int) -> list[tuple[int, int]]:
    period = HistoryChunk.start - HistoryChunk.start % SEALED_MS
    statement = (
        select(HistoryChunk.asset_id, period.label("period"))
        .where(HistoryChunk.kind == HOT, HistoryChunk.start < cutoff)
        .distinct()
        .order_by("period", HistoryChunk.asset_id)
        .limit(limit)
    )
    return [(asset_id, start) for asset_id, start in session.execute(statement)]


def _seal_period(session: Session, asset_id: int, start: int) -> None:
    rows = session.scalars(
        select(HistoryChunk)
        .where(
            HistoryChunk.asset_id == asset_id,
            HistoryChunk.start >= start,
            HistoryChunk.start < start + SEALED_MS,
            HistoryChunk.kind != DAMAGED,
        )
        # What was sealed first, then hot chunks as they were made: the later one wins an instant.
        .order_by(HistoryChunk.kind.desc(), HistoryChunk.source, HistoryChunk.seq)
    ).all()
    readable = [(row, chunk) for row in rows if (chunk := _opened(row))]
    fresh = [row for row in rows if row.kind != SEALED]
    mark_changed(session, asset_id, start, max((row.end for row in fresh), default=start))
    if not readable:
        return
    _replace(session, asset_id, start // SEALED_MS, readable)


def _unite(session: Session, asset_id: int, low: int) -> None:
    """Make one chunk of those of a day, unless that would be too large a one."""
    mine = (
        HistoryChunk.asset_id == asset_id,
        HistoryChunk.kind == SEALED,
        HistoryChunk.start >= low,
        HistoryChunk.start < low + DAY_MS,
    )
    many, count = session.execute(
        select(func.count(), func.sum(HistoryChunk.count)).where(*mine)
    ).one()
    if many < 2 or count > FULL:
        return
    order = HistoryChunk.source, HistoryChunk.seq
    rows = session.scalars(select(HistoryChunk).where(*mine).order_by(*order)).all()
    readable = [(row, chunk) for row in rows if (chunk := _opened(row))]
    columns = {key for _, chunk in readable for key in chunk.keys}
    if len(readable) > 1 and count * len(columns) <= PIECE_NUMBERS:
        _replace(session, asset_id, readable[0][0].source, readable)


def _replace(
    session: Session, asset_id: int, period: int, found: list[tuple[HistoryChunk, Chunk]]
) -> None:
    """Put one chunk in the place of several."""
    merged = list(merge([chunk for _, chunk in found]))
    for row, _ in found:
        session.delete(row)  # one by one: a block that arrives meanwhile is not among them
    session.flush()
    session.add_all(_sealed(asset_id, period, i, data) for i, data in enumerate(merged))
    session.flush()


def _opened(row: HistoryChunk) -> Chunk | None:
    try:
        chunk = Chunk(row.data)
        chunk.check()
    except ChunkError as error:
        log.error("asset %s: chunk at %s set aside: %s", row.asset_id, row.start, error)
        row.kind = DAMAGED
        return None
    return chunk


def _sealed(asset_id: int, period: int, piece: int, data: bytes) -> HistoryChunk:
    chunk = Chunk(data)
    return HistoryChunk(
        asset_id=asset_id,
        start=chunk.start,
        kind=SEALED,
        source=period,
        seq=piece,
        end=chunk.end,
        count=chunk.count,
        data=data,
    )
