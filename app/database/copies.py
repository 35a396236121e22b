"""Copies of databases: proved in a scratch database, and put in the place of what was there.

The scratch database is a SQLite file whatever the server, because a shared host lets nobody create
databases. A copy is restored through it: it is proved first, brought to this code's schema there,
and only then written, in one transaction, over the content it replaces.
"""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from app.core.access import TenantRef

from .dump import Damaged, Tally, dump, load, read_header, snapshot, tallies
from .engines import Engines, build
from .migrate import Kind, upgrade_copy, upgrade_tenant
from .provision import create_database
from .vault import CORE

MOVES = 3
"""How often a database that changed meanwhile is copied again."""


def kind_of(ref: TenantRef | None) -> Kind:
    """Which history the database of a client, or core (None), follows."""
    return "tenant" if ref else "core"


def engine_of(engines: Engines, ref: TenantRef | None) -> Engine:
    """The engine of a client's database, or of core's."""
    return engines.tenant(ref) if ref else engines.core


def lines_of(engines: Engines, ref: TenantRef | None) -> Iterator[bytes]:
    """The dump of one database as it is at the first line."""
    with snapshot(engine_of(engines, ref)) as connection:
        yield from dump(connection, kind_of(ref))


def prove(
    engines: Engines, ref: TenantRef | None, lines: Iterable[bytes], folder: Path
) -> dict[str, Tally]:
    """Restore a dump into a scratch database and count again what is there. Raises Damaged."""
    with _restored(engines, ref, lines, folder) as (_, found):
        return found


def restore(
    engines: Engines, ref: TenantRef | None, lines: Iterable[bytes], folder: Path
) -> dict[str, Tally]:
    """Put a dump in the place of what a database holds; nothing changes unless all of it can.

    The database is at this code's schema; the dump may be older. Touches no other database.
    """
    kind, scope = kind_of(ref), ref.id if ref else CORE
    with _restored(engines, ref, lines, folder) as (scratch, _):
        upgrade_copy(scratch, kind, engines.vault, scope, "head")
        target = engine_of(engines, ref).execution_options(writes=True)
        with scratch.connect() as source, target.begin() as connection:
            return load(dump(source, kind), connection)


def move(engines: Engines, old: TenantRef, new: TenantRef, folder: Path) -> dict[str, Tally]:
    """Copy a client's database to where `new` says, on whatever server, and bring it up to date.

    Nobody may begin to write to the old one meanwhile. A request that had begun is waited for: what
    is there at the end must be what was copied. Raises Damaged when it never is.
    """
    create_database(engines, new)
    upgrade_tenant(engines, new)
    for _ in range(MOVES):
        restore(engines, new, lines_of(engines, old), folder)
        with (
            snapshot(engine_of(engines, old)) as before,
            snapshot(engine_of(engines, new)) as after,
        ):
            copied = tallies(after, "tenant")
            if tallies(before, "tenant") == copied:
                return copied
    raise Damaged("the old database keeps changing")


@contextmanager
def _restored(
    engines: Engines, ref: TenantRef | None, lines: Iterable[bytes], folder: Path
) -> Iterator[tuple[Engine, dict[str, Tally]]]:
    kind, scope = kind_of(ref), ref.id if ref else CORE
    source = iter(lines)
    first = next(source, b"")
    header = read_header(iter([first]))
    if header["kind"] != kind:
        raise Damaged(f"this is a dump of a {header['kind']} database")
    with _scratch(folder) as engine:
        upgrade_copy(engine, kind, engines.vault, scope, header["revision"])
        with engine.execution_options(writes=True).begin() as connection:
            written = load(chain([first], source), connection)
        with engine.connect() as connection:
            found = tallies(connection, kind)
            _check_file(connection)
        if found != written:
            other = sorted(name for name in written if written[name] != found.get(name))
            raise Damaged(f"restored tables differ: {', '.join(other)}")
        yield engine, found


@contextmanager
def _scratch(folder: Path) -> Iterator[Engine]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix="scratch-") as place:
        engine = build(make_url(f"sqlite:///{place}/copy.sqlite3"), poolclass=NullPool)
        try:
            yield engine
        finally:
            engine.dispose()


def _check_file(connection: Connection) -> None:
    if lost := connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise Damaged(f"row {lost[1]} of {lost[0]} belongs to no row of {lost[2]}")
    said = connection.exec_driver_sql("PRAGMA integrity_check").scalar()
    if said != "ok":
        raise Damaged(f"the scratch database is damaged: {said}")
