"""The history: every reading at full resolution, in chunks; what charts ask of it.

Callers never know which chunks there are. Blocks are appended as they arrive (hot chunks, about a
minute each) and made one per period by `seal`, so that a day is a handful of rows. NumPy is loaded
by the first batch, chart or sealing, not by every process.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, insert
from sqlalchemy.orm import Session

from app.database.prepared import prepare
from collector.wire.block import Block

from .chunks import from_grid
from .models import HOT, HistoryChunk

if TYPE_CHECKING:
    from .grid import Grid
    from .plan import Plan
    from .series import Series

MINUTE_MS = 60_000

_COLUMNS = ("asset_id", "start", "kind", "source", "seq", "end", "count", "data")
_APPEND = prepare(
    HistoryChunk, insert(HistoryChunk).values({name: bindparam(name) for name in _COLUMNS})
)

Row = list
"""`[t, lowest, mean, highest]`; the three are None where nothing is known."""


def append(session: Session, asset_id: int, source_id: int, block: Block) -> None:
    """Add a block that the ledger has not seen."""
    from .grid import from_block

    append_all(session, source_id, [(asset_id, from_block(block))])


def append_all(session: Session, source_id: int, blocks: Sequence[tuple[int, "Grid"]]) -> None:
    """Add blocks, each with its asset's id, in one statement."""
    rows = [
        {
            "asset_id": asset_id,
            "start": block.times[0],
            "kind": HOT,
            "source": source_id,
            "seq": block.seq,
            "end": block.times[-1],
            "count": len(block.times),
            "data": from_grid(block),
        }
        for asset_id, block in blocks
    ]
    _APPEND.each(session, rows)


def series(
    session: Session, asset_id: int, metrics: Sequence[str], start: int, end: int, points: int
) -> "Series":
    """Readings from `start` up to `end` (ms, exclusive), thinned to at most `points` rows.

    `metrics` are codes of the registry (or `x_` ones); `cell_voltage.3` is the fourth element of an
    array. Derived metrics are computed where the device did not send them. Few enough readings come
    as they are; otherwise buckets are aligned to the clock, and whole, so that a chart that moves
    on redraws the same points. Raises Invalid for what cannot be asked.
    """
    return draw(session, plan(session, asset_id, metrics, start, end, points))


def plan(
    session: Session, asset_id: int, metrics: Sequence[str], start: int, end: int, points: int
) -> "Plan":
    """From what `series` would be drawn: cheap, and enough to say whether anything is new."""
    from .plan import make

    return make(session, asset_id, metrics, start, end, points)


def draw(session: Session, planned: "Plan") -> "Series":
    """The series of a plan."""
    from .series import drawn

    return drawn(session, planned)


def recent(
    session: Session,
    asset_id: int,
    metrics: Sequence[str],
    now: int,
    minutes: int = 60,
    points: int = 60,
) -> dict[str, list[Row]]:
    """Rows of the last minutes per metric, for the small curves beside the values."""
    start = now - minutes * MINUTE_MS
    # Aligned buckets cover an unaligned hour with one more than fits into it.
    return series(session, asset_id, metrics, start, now + 1, points + 1).metrics


def seal(session: Session, before: int, periods: int = 20) -> int:
    """Make one chunk of the hot ones of each asset and period that ended before `before` (ms).

    Does at most `periods` of them and returns how many, so that a transaction stays short: commit
    after each call and call again until the answer is 0.
    """
    from .sealing import seal_periods

    return seal_periods(session, before, periods)
