"""The shelf: rows of buckets in the database. A day is put on it as a row of its own; rows of days
gone by are made one, so that a year is a handful of rows."""

from collections.abc import Callable, Sequence

import numpy as np
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from .bands import Band, joined, taken
from .chunks import Key
from .models import Rollup
from .tiers import DAY_MS, Tier, pack_row, unpack_row


def read(
    session: Session,
    asset_id: int,
    tier: Tier,
    start: int,
    end: int,
    wanted: Callable[[Key], bool] = lambda _: True,
) -> Band | None:
    """Buckets of a tier that begin from `start` up to `end` (ms); None when there are none."""
    rows = session.execute(_reaching(select(Rollup.data), asset_id, tier, start, end)).scalars()
    bands = []
    for data in rows:
        band = unpack_row(data, wanted)
        inside = slice(*np.searchsorted(band.times, (start, end)).tolist())
        if inside.start < inside.stop:
            bands.append(taken(band, inside))
    if len(bands) > 1:
        return joined(bands)
    return bands[0] if bands else None


def replace(session: Session, asset_id: int, tier: Tier, start: int, band: Band | None) -> None:
    """Put the buckets of one UTC day (those from `start` on) in place of what there was of it."""
    end = start + DAY_MS
    columns = select(Rollup.start, Rollup.end, Rollup.data)
    row = session.execute(_reaching(columns, asset_id, tier, start, end)).one_or_none()
    if row is not None:
        whole = unpack_row(row.data)
        outside = np.flatnonzero((whole.times < start) | (whole.times >= end))
        rest = [taken(whole, outside)] if len(outside) else []
        rest += [] if band is None else [band]
        _write(session, asset_id, tier, row.start, row.end, rest)
    elif band is not None:
        _write(session, asset_id, tier, start, end, [band], new=True)


def consolidate(session: Session, asset_id: int, tier: Tier, near: int, through: int) -> None:
    """Make one row of those in a span that ended by `through` (ms), around and before `near`."""
    widest = tier.spans[-1] * DAY_MS
    low = near // widest * widest - widest
    rows = session.execute(
        _reaching(select(Rollup.start, Rollup.end), asset_id, tier, low, low + 3 * widest)
    ).all()
    ranges = [(row.start, row.end) for row in rows]
    for days in tier.spans[1:]:
        span = days * DAY_MS
        for start in sorted({start // span * span for start, _ in ranges}):
            inside = [r for r in ranges if start <= r[0] and r[1] <= start + span]
            if start + span <= through and inside and inside != [(start, start + span)]:
                _unite(session, asset_id, tier, start, start + span)
                ranges = [r for r in ranges if r not in inside] + [(start, start + span)]


def _unite(session: Session, asset_id: int, tier: Tier, start: int, end: int) -> None:
    rows = _reaching(select(Rollup.data), asset_id, tier, start, end)
    bands = [unpack_row(data) for data in session.scalars(rows)]
    session.execute(
        delete(Rollup).where(
            Rollup.asset_id == asset_id,
            Rollup.tier == tier.seconds,
            Rollup.start >= start,
            Rollup.start < end,
        )
    )
    _write(session, asset_id, tier, start, end, bands, new=True)


def _write(
    session: Session,
    asset_id: int,
    tier: Tier,
    start: int,
    end: int,
    bands: Sequence[Band],
    new: bool = False,
) -> None:
    key = {"asset_id": asset_id, "tier": tier.seconds, "start": start}
    mine = tuple(getattr(Rollup, name) == value for name, value in key.items())
    if not bands:
        session.execute(delete(Rollup).where(*mine))
        return
    band = joined(list(bands)) if len(bands) > 1 else bands[0]
    content = {"end": end, "count": len(band.times), "data": pack_row(band)}
    if new:
        session.execute(insert(Rollup), [key | content])
    else:
        session.execute(update(Rollup).where(*mine).values(**content))


def _reaching(statement, asset_id: int, tier: Tier, start: int, end: int):
    """Rows that reach into a range, in order of time."""
    return statement.where(
        Rollup.asset_id == asset_id,
        Rollup.tier == tier.seconds,
        Rollup.start < end,
        Rollup.start > start - tier.spans[-1] * DAY_MS,
        Rollup.end > start,
    ).order_by(Rollup.start)
