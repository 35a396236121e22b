"""Schema histories: one for the core database, one that every client's database follows.

Alembic is driven from here, without configuration files. A client whose upgrade fails is reported
and the next one is taken; nothing is ever upgraded at start-up, because several processes start at
once. Upgrading is safe to repeat: SQLite upgrades are one transaction; MySQL commits each statement
of a schema change, so its revisions are written to pass over what is already done.

Alembic is imported where it is used. The portal's processes only ask for `head`, and would each
pay 100 ms and 11 MB for the rest.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Column, Connection, Engine, MetaData, inspect, select, update
from sqlalchemy import column as sa_column
from sqlalchemy import table as sa_table
from sqlalchemy.exc import DBAPIError

from app.core.access import TenantRef
from app.core.crypto import FORMAT, Place
from app.errors import Unavailable
from app.settings import ROOT

from .engines import Engines
from .vault import CORE, Vault

if TYPE_CHECKING:
    from alembic.config import Config

Kind = Literal["core", "tenant"]
Report = Callable[[TenantRef, str | None, Exception | None], None]
"""Called after each client: its reference and either the new revision or what went wrong."""

LOCK_SECONDS = 30
SEALING = ("vault", "scope")
VERSION_TABLE = "alembic_version"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one database is in its history. `revision` is None when it has no schema yet."""

    name: str
    revision: str | None
    head: str
    problem: str = ""

    @property
    def current(self) -> bool:
        return self.revision == self.head


@cache
def head(kind: Kind) -> str:
    """The revision this code works with: the number that begins the name of the last file."""
    return max(path.name[:4] for path in _folder(kind).glob("versions/[0-9]*.py"))


def upgrade_core(engines: Engines) -> str:
    """Bring the core database to `head("core")`; returns the revision."""
    return _upgrade(engines.core, "core", engines.vault, CORE)


def upgrade_tenant(engines: Engines, ref: TenantRef) -> str:
    """Bring one client's database to `head("tenant")`; returns the revision."""
    return _upgrade(engines.tenant(ref), "tenant", engines.vault, ref.id)


def upgrade_copy(engine: Engine, kind: Kind, vault: Vault, scope: int, revision: str) -> str:
    """Bring a copy of a database to a revision; `scope`: the client's id, `CORE` for core."""
    return _upgrade(engine, kind, vault, scope, revision)


def upgrade_all(
    engines: Engines, refs: Iterable[TenantRef], report: Report | None = None
) -> dict[str, Exception]:
    """Bring core, then every client up to date; returns what failed by slug.

    A failure of core is raised: no client can be served without it.
    """
    upgrade_core(engines)
    failures: dict[str, Exception] = {}
    for ref in refs:
        revision, failure = None, None
        try:
            revision = upgrade_tenant(engines, ref)
        except Exception as error:  # whatever stops one client must not stop the others
            failures[ref.slug] = failure = error
        if report:
            report(ref, revision, failure)
    return failures


def status(engines: Engines, refs: Iterable[TenantRef] = ()) -> list[Standing]:
    """Where core and each of these clients stand; a database out of reach is told, not raised."""
    standings = [_standing("core", engines.core, "core")]
    standings += [_standing(ref.slug, engines.tenant(ref), "tenant") for ref in refs]
    return standings


def current_revision(connection: Connection) -> str | None:
    """The revision a database says it is at."""
    from alembic.migration import MigrationContext

    return MigrationContext.configure(connection).get_current_revision()


def stamp(connection: Connection, kind: Kind) -> None:
    """Say that a schema made directly from the models is at head."""
    from alembic import command

    command.stamp(_config(kind, connection), "head")


def configure(context: Any, metadata: MetaData) -> None:
    """What both `env.py` files do: run the revisions on the connection handed over."""
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,
        # The engine begins transactions itself, so SQLite undoes schema changes like any other.
        transactional_ddl=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()
        if connection.dialect.name == "sqlite":
            _check_references(connection)


def create_index(name: str, table: str, columns: list[str], unique: bool = False) -> None:
    """For revisions: create an index unless it is there.

    MySQL keeps what an interrupted revision did and has no IF NOT EXISTS for indexes.
    """
    from alembic import op

    if name not in {index["name"] for index in inspect(op.get_bind()).get_indexes(table)}:
        op.create_index(name, table, columns, unique=unique)


def add_columns(table: str, *columns: Column) -> None:
    """For revisions: add the columns that are not there yet, for the same reason.

    SQLite gets a new table, so that it reads as if it had been created with them.
    """
    from alembic import op

    known = {column["name"] for column in inspect(op.get_bind()).get_columns(table)}
    missing = [column for column in columns if column.name not in known]
    if missing:
        with op.batch_alter_table(
            table, recreate="always" if op.get_bind().dialect.name == "sqlite" else "never"
        ) as batch:
            for column in missing:
                batch.add_column(column)


def seal_columns(table: str, *columns: str, index: str = "") -> None:
    """For revisions: seal what columns that are wide enough by now hold in plain text.

    `index`: the blind index of the first column. Rows an interrupted run has sealed are passed.
    """
    from alembic import context, op

    connection, (vault, scope) = op.get_bind(), map(context.config.attributes.get, SEALING)
    rows = sa_table(table, *map(sa_column, ("id", *columns, *filter(None, [index]))))
    for row in connection.execute(select(rows)).mappings().all():
        values = {}
        for name in columns:
            plain = bytes(row[name] or b"")
            if plain and plain[0] != FORMAT:
                place = Place(scope, table, name, row["id"])
                values[name] = vault.seal(place, plain.decode())
                if index and name == columns[0]:
                    values[index] = vault.blind(scope, table, name, plain.decode())
        if values:
            connection.execute(update(rows).where(rows.c.id == row["id"]).values(values))


def _folder(kind: Kind) -> Path:
    return ROOT / "migrations" / kind


def _config(
    kind: Kind, connection: Connection, vault: Vault | None = None, scope: int = CORE
) -> "Config":
    """What revisions get: the connection, and what seals fields of which client."""
    from alembic.config import Config

    config = Config(attributes={"connection": connection, "vault": vault, "scope": scope})
    config.set_main_option("path_separator", "os")
    config.set_main_option("script_location", str(_folder(kind)).replace("%", "%%"))
    return config


def _upgrade(engine: Engine, kind: Kind, vault: Vault, scope: int, revision: str = "head") -> str:
    from alembic import command

    with engine.execution_options(writes=True).connect() as connection, _alone(connection):
        command.upgrade(_config(kind, connection, vault, scope), revision)
        revision = current_revision(connection)
        connection.commit()
    return revision


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """One upgrade of a database at a time, whoever starts a second one."""
    if connection.dialect.name == "sqlite":
        with _foreign_keys_off(connection):
            yield
        return
    name = f"migrate.{connection.engine.url.database}"[:64]
    if not connection.exec_driver_sql("SELECT GET_LOCK(%s, %s)", (name, LOCK_SECONDS)).scalar():
        raise Unavailable("Somebody else is upgrading this database.", retry_after=LOCK_SECONDS)
    connection.commit()  # so that Alembic begins and ends a transaction for each revision
    try:
        yield
    finally:
        connection.exec_driver_sql("SELECT RELEASE_LOCK(%s)", (name,))


@contextmanager
def _foreign_keys_off(connection: Connection) -> Iterator[None]:
    """SQLite alters a table by replacing it, and dropping the old one would delete its children.

    The pragma does nothing inside a transaction, so it goes round SQLAlchemy, which begins one.
    """
    raw = connection.connection.driver_connection
    raw.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        connection.rollback()
        raw.execute("PRAGMA foreign_keys=ON")


def _check_references(connection: Connection) -> None:
    """Foreign keys were off: undo an upgrade that left a row without what it belongs to."""
    if lost := connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise RuntimeError(f"row {lost[1]} of {lost[0]} would belong to no row of {lost[2]}")


def _standing(name: str, engine: Engine, kind: Kind) -> Standing:
    if engine.dialect.name == "sqlite" and not Path(engine.url.database).is_file():
        return Standing(name, None, head(kind), "the database does not exist")
    try:
        with engine.connect() as connection:
            return Standing(name, current_revision(connection), head(kind))
    except DBAPIError as error:
        return Standing(name, None, head(kind), str(error.orig))
