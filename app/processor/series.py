"""Series: what a chart draws of one asset's history, whatever chunks it lies in."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Row as Found
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import Invalid
from collector.wire.errors import WireError
from collector.wire.metrics import METRICS
from collector.wire.reading import parse_code

from .buckets import Buckets, Part, raw_rows, step_for
from .chunks import Chunk, ChunkError, Key
from .derived import derived
from .history import Row
from .models import DAMAGED, HistoryChunk

MAX_POINTS = 5_000
MAX_METRICS = 64
MAX_READINGS = 5_000_000
"""Most readings behind one chart."""
FETCHED = 64
"""Chunks fetched at a time."""
GATHERED = 50_000
"""Readings thinned at a time."""

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


def draw(
    session: Session, asset_id: int, metrics: Sequence[str], start: int, end: int, points: int
) -> Series:
    """What `history.series` promises."""
    keys = _keys(metrics)
    if not 0 <= start < end or not 2 <= points <= MAX_POINTS:
        raise Invalid("The period or the number of points is not possible.", code="bad_range")
    found = _chunks(session, asset_id, start, end)
    parts = _parts(session, asset_id, keys, start, end, [row.start for row in found])
    if _expected(found, start, end) <= points:
        whole = _joined(keys, list(parts))
        rows = raw_rows(whole)
        if all(len(each) <= points for each in rows.values()):
            return Series(start, end, 0, rows)
        parts = iter((whole,))
    buckets = Buckets(tuple(keys), start, end, step_for(start, end, points))
    for part in _gathered(keys, parts):
        buckets.add(part)
    return Series(start, end, buckets.step, buckets.rows())


def _keys(metrics: Sequence[str]) -> dict[str, Key]:
    if not 1 <= len(metrics) <= MAX_METRICS:
        raise Invalid("Ask for one to %(most)s metrics.", code="bad_metric", most=MAX_METRICS)
    return {text: _key(text) for text in metrics}


def _key(text: str) -> Key:
    code, _, element = text.partition(".")
    try:
        parse_code(code, array=bool(element))
        if element and not (element.isascii() and element.isdigit() and len(element) < 5):
            raise WireError("bad_metric", text[:48])
    except WireError:
        raise Invalid(
            "There is no metric %(metric)s.", code="unknown_metric", metric=text[:48]
        ) from None
    return code, int(element) if element else None


def _overlapping(statement: Any, asset_id: int, start: int, end: int) -> Any:
    return statement.where(
        HistoryChunk.asset_id == asset_id,
        HistoryChunk.end >= start,
        HistoryChunk.start < end,
        HistoryChunk.kind != DAMAGED,
    )


def _chunks(session: Session, asset_id: int, start: int, end: int) -> Sequence[Found]:
    """Start, end and count of the chunks that reach into the range, in order of time."""
    columns = select(HistoryChunk.start, HistoryChunk.end, HistoryChunk.count)
    chosen = _overlapping(columns, asset_id, start, end).order_by(HistoryChunk.start)
    return session.execute(chosen).all()


def _expected(found: Sequence[Found], start: int, end: int) -> float:
    """About how many readings there are: chunks that reach beyond the range count in part."""
    expected = 0.0
    for first, last, count in found:
        inside = min(last, end) - max(first, start)
        expected += count * inside / (last - first) if last > first else count
    if expected > MAX_READINGS:
        raise Invalid("This period holds too many readings for one chart.", code="range_too_wide")
    return expected


def _parts(
    session: Session,
    asset_id: int,
    keys: dict[str, Key],
    start: int,
    end: int,
    starts: Sequence[int],
) -> Iterator[Part]:
    """The full-resolution source of `draw`, a part per chunk; coarser tiers will be others.

    Chunks are fetched a few at a time: a wide battery's are large, and most columns are not asked
    for.
    """
    distinct = sorted(set(starts))
    for i in range(0, len(distinct), FETCHED):
        page = distinct[i : i + FETCHED]
        chosen = _overlapping(select(HistoryChunk.data), asset_id, start, end).where(
            HistoryChunk.start >= page[0], HistoryChunk.start <= page[-1]
        )
        for data in session.scalars(chosen.order_by(HistoryChunk.start)):
            if part := _part(asset_id, data, keys, start, end):
                yield part


def _part(asset_id: int, data: bytes, keys: dict[str, Key], start: int, end: int) -> Part | None:
    try:
        chunk = Chunk(data)
    except ChunkError as error:  # shown as the gap it is; sealing sets the chunk aside
        log.error("asset %s: a chunk cannot be read: %s", asset_id, error)
        return None
    times = np.asarray(chunk.times, dtype=np.int64)
    inside = slice(*np.searchsorted(times, (start, end)).tolist())
    values = {text: _values(chunk, key)[inside] for text, key in keys.items()}
    return Part(times[inside], values, values, values)


def _gathered(keys: dict[str, Key], parts: Iterator[Part]) -> Iterator[Part]:
    """Small parts joined into large ones, which cost the same to thin as one small one."""
    waiting, size = [], 0
    for part in parts:
        waiting.append(part)
        size += len(part.times)
        if size >= GATHERED:
            yield _joined(keys, waiting)
            waiting, size = [], 0
    if waiting:
        yield _joined(keys, waiting)


def _values(chunk: Chunk, key: Key) -> np.ndarray:
    if key in chunk or key[1] is not None or key[0] not in METRICS:
        return chunk.array(key)
    return derived(chunk, key[0])


def _joined(keys: dict[str, Key], parts: list[Part]) -> Part:
    """One part in order of time; of two readings at one instant the later chunk's stays."""
    if not any(len(part.times) for part in parts):
        empty = np.empty(0)
        values = dict.fromkeys(keys, empty)
        return Part(empty.astype(np.int64), values, values, values)
    times = np.concatenate([part.times for part in parts])
    order = np.argsort(times, kind="stable")
    ordered = times[order]
    kept = order[np.append(np.diff(ordered) > 0, True)]
    values = {text: np.concatenate([part.means[text] for part in parts])[kept] for text in keys}
    return Part(times[kept], values, values, values)
