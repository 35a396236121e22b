"""Plans: from what a chart is drawn, before anything is decoded.

A range is cut into stretches of days. One whose roll-ups are compiled and true is read from the
widest tier that fits into the chart's step; any other from the readings themselves. What is no
longer kept finely makes the step as wide as it must be. A plan also knows everything its answer
depends on, which makes the answer's tag.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from sqlalchemy import Row as Found
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.errors import Invalid
from collector.wire.errors import WireError
from collector.wire.metrics import METRICS
from collector.wire.reading import parse_code

from .buckets import edges_for
from .chunks import Key
from .days import DAY_MS, UTC, parse_days, zone_of
from .models import DAMAGED, HOT, HistoryChunk, KeptRange, RollupBacklog, RollupState
from .tiers import DAY, HOUR, MINUTE, QUARTER, Tier

MAX_POINTS = 5_000
MAX_METRICS = 64
MAX_READINGS = 5_000_000
"""Most readings behind one chart."""
LISTED_MS = 40 * DAY_MS
"""Ranges no longer than this are asked how many readings they hold, in case they all fit."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the range and where it is read from; `tier` None: the readings."""

    start: int
    end: int
    tier: Tier | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How to draw a range. `step` is a bucket's width (ms), 0 for single readings.

    `depends` names all that the answer is made of; `closed`: the range has been compiled, and
    nothing came since.
    """

    asset_id: int
    keys: Mapping[str, Key]
    start: int
    end: int
    points: int
    step: int
    edges: np.ndarray
    stretches: Sequence[Stretch]
    depends: tuple
    closed: bool


@dataclass(frozen=True, slots=True)
class _Holdings:
    """What there is of one asset. `stale`: days whose roll-ups are not true for now."""

    days: set[int]
    minutes: set[int]
    quarters: set[int]
    stale: set[int]
    raw_from: int
    hours_from: int
    compiled_to: int
    revision: int

    def closed(self, days: range) -> bool:
        """Whether these days are over, compiled, and nothing has reached them since."""
        return days.stop * DAY_MS <= self.compiled_to and self.stale.isdisjoint(days)

    def finest(self, day: int) -> int:
        """The narrowest width (ms) in which a day is still known; 1: every reading is."""
        if day * DAY_MS >= self.raw_from or day not in self.days:
            return 1
        return next(tier.width for tier in (MINUTE, QUARTER, HOUR, DAY) if self._has(tier, day))

    def source(self, day: int, step: int, rolled: bool) -> Tier | None:
        """Where to read a day from for buckets of this step."""
        readable = day * DAY_MS >= self.raw_from
        if day not in self.days or (readable and (day in self.stale or not rolled)):
            return None
        fitting = (t for t in (DAY, HOUR, QUARTER, MINUTE) if step % t.width == 0)
        return next((tier for tier in fitting if self._has(tier, day)), None)

    def _has(self, tier: Tier, day: int) -> bool:
        if tier is MINUTE:
            return day in self.minutes
        if tier is QUARTER:
            return day in self.quarters
        return tier is DAY or day * DAY_MS >= self.hours_from


def make(
    session: Session, asset_id: int, metrics: Sequence[str], start: int, end: int, points: int
) -> Plan:
    """Plan a chart; raises Invalid for what cannot be asked."""
    keys = _keys(metrics)
    if not 0 <= start < end or not 2 <= points <= MAX_POINTS:
        raise Invalid("The period or the number of points is not possible.", code="bad_range")
    held = _holdings(session, asset_id, start, end)
    days = range(start // DAY_MS, (end - 1) // DAY_MS + 1)
    asked = {"asset_id": asset_id, "keys": keys, "start": start, "end": end, "points": points}
    asked["closed"] = held.closed(days)
    few = start >= held.raw_from and (end - start <= LISTED_MS or not held.days)
    found = list_chunks(session, asset_id, start, end) if few else []
    if few and _expected(found, start, end) <= points:
        whole = [Stretch(start, end, None)]
        depends = (start, end, *map(tuple, found))
        return Plan(**asked, step=0, edges=np.array([]), stretches=whole, depends=depends)
    unit = max(held.finest(day) for day in held.days.intersection(days) | {days[0]})
    wide = unit >= DAY_MS or end - start > points * DAY_MS // 4  # buckets may be the site's days
    zone = zone_of(session, asset_id) if wide else UTC
    step, edges = edges_for(start, end, points, zone, unit)
    rolled = all(code in METRICS and METRICS[code].rolled for code, _ in keys.values())
    stretches = list(_stretches(held, int(edges[0]), int(edges[-1]), step, rolled))
    raw = [s for s in stretches if s.tier is None]
    listed = [
        row
        for s in raw
        for row in list_chunks(session, asset_id, max(s.start, held.raw_from), s.end)
    ]
    _expected(listed, start, end)
    return Plan(
        **asked,
        step=step,
        edges=edges,
        stretches=stretches,
        depends=(step, int(edges[0]), int(edges[-1]), held.revision, *map(tuple, listed)),
    )


def readable(statement: Select, asset_id: int, start: int, end: int) -> Select:
    """Chunks that reach into a range and have not been set aside."""
    return statement.where(
        HistoryChunk.asset_id == asset_id,
        HistoryChunk.end >= start,
        HistoryChunk.start < end,
        HistoryChunk.kind != DAMAGED,
    )


def list_chunks(session: Session, asset_id: int, start: int, end: int) -> Sequence[Found]:
    """Start, end and count of those, and what tells them apart, in order of time."""
    columns = select(
        HistoryChunk.start,
        HistoryChunk.end,
        HistoryChunk.count,
        HistoryChunk.kind,
        HistoryChunk.source,
        HistoryChunk.seq,
    )
    chosen = readable(columns, asset_id, start, end)
    return session.execute(chosen.order_by(HistoryChunk.start)).all()


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


def _expected(found: Sequence[Found], start: int, end: int) -> float:
    """About how many readings there are: chunks that reach beyond the range count in part."""
    expected = 0.0
    for row in found:
        inside = min(row.end, end) - max(row.start, start)
        expected += row.count * inside / (row.end - row.start) if row.end > row.start else row.count
    if expected > MAX_READINGS:
        raise Invalid("This period holds too many readings for one chart.", code="range_too_wide")
    return expected


def _holdings(session: Session, asset_id: int, start: int, end: int) -> _Holdings:
    state = session.get(RollupState, asset_id)
    if state is None:
        return _Holdings(set(), set(), set(), set(), 0, 0, 0, 0)
    days = parse_days(state.days)
    reached = range(start // DAY_MS - 1, end // DAY_MS + 2)
    kept = select(KeptRange.id).where(
        KeptRange.asset_id == asset_id, KeptRange.start <= start, KeptRange.end >= end
    )
    let_go = start < state.raw_from and session.scalar(kept.limit(1)) is None
    known = days.intersection(reached)
    return _Holdings(
        days,
        parse_days(state.minutes),
        parse_days(state.quarters),
        _stale(session, asset_id, reached, state.compiled_to) if known else set(),
        state.raw_from if let_go else 0,
        state.hours_from,
        state.compiled_to,
        state.revision,
    )


def _stale(session: Session, asset_id: int, days: range, compiled_to: int) -> set[int]:
    """Days that wait to be compiled again, and those that hot chunks have reached since."""
    low, high = days[0] * DAY_MS, (days[-1] + 1) * DAY_MS
    marked = select(RollupBacklog.start).where(
        RollupBacklog.asset_id == asset_id, RollupBacklog.start >= low, RollupBacklog.start < high
    )
    late = select(HistoryChunk.start, HistoryChunk.end).where(
        HistoryChunk.asset_id == asset_id,
        HistoryChunk.kind == HOT,
        HistoryChunk.start >= low,
        HistoryChunk.start < min(high, compiled_to),
    )
    found = {start // DAY_MS for start in session.scalars(marked)}
    for start, end in session.execute(late):
        found.update(range(start // DAY_MS, end // DAY_MS + 1))
    return found


def _stretches(held: _Holdings, start: int, end: int, step: int, rolled: bool) -> Iterator[Stretch]:
    days = range(start // DAY_MS, (end - 1) // DAY_MS + 1)
    for tier, run in groupby(days, key=lambda day: held.source(day, step, rolled)):
        run = list(run)
        first, last = run[0] * DAY_MS, (run[-1] + 1) * DAY_MS
        yield Stretch(max(first, start), min(last, end), tier)
