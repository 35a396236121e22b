"""The spool: everything measured and not yet acknowledged, in one SQLite file.

A reading passes through three tables, each step one transaction: `measured` (the journal, committed
every two seconds), `blocks` (a minute of one asset, sealed) and `batches` (frozen bytes under a
sequence number, sent until the portal's receipt matches). A fourth, `dead`, keeps what the portal
refused for good. What a call committed survives a power cut.

The epoch is a random number made with the file, so that two spools never use one sequence twice.
"""

import logging
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import RLock

from ..wire import envelope
from ..wire.block import Block
from ..wire.envelope import REJECTED, Agent, Batch, Outcome, Receipt
from ..wire.errors import WireError
from ..wire.reading import Reading
from . import rows
from .file import connect, is_damage, plain, salvage, set_aside
from .packing import pack, unpack

log = logging.getLogger(__name__)

SPOOL_FILE = "spool.db"
"""Its name in the state folder."""
QUOTA = 300 << 20
"""Bytes: thirty days offline of four packs of sixteen cells at one reading a second."""
RESERVED = 64
"""Sequence numbers taken at a time: a crash skips the rest, and never uses one twice."""
BATCH_PACKED = 96 * 1024
"""Compressed bytes of blocks in one batch, unless the portal asked for less."""
THINNINGS_AT_ONCE = 20
THINNED, LOST = "thinned", "lost"
"""What the file counts of itself."""


class SpoolError(Exception):
    """The spool could not be written; nothing was, and the caller still has what it gave."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """The bytes of one push and what identifies them for ever."""

    epoch: str
    seq: int
    body: bytes

    @property
    def digest(self) -> str:
        return envelope.digest(self.body)


@dataclass(frozen=True, slots=True)
class Health:
    """Rows that wait, the room they take (bytes), and the time of the oldest block.

    `thinned` readings were left out because the spool was full, `lost` are gone for good.
    """

    journal: int
    blocks: int
    batches: int
    dead: int
    used: int
    oldest: int | None
    thinned: int
    lost: int


class Spool:
    """Safe to use from several threads. Raises SpoolError where the disk does.

    A damaged file is set aside, what can be read of it moves to a new one under a new epoch, and
    the log says so. `boot` and `base` are those of the clock that dates what is put in.
    """

    def __init__(self, path: Path, boot: str, base: int, quota: int = QUOTA) -> None:
        self.path, self.boot, self.base, self.quota = path, boot, base, quota
        self._lock = RLock()
        try:
            self._use(connect(path))
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise SpoolError(f"{path}: {plain(error)}") from error
            self._renew(error)
        self._seal_leftovers()

    def journal(self, readings: Sequence[Reading]) -> None:
        """Commit readings as they were measured."""
        with self._transaction() as db:
            rows.write_journal(db, self._run, readings)

    def seal(self, *blocks: Sequence[Reading], still_open: Sequence[Reading] = ()) -> None:
        """Turn readings into blocks, those of one asset in each.

        The journal begins anew with what is `still_open`: all that is measured and in no block.
        To write that again costs a card less than to take single rows out.
        """
        with self._transaction() as db:
            for readings in blocks:
                rows.seal(db, self._run, readings)
            db.execute("DELETE FROM measured")
            if still_open:
                rows.write_journal(db, self._run, still_open)

    def pending(self) -> Frozen | None:
        """The batch that was frozen first and not yet settled."""
        with self._transaction() as db:
            row = db.execute(
                "SELECT epoch, seq, body FROM batches ORDER BY rowid LIMIT 1"
            ).fetchone()
        return Frozen(*row) if row else None

    def freeze(
        self, sent: int, live: Sequence[Reading], agent: Agent, most: int = BATCH_PACKED
    ) -> Frozen | None:
        """Move the newest blocks, up to `most` compressed bytes, into a batch; None: no blocks.

        The batch says how many wait behind it, whatever `agent` says.
        """
        seq = self.number()
        with self._transaction() as db:
            blocks = rows.take_newest(db, most, sent, self.boot)
            if not blocks:
                return None
            agent = replace(agent, queued=rows.waiting(db))
            frozen = self._frozen(seq, Batch(sent, tuple(live), blocks, agent))
            db.execute(
                "INSERT INTO batches (epoch, seq, body) VALUES (?, ?, ?)",
                (frozen.epoch, frozen.seq, frozen.body),
            )
        return frozen

    def unspooled(self, sent: int, live: Sequence[Reading], agent: Agent) -> Frozen:
        """A batch of live readings alone, which is not kept: the next one says it better."""
        agent = replace(agent, queued=self.queued())
        return self._frozen(self.number(), Batch(sent, tuple(live), (), agent))

    def number(self) -> int:
        """A sequence number that was never used in this epoch, even by a run that was killed."""
        with self._lock:
            if self._next == self._reserved:
                reserved = self._reserved + RESERVED
                with self._transaction() as db:
                    db.execute("UPDATE meta SET value = ? WHERE name = 'reserved'", (reserved,))
                self._reserved = reserved
            self._next += 1
            return self._next - 1

    def settle(self, frozen: Frozen, receipt: Receipt, now: int) -> list[Outcome]:
        """The portal has it: forget the batch, bury and return the blocks it refused."""
        refused = [(i, o) for i, o in enumerate(receipt.blocks) if o.outcome == REJECTED]
        blocks = envelope.decode(frozen.body).blocks if refused else ()
        with self._transaction() as db:
            for i, outcome in refused:
                if i < len(blocks) and isinstance(blocks[i], Block):
                    what = f"block {outcome.asset} {outcome.seq}"
                    rows.bury(db, now, outcome.reason or "", what, pack(blocks[i]))
            _forget(db, frozen)
        with self._lock:
            rows.give_back(self._db, 64)
        return [outcome for _, outcome in refused]

    def bury(self, frozen: Frozen, reason: str, now: int) -> None:
        """The portal will never take this batch: keep it aside, and let the rest flow."""
        with self._transaction() as db:
            rows.bury(db, now, reason, f"batch {frozen.epoch} {frozen.seq}", frozen.body)
            _forget(db, frozen)

    def thaw(self, frozen: Frozen, now: int, *, split: bool = True) -> bool:
        """Too large for the portal: give the blocks back, to be frozen smaller; whether it could.

        Blocks keep their numbers, so it does no harm if the portal has them after all. A lone one
        can only be cut in halves, which take new numbers, and is if `split` says so.
        """
        try:
            blocks = [b for b in envelope.decode(frozen.body).blocks if isinstance(b, Block)]
        except WireError as error:
            self.bury(frozen, error.code, now)
            return True
        if len(blocks) == 1 and not split:
            return False
        with self._transaction() as db:
            if len(blocks) == 1 and len(blocks[0].times) > 1:
                readings = list(blocks[0].readings())
                middle = len(readings) // 2
                rows.seal(db, rows.NO_RUN, readings[:middle])
                rows.seal(db, rows.NO_RUN, readings[middle:])
            elif len(blocks) == 1:
                rows.bury(db, now, "too_large", f"batch {frozen.seq}", frozen.body)
            for block in blocks if len(blocks) > 1 else ():
                rows.insert(db, rows.NO_RUN, block)
            _forget(db, frozen)
        return True

    def renew_epoch(self) -> None:
        """The portal knows this sequence with other bytes: this spool is a copy. Begin anew."""
        epoch = secrets.token_hex(8)
        with self._transaction() as db:
            db.execute("UPDATE meta SET value = ? WHERE name = 'epoch'", (epoch,))
        self.epoch = epoch

    def redate(self, base: int, *, final: bool) -> None:
        """The clock was wrong: move what was measured since this boot to the right times.

        `final` says that the new base is certain. Frozen batches are never touched.
        """
        with self._transaction() as db:
            runs = db.execute(
                "SELECT id, base FROM runs WHERE boot = ? AND NOT synced", (self.boot,)
            ).fetchall()
            for run, old in runs:
                if base != old:
                    rows.shift(db, run, base - old, base)
            db.execute(
                "UPDATE runs SET base = ?, synced = ? WHERE boot = ? AND NOT synced",
                (base, final, self.boot),
            )
        self.base = base

    def thin(self) -> int:
        """Make room if the quota is exceeded, oldest first; returns how many readings went."""
        thinned = lost = steps = 0
        for _ in range(THINNINGS_AT_ONCE):
            with self._transaction() as db:
                if rows.used(db) <= self.quota:
                    break
                fewer, gone = rows.thin_oldest(db, self.base)
                rows.count(db, THINNED, fewer)
                rows.count(db, LOST, gone)
                thinned, lost, steps = thinned + fewer, lost + gone, steps + 1
        if steps:
            with self._lock:
                rows.give_back(self._db, 4096)
        if thinned:
            log.error("the spool is full: %d of the oldest readings were thinned out", thinned)
        if lost:
            log.critical("the spool is full: %d of the oldest readings are lost", lost)
        return thinned + lost

    def note_lost(self, readings: int) -> None:
        """So many never reached the disk."""
        with self._transaction() as db:
            rows.count(db, LOST, readings)

    def losses(self) -> tuple[int, int]:
        """Readings thinned out, and readings gone for good, since the file was made."""
        with self._transaction() as db:
            return rows.counted(db, THINNED), rows.counted(db, LOST)

    def health(self) -> Health:
        with self._transaction() as db:
            counts = [
                db.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]  # noqa: S608
                for table in ("measured", "blocks", "batches", "dead")
            ]
            oldest = db.execute("SELECT MIN(t0) FROM blocks").fetchone()[0]
            losses = rows.counted(db, THINNED), rows.counted(db, LOST)
            return Health(*counts, rows.used(db), oldest, *losses)

    def queued(self) -> int:
        """Blocks and batches that wait."""
        with self._transaction() as db:
            return rows.waiting(db)

    def close(self) -> None:
        with self._lock:
            self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing. A damaged file is replaced before the error reaches the caller."""
        with self._lock:
            try:
                with self._db:
                    self._db.execute("BEGIN IMMEDIATE")
                    yield self._db
            except sqlite3.DatabaseError as error:
                if is_damage(error):
                    self._db.close()
                    self._renew(error)
                raise SpoolError(f"{self.path}: {plain(error)}") from error

    def _use(self, db: sqlite3.Connection) -> None:
        self._db = db
        meta = dict(db.execute("SELECT name, value FROM meta"))
        self.epoch, self._reserved = meta["epoch"], meta["reserved"]
        self._next = self._reserved
        db.execute(
            "DELETE FROM runs WHERE id NOT IN "
            "(SELECT run FROM blocks UNION SELECT run FROM measured)"
        )
        self._run = db.execute(
            "INSERT INTO runs (boot, base, synced) VALUES (?, ?, 0)", (self.boot, self.base)
        ).lastrowid

    def _renew(self, error: sqlite3.DatabaseError) -> None:
        """Set the damaged file aside and take over what it still gives."""
        aside = set_aside(self.path)
        self._use(connect(self.path))
        saved = 0
        with self._transaction() as db:
            for table, row in salvage(aside):
                try:
                    _adopt(db, table, row)
                    saved += 1
                except (*rows.UNREADABLE, sqlite3.IntegrityError) as lost:
                    log.warning("a row of %s is lost: %s", table, lost)
        log.critical(
            "the spool was damaged (%s): set aside as %s, %d rows saved, new epoch %s",
            error,
            aside.name,
            saved,
            self.epoch,
        )

    def _seal_leftovers(self) -> None:
        """What an earlier run journalled and did not seal becomes blocks."""
        with self._transaction() as db:
            rows.seal_journal(db)

    def _frozen(self, seq: int, batch: Batch) -> Frozen:
        return Frozen(self.epoch, seq, envelope.encode(batch))


def _forget(db: sqlite3.Connection, frozen: Frozen) -> None:
    db.execute("DELETE FROM batches WHERE epoch = ? AND seq = ?", (frozen.epoch, frozen.seq))


def _adopt(db: sqlite3.Connection, table: str, row: tuple) -> None:
    """Take over a row of a damaged spool; batches keep the epoch in which they may be known."""
    if table == "batches":
        envelope.decode(row[2])
        db.execute("INSERT INTO batches (epoch, seq, body) VALUES (?, ?, ?)", row)
    elif table == "blocks":
        rows.seal(db, rows.NO_RUN, list(unpack(row[1]).readings()))
    elif table == "measured":
        rows.journalled(row[0])
        db.execute("INSERT INTO measured (run, body) VALUES (?, ?)", (rows.NO_RUN, *row))
    else:
        db.execute("INSERT INTO dead (at, reason, what, body) VALUES (?, ?, ?, ?)", row)
