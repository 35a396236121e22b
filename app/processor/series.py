"""Series: what a chart draws of one asset's history, whatever chunks and tiers it lies in."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from .bands import Stat, chained
from .buckets import Buckets, Part, edges_for, raw_rows
from .chunks import Chunk, ChunkError
from .days import DAY_MS, zone_of
from .history import Row
from .models import HistoryChunk
from .plan import Plan, Stretch, list_chunks, readable
from .readings import instants, statistics, values
from .shelf import read
from .weighing import HOUR_MS

GATHERED = 100_000
"""About how many readings are thinned at a time."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Series:
    """Rows `[t, lowest, mean, highest]` per metric; see `buckets`.

    `step_ms` is a bucket's width, 0 when the rows are single readings.
    """

    start: int
    end: int
    step_ms: int
    metrics: dict[str, list[Row]]

    def to_json(self) -> dict[str, Any]:
        return {
            "from": self.start,
            "to": self.end,
            "step_ms": self.step_ms,
            "metrics": self.metrics,
        }


def drawn(session: Session, plan: Plan) -> Series:
    """The rows of a plan."""
    step, edges = plan.step, plan.edges
    if not step:
        parts = list(_parts(session, plan))
        rows = raw_rows(_one(plan, parts))
        if all(len(each) <= plan.points for each in rows.values()):
            return Series(plan.start, plan.end, 0, rows)
        zone = zone_of(session, plan.asset_id)
        step, edges = edges_for(plan.start, plan.end, plan.points, zone)
    else:
        parts = _parts(session, plan)
    buckets = Buckets(tuple(plan.keys), edges)
    for part in parts:
        buckets.add(part)
    return Series(plan.start, plan.end, step, buckets.rows())


def _parts(session: Session, plan: Plan) -> Iterator[Part]:
    for stretch in plan.stretches:
        if stretch.tier is None:
            yield from _readings(session, plan, stretch)
        elif part := _buckets(session, plan, stretch):
            yield part


def _buckets(session: Session, plan: Plan, stretch: Stretch) -> Part | None:
    wanted = set(plan.keys.values())
    band = read(
        session, plan.asset_id, stretch.tier, stretch.start, stretch.end, wanted.__contains__
    )
    if band is None:
        return None
    stats = {text: band.stats[key] for text, key in plan.keys.items() if key in band.stats}
    return Part(band.times, band.times + stretch.tier.width, stats)


def _readings(session: Session, plan: Plan, stretch: Stretch) -> Iterator[Part]:
    """The readings of a stretch, some whole days at a time; hours are fetched whole."""
    low, high = stretch.start, stretch.end
    while low < high:
        until = min(high, _until(session, plan.asset_id, low, high))
        if part := _gathered(session, plan, low, until):
            yield part
        low = until


def _until(session: Session, asset_id: int, low: int, high: int) -> int:
    """How far to go at once: as many days as hold about `GATHERED` readings."""
    day = low // DAY_MS * DAY_MS + DAY_MS
    if day >= high:
        return high
    found = sum(row.count for row in list_chunks(session, asset_id, low, min(day, high)))
    return day + DAY_MS * min(GATHERED // max(found, 1), 30)


def _gathered(session: Session, plan: Plan, low: int, high: int) -> Part | None:
    chunks = chunks_of(session, plan.asset_id, low, high)
    found = instants(chunks, low, high)
    if not len(found):
        return None
    series = values(chunks, found.chosen, plan.keys.values())
    stats = {text: statistics(series[key], found, key) for text, key in plan.keys.items()}
    usual = float(np.median(np.diff(found.times))) if len(found) > 1 else None
    return Part(found.times, found.times, stats, usual)


def chunks_of(session: Session, asset_id: int, start: int, end: int) -> list[Chunk]:
    """All that reaches into the hours touched by a range, as `instants` wants it: of two readings
    at one instant the later chunk's is the one that stays. What cannot be read is missing."""
    wide = start // HOUR_MS * HOUR_MS, -(-end // HOUR_MS) * HOUR_MS
    rows = readable(select(HistoryChunk.data), asset_id, *wide).order_by(
        HistoryChunk.kind.desc(), HistoryChunk.source, HistoryChunk.seq
    )
    return [chunk for data in session.scalars(rows) if (chunk := _opened(asset_id, data))]


def _opened(asset_id: int, data: bytes) -> Chunk | None:
    try:
        return Chunk(data)
    except ChunkError as error:  # shown as the gap it is; sealing sets the chunk aside
        log.error("asset %s: a chunk cannot be read: %s", asset_id, error)
        return None


def _one(plan: Plan, parts: Sequence[Part]) -> Part:
    """Readings that fit into one answer, as one part."""
    if len(parts) == 1:
        return parts[0]
    none = np.empty(0, np.int64)
    times = np.concatenate([none, *(part.times for part in parts)])
    nothing = Stat(none, none, none, none, none)
    stats = {}
    for text in plan.keys:
        found = [(part.stats[text], len(part.times)) for part in parts]
        stats[text] = chained(found) or nothing
    return Part(times, times, stats)
