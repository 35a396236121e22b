"""Roll-ups: what is kept of each day of readings, compiled by cron.

The backlog (`backlog`) names the UTC days of each asset that changed; `compile_day` makes the
buckets of one such day anew, from the readings alone, in one transaction. So it may be cut off at
any moment, run twice or at the same time as another, and late readings are nothing special. Days
whose readings retention has let go are never made anew: late ones only fill hours that were empty.
"""

import logging
from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.database.base import now_ms

from . import statistics
from .bands import Band, Stat, cuts_of, fold, fold_band, joined
from .chunks import Chunk, ChunkError, Key
from .days import DAY_MS, midnights, parse_days, write_days, zone_of
from .models import DAMAGED, HistoryChunk, RollupBacklog, RollupState
from .readings import Instants, instants, keys_of, values
from .readings import statistics as statistics_of
from .shelf import consolidate, read, replace
from .tiers import DAY, HOUR, MINUTE, QUARTER, READINGS, TIERS, Tier

COLUMNS = 16
"""Series decoded at a time: a day of a wide battery's would not fit into a small process."""

log = logging.getLogger(__name__)


def compile_day(session: Session, asset_id: int, start: int) -> bool:
    """Make the roll-ups of one UTC day anew, and the daily records it belongs to.

    To be the first thing a transaction does: the lock on the backlog's row comes before the
    database's picture of the history. False when another run has done it.
    """
    mark = session.get(RollupBacklog, (asset_id, start), with_for_update=True)
    if mark is None:
        return False
    state = session.get(RollupState, asset_id, with_for_update=True)
    if state is None:
        state = RollupState(asset_id=asset_id, compiled_to=0, raw_from=0, hours_from=0, revision=0)
        state.days = state.minutes = state.quarters = ""
        session.add(state)
    _compile(session, state, start, zone_of(session, asset_id))
    session.delete(mark)
    session.flush()
    return True


def _compile(session: Session, state: RollupState, start: int, zone: ZoneInfo) -> None:
    asset_id, day = state.asset_id, start // DAY_MS
    let_go = start < state.raw_from
    filled = np.empty(0, np.int64)
    if let_go:
        before = read(session, asset_id, HOUR, start, start + DAY_MS)
        if before is None and day in parse_days(state.days):
            return  # only its record is left, and that says what it was
        filled = filled if before is None else before.times // HOUR.width
    bands = _bands(_readable(session, asset_id, start), start, zone, filled)
    if let_go:
        bands = {tier: _with(session, asset_id, tier, start, band) for tier, band in bands.items()}
    if not (let_go and not bands):
        for tier in TIERS:
            replace(session, asset_id, tier, start, bands.get(tier))
        _note(state, day, bands)
    for tier in TIERS:
        consolidate(session, asset_id, tier, start, state.compiled_to)
    statistics.record(session, asset_id, start, zone, state.compiled_to)


def _with(session: Session, asset_id: int, tier: Tier, start: int, band: Band) -> Band:
    """Buckets made of late readings, and those that there were."""
    before = read(session, asset_id, tier, start, start + DAY_MS)
    if before is None:
        return band
    whole = joined([before, band])
    cuts = cuts_of(whole.times)
    return fold_band(whole, cuts, whole.times[cuts])


def _note(state: RollupState, day: int, bands: dict[Tier, Band]) -> None:
    for name, tier in (("days", HOUR), ("minutes", MINUTE), ("quarters", QUARTER)):
        days = parse_days(getattr(state, name))
        (days.add if tier in bands else days.discard)(day)
        setattr(state, name, write_days(days))
    state.compiled_to = max(state.compiled_to, (day + 1) * DAY_MS)
    state.revision = max(state.revision + 1, now_ms())


def _readable(session: Session, asset_id: int, start: int) -> list[bytes]:
    """The chunks that reach into the day; one that cannot be read is named and set aside."""
    rows = session.scalars(
        select(HistoryChunk)
        .where(
            HistoryChunk.asset_id == asset_id,
            HistoryChunk.end >= start,
            HistoryChunk.start < start + DAY_MS,
            HistoryChunk.kind != DAMAGED,
        )
        .order_by(HistoryChunk.kind.desc(), HistoryChunk.source, HistoryChunk.seq)
    ).all()
    found = []
    for row in rows:
        try:
            Chunk(row.data)
        except ChunkError as error:
            log.error("asset %s: chunk at %s set aside: %s", asset_id, row.start, error)
            row.kind = DAMAGED
        else:
            found.append(row.data)
        session.expunge(row) if row.kind != DAMAGED else None
    return found


def _bands(
    data: Sequence[bytes], start: int, zone: ZoneInfo, filled: np.ndarray
) -> dict[Tier, Band]:
    """The buckets of one day, of every tier that is kept of it; `filled`: hours to leave alone."""
    chunks = [Chunk(each) for each in data]
    found = _without(instants(chunks, start, start + DAY_MS), filled)
    if not len(found):
        return {}
    minutes = cuts_of(found.times // MINUTE.width)
    quarters = cuts_of(found.times // QUARTER.width)
    fine = len(found) >= READINGS * len(minutes)
    grain, cuts = (MINUTE, minutes) if fine else (QUARTER, quarters)
    parts = midnights(start, start + DAY_MS, zone)
    at = np.maximum(parts, start)
    day_cuts = cuts_of(np.searchsorted(parts, found.times, "right"))
    stats, shares = _stats(data, list(keys_of(chunks)), found, cuts, day_cuts)
    begins = found.times[cuts] // grain.width * grain.width
    bands = {grain: Band(begins, np.add.reduceat(found.weights, cuts), stats)}
    base = bands[grain]
    quarter = base if grain is QUARTER else _wider(base, QUARTER)
    if len(found) >= READINGS * len(quarters):
        bands[QUARTER] = quarter
    else:
        bands.pop(QUARTER, None)
    bands[HOUR] = _wider(quarter, HOUR)
    places = np.searchsorted(parts, quarter.times, "right") - 1
    days = fold_band(quarter, cuts_of(places), at[places[cuts_of(places)]])
    bands[DAY] = Band(days.times, days.covered, {**days.stats, **shares})
    return bands


def _wider(band: Band, tier: Tier) -> Band:
    cuts = cuts_of(band.times // tier.width)
    return fold_band(band, cuts, band.times[cuts] // tier.width * tier.width)


def _without(found: Instants, hours: np.ndarray) -> Instants:
    if not len(hours):
        return found
    kept = ~np.isin(found.times // HOUR.width, hours)
    return Instants(found.times[kept], found.chosen[kept], found.weights[kept])


def _stats(
    data: Sequence[bytes],
    keys: Sequence[Key],
    found: Instants,
    cuts: np.ndarray,
    day_cuts: np.ndarray,
) -> tuple[dict[Key, Stat], dict[Key, Stat]]:
    """Of each series its buckets, and what only days keep of it."""
    stats: dict[Key, Stat] = {}
    shares: dict[Key, Stat] = {}
    for page in _pages(keys):
        # Opened anew each time, one at a time, so that no more than a page stays decoded.
        for key, series in values(map(Chunk, data), found.chosen, page).items():
            if series.known is not None and not series.known.any():
                continue
            stats[key] = fold(statistics_of(series, found, key), cuts)
            for share, stat in statistics.shares(key, series, found.weights):
                shares[share] = fold(stat, day_cuts)
    return stats, shares


def _pages(keys: Sequence[Key]) -> Iterator[Sequence[Key]]:
    for at in range(0, len(keys), COLUMNS):
        yield keys[at : at + COLUMNS]
