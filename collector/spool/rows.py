"""Rows of the spool: how readings and blocks are kept in it, and what is done to them there.

Every function works inside its caller's transaction.
"""

import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from ..wire import block as blocks_
from ..wire import envelope
from ..wire.block import Block, Change
from ..wire.reading import MAX_STATES, Reading
from ..wire.strict_json import dumps, loads
from . import thinning
from .packing import pack, unpack

NO_RUN = 0
"""Run of blocks whose times are final."""
BLOCK_NUMBERS = 100_000
"""Most numbers sealed into one block, so that a block always fits a batch."""
BATCH_PLAIN = 1 << 20
"""Inflated bytes of blocks in one batch."""
MERGED_PLAIN, THINNED_PLAIN = 400_000, 4_000_000
"""JSON of the blocks merged into one, without loss and with."""
DEAD_KEPT = 500
UNSURE = "x_clock_unsure"
"""State of readings whose times nobody confirmed: their boot ended before it learnt the time."""

UNREADABLE = (ValueError, TypeError, zlib.error)
"""What a row raises whose bytes changed on the disk."""


def write_journal(db: sqlite3.Connection, run: int, readings: Iterable[Reading]) -> None:
    """One row: a block without a number for each asset."""
    by_asset: dict[str, list[Reading]] = {}
    for reading in readings:
        by_asset.setdefault(reading.asset, []).append(reading)
    parts = [blocks_.from_readings(part, 0) for own in by_asset.values() for part in _fitting(own)]
    db.execute("INSERT INTO measured (run, body) VALUES (?, ?)", (run, _packed_row(parts)))


def journalled(body: bytes) -> list[Block]:
    """What a row of the journal holds."""
    return [blocks_.from_json(item) for item in loads(zlib.decompress(body))]


def _packed_row(parts: Iterable[Block]) -> bytes:
    return zlib.compress(dumps([part.to_json() for part in parts]), 6)


def seal(db: sqlite3.Connection, run: int, readings: Sequence[Reading]) -> None:
    """Readings of one asset as blocks under the asset's next sequence numbers."""
    for part in _fitting(readings):
        seq = db.execute(
            "INSERT INTO assets VALUES (?, 1) ON CONFLICT (asset) DO UPDATE SET seq = seq + 1 "
            "RETURNING seq",
            (part[0].asset,),
        ).fetchone()[0]
        insert(db, run, blocks_.from_readings(part, seq))


def _fitting(readings: Sequence[Reading]) -> Iterator[Sequence[Reading]]:
    """Readings of one asset in parts that fit one block."""
    width = max(1, *(sum(map(len, r.arrays.values())) + len(r.values) for r in readings))
    most = max(1, min(blocks_.MAX_READINGS, BLOCK_NUMBERS // width))
    for start in range(0, len(readings), most):
        yield readings[start : start + most]


def seal_journal(db: sqlite3.Connection) -> None:
    """All that is journalled becomes blocks; a row that cannot be read is buried."""
    gathered: dict[tuple[int, str], list[Reading]] = {}
    for row_id, run, body in db.execute("SELECT * FROM measured ORDER BY id").fetchall():
        try:
            for part in journalled(body):
                gathered.setdefault((run, part.asset), []).extend(part.readings())
        except UNREADABLE:
            bury(db, 0, "unreadable", f"journal row {row_id}", body)
    for (run, _), readings in gathered.items():
        seal(db, run, readings)
    db.execute("DELETE FROM measured")


def insert(db: sqlite3.Connection, run: int, block: Block, thinned: int = 0) -> None:
    plain = dumps(block.to_json())  # how much of a batch it will be
    db.execute(
        "INSERT INTO blocks (run, asset, seq, t0, thinned, plain, body) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (run, block.asset, block.seq, block.times[0], thinned, len(plain), pack(block)),
    )


def take_newest(db: sqlite3.Connection, most: int, now: int, boot: str) -> list[Block]:
    """Remove and return, oldest first, the newest blocks that fit `most` compressed bytes.

    There is always one, if there is any. A block that cannot be read is buried. One that another
    boot than `boot` dated without ever learning the time is labelled so.
    """
    fitting, unsure, plain_total, packed_total = [], set(), 0, 0
    for row_id, doubt, plain, body in db.execute(
        "SELECT blocks.id, runs.boot != ? AND NOT runs.synced, plain, body FROM blocks "
        "LEFT JOIN runs ON runs.id = blocks.run ORDER BY t0 DESC, blocks.id DESC",
        (boot,),
    ):
        plain_total += plain
        packed_total += len(body)
        full = plain_total > BATCH_PLAIN or packed_total > most
        if fitting and (full or len(fitting) == envelope.MAX_BLOCKS):
            break
        fitting.append((row_id, body))
        if doubt:
            unsure.add(row_id)
    blocks = [
        (row_id, _labelled(block) if row_id in unsure else block)
        for row_id, block in _readable(db, fitting, now)
    ]
    db.executemany("DELETE FROM blocks WHERE id = ?", [(row_id,) for row_id, _ in fitting])
    return [block for _, block in reversed(blocks)]


def _labelled(block: Block) -> Block:
    """The block, saying of itself that nobody confirmed its times."""
    first = block.changes[:1]
    changes = block.changes if first and first[0].at == 0 else (Change(0, {}, ()), *block.changes)
    labelled = (
        replace(change, states={**change.states, UNSURE: True})
        if len(change.states) < MAX_STATES
        else change
        for change in changes
    )
    return replace(block, changes=tuple(labelled))


def bury(db: sqlite3.Connection, now: int, reason: str, what: str, body: bytes) -> None:
    """Keep what will never be delivered, the newest DEAD_KEPT of it."""
    db.execute(
        "INSERT INTO dead (at, reason, what, body) VALUES (?, ?, ?, ?)", (now, reason, what, body)
    )
    db.execute("DELETE FROM dead WHERE id <= (SELECT MAX(id) FROM dead) - ?", (DEAD_KEPT,))


def shift(db: sqlite3.Connection, run: int, by: int, now: int) -> None:
    """Move everything measured in a run by `by` milliseconds."""
    found = db.execute("SELECT id, body FROM blocks WHERE run = ?", (run,)).fetchall()
    for row_id, block in _readable(db, found, now):
        moved = _moved(block, by)
        db.execute(
            "UPDATE blocks SET t0 = ?, body = ? WHERE id = ?",
            (moved.times[0], pack(moved), row_id),
        )
    found = db.execute("SELECT id, body FROM measured WHERE run = ?", (run,)).fetchall()
    for row_id, body in found:
        try:
            moved = [_moved(part, by) for part in journalled(body)]
        except UNREADABLE:
            continue  # it is buried when the journal is sealed
        db.execute("UPDATE measured SET body = ? WHERE id = ?", (_packed_row(moved), row_id))


def _moved(block: Block, by: int) -> Block:
    return replace(block, times=tuple(time + by for time in block.times))


def thin_oldest(db: sqlite3.Connection, now: int) -> tuple[int, int]:
    """Merge the oldest stretch of the least thinned blocks into one.

    Returns how many readings were thinned out, and how many went with the last that was left of
    their time: when nothing is left to thin, the oldest block goes as a whole.
    """
    first = db.execute(
        "SELECT id, run, asset, thinned, t0, body FROM blocks ORDER BY thinned, t0 LIMIT 1"
    ).fetchone()
    if first is None:
        return 0, 0
    row_id, run, asset, level, t0, body = first
    if level == len(thinning.STEPS):
        lost = sum(len(block.times) for _, block in _readable(db, [(row_id, body)], now))
        db.execute("DELETE FROM blocks WHERE id = ?", (row_id,))
        return 0, lost
    stretch = _stretch(
        db.execute(
            "SELECT id, plain, body FROM blocks WHERE asset = ? AND run = ? AND thinned = ? "
            "AND t0 >= ? AND t0 < ? ORDER BY t0 LIMIT 96",
            (asset, run, level, t0, t0 + thinning.SPANS[level]),
        ),
        MERGED_PLAIN if thinning.STEPS[level] == 0 else THINNED_PLAIN,
    )
    blocks = [block for _, block in _readable(db, stretch, now)]
    db.executemany("DELETE FROM blocks WHERE id = ?", [(row_id,) for row_id, _ in stretch])
    if not blocks:
        return 0, 0
    readings = [reading for block in blocks for reading in block.readings()]
    kept = list(thinning.thin(readings, thinning.STEPS[level]))
    merged = blocks_.from_readings(kept, max(block.seq for block in blocks))
    insert(db, run, merged, thinned=level + 1)
    return len(readings) - len(merged.times), 0


def count(db: sqlite3.Connection, name: str, more: int) -> None:
    """Add to a number that only grows, as long as the file lives."""
    db.execute(
        "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + ?",
        (name, more, more),
    )


def counted(db: sqlite3.Connection, name: str) -> int:
    found = db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return found[0] if found else 0


def _stretch(rows: Iterator[tuple], most: int) -> list[tuple[int, bytes]]:
    """(id, body) of the first rows that hold at most so many bytes of JSON; at least one."""
    taken, total = [], 0
    for row_id, plain, body in rows:
        total += plain
        if taken and total > most:
            break
        taken.append((row_id, body))
    return taken


def _readable(
    db: sqlite3.Connection, rows: Iterable[tuple[int, bytes]], now: int
) -> list[tuple[int, Block]]:
    """The blocks of these rows; one whose bytes have changed on the disk is buried."""
    found = []
    for row_id, body in rows:
        try:
            found.append((row_id, unpack(body)))
        except UNREADABLE:
            bury(db, now, "unreadable", f"block row {row_id}", body)
            db.execute("DELETE FROM blocks WHERE id = ?", (row_id,))
    return found


def waiting(db: sqlite3.Connection) -> int:
    """Blocks and batches that have not been delivered."""
    return db.execute(
        "SELECT (SELECT COUNT(*) FROM blocks) + (SELECT COUNT(*) FROM batches)"
    ).fetchone()[0]


def used(db: sqlite3.Connection) -> int:
    """Bytes of the file that hold something."""
    pages, free, size = (
        db.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def give_back(db: sqlite3.Connection, pages: int) -> None:
    """Return free pages to the file system, outside a transaction.

    The pragma frees one page per step, and of all the ways to run it only a script steps on.
    """
    db.executescript(f"PRAGMA incremental_vacuum({pages})")
