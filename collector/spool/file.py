"""The spool's file: its tables, its durability, and what happens when it is damaged."""

import logging
import secrets
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

log = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS assets (asset TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY, boot TEXT NOT NULL, base INTEGER NOT NULL, synced INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS measured (
    id INTEGER PRIMARY KEY, run INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS blocks (
    id INTEGER PRIMARY KEY, run INTEGER NOT NULL, asset TEXT NOT NULL, seq INTEGER NOT NULL,
    t0 INTEGER NOT NULL, thinned INTEGER NOT NULL, plain INTEGER NOT NULL, body BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS blocks_by_age ON blocks (thinned, t0);
CREATE INDEX IF NOT EXISTS blocks_by_time ON blocks (t0);
CREATE TABLE IF NOT EXISTS batches (
    epoch TEXT NOT NULL, seq INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (epoch, seq));
CREATE TABLE IF NOT EXISTS dead (
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, reason TEXT NOT NULL, what TEXT NOT NULL,
    body BLOB NOT NULL);
"""
PAGE, LOG_PAGES = 1024, 4096
"""Bytes of a page and pages of the log. A commit writes whole pages, of which a few readings fill a
part; and what comes and goes before the log is full is written to the file once. With the usual
4096 and 1000 a card would wear twice as fast (tests/bench/bench_spool.py)."""
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_ADVICE = {
    sqlite3.SQLITE_FULL: "make room on the disk",
    sqlite3.SQLITE_CANTOPEN: "is its file system read-only, or are rights missing?",
    sqlite3.SQLITE_READONLY: "is its file system read-only, or are rights missing?",
    sqlite3.SQLITE_IOERR: "the disk or card may be failing",
}
_SIDE_FILES = ("", "-wal", "-shm")
SALVAGED = {
    "batches": ("epoch", "seq", "body"),
    "blocks": ("asset", "body"),
    "measured": ("body",),
    "dead": ("at", "reason", "what", "body"),
}
"""Tables worth reading out of a damaged file, with the columns that mean something elsewhere."""


class Damaged(sqlite3.DatabaseError):
    """The file opens, and is not what was written."""


def connect(path: Path) -> sqlite3.Connection:
    """Open or make the file; raises sqlite3.DatabaseError if it cannot be trusted."""
    if path.exists() and path.stat().st_size == 0:
        raise Damaged("the file is empty")
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    try:
        db.execute(f"PRAGMA page_size = {PAGE}")
        db.execute("PRAGMA auto_vacuum = INCREMENTAL")  # so that what is delivered shows in `du`
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA secure_delete = OFF")  # nobody needs zeros over what was delivered
        db.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
        db.execute(f"PRAGMA journal_size_limit = {LOG_PAGES * PAGE}")
        if (verdict := db.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise Damaged(verdict)
        db.executescript(_SCHEMA)
        db.execute("INSERT OR IGNORE INTO meta VALUES ('epoch', ?)", (secrets.token_hex(8),))
        db.execute("INSERT OR IGNORE INTO meta VALUES ('reserved', 0)")
    except sqlite3.DatabaseError:
        db.close()
        raise
    path.chmod(0o600)
    return db


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file itself is broken, rather than the disk full or the folder read-only."""
    code = getattr(error, "sqlite_errorcode", 0)
    return isinstance(error, Damaged) or code & 0xFF in _DAMAGE


def plain(error: sqlite3.Error) -> str:
    """What the disk refused, and what to do about it."""
    advice = _ADVICE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
    return f"{error}; {advice}" if advice else str(error)


def set_aside(path: Path) -> Path:
    """Rename a damaged spool out of the way; returns where it lies now."""
    aside = path.with_name(f"{path.name}.damaged-{time.time_ns() // 1_000_000}")
    for suffix in _SIDE_FILES:
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside


def salvage(aside: Path) -> Iterator[tuple[str, tuple]]:
    """(table, columns as in SALVAGED) of every row that can still be read, from both ends."""
    try:
        db = sqlite3.connect(aside, isolation_level=None)
    except sqlite3.Error:
        return
    for table, columns in SALVAGED.items():
        seen = set()
        for order in ("ASC", "DESC"):
            for row in _readable(db, table, columns, order):
                if row[0] in seen:
                    break
                seen.add(row[0])
                yield table, row[1:]
    db.close()


def _readable(
    db: sqlite3.Connection, table: str, columns: tuple[str, ...], order: str
) -> Iterator[tuple]:
    text = f"SELECT rowid, {', '.join(columns)} FROM {table} ORDER BY rowid {order}"  # noqa: S608
    try:
        yield from db.execute(text)
    except sqlite3.Error as error:
        log.warning("the rest of %s cannot be read: %s", table, error)
