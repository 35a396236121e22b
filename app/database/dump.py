"""The content of one database as text lines, the same from SQLite and from MariaDB.

A dump is read in one snapshot and is: a line that says what it is, for each table its columns, its
rows and their tally, and a last line that says it is whole. Because both engines write the same
lines, a dump made on one is proved, or restored, on the other.

A tally is the number of rows and the sum, modulo 2^256, of the SHA-256 of each row's line: it does
not depend on the order in which a server hands out rows.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import JSON, Connection, Engine, MetaData, inspect
from sqlalchemy.orm import DeclarativeBase

from .base import CoreBase, TenantBase
from .migrate import VERSION_TABLE, Kind, current_revision

FORMAT = "trackingbms-dump"
VERSION = 1
MODULUS = 1 << 256
PIECE_ROWS = 500
PIECE_BYTES = 512 * 1024
"""Of one INSERT: below the smallest packet that a MySQL server takes by default."""


class Damaged(Exception):
    """What should be a dump is not one, is not whole, or does not hold what it says."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many rows a table has, and the checksum of all of them in hexadecimal."""

    rows: int
    sum: str


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A connection that sees the database as it is now until the block ends; holds up nobody."""
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            yield connection  # its first statement fixes what it sees, write-ahead log or not
        return
    repeatable = engine.execution_options(isolation_level="REPEATABLE READ")
    with repeatable.connect() as connection:
        connection.exec_driver_sql("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        yield connection


def dump(connection: Connection, kind: Kind) -> Iterator[bytes]:
    """The lines of one database, each with its line end. Memory: a few hundred rows."""
    revision = current_revision(connection)
    yield _line({"format": FORMAT, "version": VERSION, "kind": kind, "revision": revision})
    tables = {}
    for name in table_names(connection):
        # By name: in what order a table has its columns depends on how it came about.
        columns = sorted(column["name"] for column in inspect(connection).get_columns(name))
        yield _line({"table": name, "columns": columns})
        counted = _Counted()
        for line in _rows(connection, kind, name, columns):
            counted.add(line)
            yield line
        tables[name] = counted.tally
        yield _line({"end": name, "rows": counted.rows, "sum": counted.tally.sum})
    yield _line({"whole": True, "tables": len(tables)})


def load(lines: Iterable[bytes], connection: Connection) -> dict[str, Tally]:
    """Put the content of a dump in the place of what the tables of a database hold.

    The database is at the dump's revision. Everything happens in the caller's transaction, so that
    what reads meanwhile sees the old content or the new one. Raises Damaged.
    """
    source = iter(lines)
    header = read_header(source)
    if (revision := current_revision(connection)) != header["revision"]:
        raise Damaged(f"the dump is at {header['revision']}, the database at {revision}")
    with _references_off(connection):
        for name in table_names(connection):
            connection.exec_driver_sql(f"DELETE FROM {_quoted(connection, name)}")  # noqa: S608
        return _load_tables(source, connection)


def read_header(lines: Iterator[bytes]) -> dict[str, Any]:
    """The first line of a dump."""
    try:
        header = json.loads(next(lines, b""))
    except ValueError:
        raise Damaged("this is no dump") from None
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise Damaged("this is no dump")
    if header.get("version") != VERSION:
        raise Damaged(f"this dump is of version {header.get('version')}, known is {VERSION}")
    return header


def tallies(connection: Connection, kind: Kind) -> dict[str, Tally]:
    """What a database holds, table by table, as a dump of it would say."""
    found = {}
    for line in dump(connection, kind):
        if line.startswith(b'{"end"'):
            said = json.loads(line)
            found[said["end"]] = Tally(said["rows"], said["sum"])
    return found


def table_names(connection: Connection) -> list[str]:
    """The tables that hold content, in alphabetical order."""
    return sorted(set(inspect(connection).get_table_names()) - {VERSION_TABLE})


class _Counted:
    """A tally while it grows."""

    def __init__(self) -> None:
        self.rows = self._sum = 0

    def add(self, line: bytes) -> None:
        self.rows += 1
        self._sum += int.from_bytes(hashlib.sha256(line).digest())

    @property
    def tally(self) -> Tally:
        return Tally(self.rows, f"{self._sum % MODULUS:064x}")


def _rows(connection: Connection, kind: Kind, name: str, columns: list[str]) -> Iterator[bytes]:
    listed = ", ".join(_quoted(connection, column) for column in columns)
    documents = _documents(kind, name, columns)
    streamed = connection.execution_options(stream_results=True, max_row_buffer=PIECE_ROWS)
    found = streamed.exec_driver_sql(f"SELECT {listed} FROM {_quoted(connection, name)}")  # noqa: S608
    for row in found:
        values = list(row)
        for index in documents:
            values[index] = _document(values[index])
        yield orjson.dumps(values, default=_bytes) + b"\n"


def _documents(kind: Kind, name: str, columns: list[str]) -> list[int]:
    """Positions of JSON columns, which engines hand back in spellings of their own."""
    base: type[DeclarativeBase] = CoreBase if kind == "core" else TenantBase
    metadata: MetaData = base.metadata
    table = metadata.tables.get(name)
    if table is None:
        return []
    known = {column.name for column in table.columns if isinstance(column.type, JSON)}
    return [index for index, column in enumerate(columns) if column in known]


def _document(value: Any) -> str | None:
    """One spelling of a JSON document, whatever the engine made of it."""
    if value is None:
        return None
    parsed = json.loads(value) if isinstance(value, str | bytes) else value
    if isinstance(parsed, float) and parsed.is_integer():
        parsed = int(parsed)  # SQLite keeps a document that is a lone number as a number
    return json.dumps(parsed, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _bytes(value: Any) -> dict[str, str]:
    if isinstance(value, bytes):
        return {"b": base64.b64encode(value).decode("ascii")}
    raise TypeError(f"{type(value).__name__} has no place in a dump")


def _load_tables(source: Iterator[bytes], connection: Connection) -> dict[str, Tally]:
    loaded: dict[str, Tally] = {}
    for line in source:
        said = _said(line)
        if said.get("whole"):
            if said["tables"] != len(loaded):
                raise Damaged("tables are missing")
            return loaded
        name = said["table"]
        loaded[name] = _load_table(source, connection, name, said["columns"])
    raise Damaged("it ends too early")


def _load_table(
    source: Iterator[bytes], connection: Connection, name: str, columns: list[str]
) -> Tally:
    sign = "?" if connection.dialect.name == "sqlite" else "%s"
    statement = (
        f"INSERT INTO {_quoted(connection, name)} "  # noqa: S608
        f"({', '.join(_quoted(connection, column) for column in columns)}) "
        f"VALUES ({', '.join([sign] * len(columns))})"
    )
    counted, piece, size = _Counted(), [], 0
    for line in source:
        if line.startswith(b"{"):
            break
        counted.add(line)
        piece.append(tuple(_value(value) for value in orjson.loads(line)))
        size += len(line)
        if len(piece) >= PIECE_ROWS or size >= PIECE_BYTES:
            connection.exec_driver_sql(statement, piece)
            piece, size = [], 0
    else:
        raise Damaged("it ends too early")
    if piece:
        connection.exec_driver_sql(statement, piece)
    said = _said(line)
    if said.get("end") != name or Tally(said["rows"], said["sum"]) != counted.tally:
        raise Damaged(f"table {name} does not hold what was written")
    return counted.tally


def _said(line: bytes) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise Damaged("a line is not where it should be")
    return said


def _value(value: Any) -> Any:
    return base64.b64decode(value["b"]) if isinstance(value, dict) else value


@contextmanager
def _references_off(connection: Connection) -> Iterator[None]:
    """Rows come table by table, not in the order in which they refer to each other."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")  # until this transaction ends
        yield
        return
    connection.exec_driver_sql("SET SESSION foreign_key_checks = 0")
    try:
        yield
    finally:
        connection.exec_driver_sql("SET SESSION foreign_key_checks = 1")


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote_identifier(name)


def _line(said: dict[str, Any]) -> bytes:
    return json.dumps(said, ensure_ascii=False).encode() + b"\n"
