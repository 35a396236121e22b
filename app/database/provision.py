"""Databases come and go: create, adopt or drop the one a client's reference names.

Where the account may not create databases (most shared hosts), the operator makes an empty one in
the hosting panel and `adopt` takes it. Every function may be repeated.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, inspect
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from app.core.access import TenantRef
from app.errors import Conflict, Misconfigured

from .engines import Engines, build
from .migrate import VERSION_TABLE

NAME = re.compile(r"[A-Za-z0-9_]{1,64}")
"""Names that need no thought in any shell, panel or SQL dialect."""
ACCESS_DENIED = 1044


def create_database(engines: Engines, ref: TenantRef) -> None:
    """Create the client's empty database unless it is there already.

    Raises Misconfigured when the URL is unusable or the server refuses; the text says what to do.
    """
    url = _checked(engines, ref)
    if url.get_backend_name() == "sqlite":
        adopt(engines, ref)
        return
    with _server(url) as connection:
        try:
            connection.exec_driver_sql(
                f"CREATE DATABASE IF NOT EXISTS {_quoted(connection, url)} "
                "CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"
            )
        except OperationalError as error:
            if _number(error) != ACCESS_DENIED:
                raise
            adopt(engines, ref)


def adopt(engines: Engines, ref: TenantRef) -> None:
    """Take a database that exists: it must be reachable, and empty or one of ours.

    Raises Misconfigured when it cannot be opened, Conflict when somebody else's tables are in it.
    """
    _checked(engines, ref)
    try:
        with engines.tenant(ref).connect() as connection:
            tables = inspect(connection).get_table_names()
    except DBAPIError as error:
        raise Misconfigured(
            f"The database {_name(ref)} of client {ref.slug} cannot be opened ({error.orig}): "
            "create it in the hosting panel and give the portal's user all rights on it."
        ) from None
    if tables and VERSION_TABLE not in tables:
        raise Conflict("The database %(name)s already holds other tables.", name=_name(ref))


def drop_database(engines: Engines, ref: TenantRef) -> None:
    """Remove the client's database and everything measured in it. Nothing there: nothing done."""
    url = _checked(engines, ref)
    engines.forget(ref)
    if url.get_backend_name() == "sqlite":
        for suffix in ("", "-wal", "-shm"):
            Path(f"{url.database}{suffix}").unlink(missing_ok=True)
        return
    with _server(url) as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {_quoted(connection, url)}")


def _checked(engines: Engines, ref: TenantRef) -> URL:
    url = make_url(ref.url)
    if url.get_backend_name() == "sqlite":
        if not url.database or url.database == ":memory:":
            raise Misconfigured(f"Client {ref.slug} needs a database file.")
    elif not NAME.fullmatch(url.database or ""):
        raise Misconfigured(
            f"{url.database!r} is no database name for client {ref.slug}: "
            "letters, digits and _ only, 64 at most."
        )
    core = engines.core.url
    if (url.host, url.port, url.database) == (core.host, core.port, core.database):
        raise Misconfigured(f"Client {ref.slug} cannot live in the core database.")
    return url


def _name(ref: TenantRef) -> str:
    return Path(make_url(ref.url).database or "").name


@contextmanager
def _server(url: URL) -> Iterator[Connection]:
    """A connection to the server of a URL, with no database chosen and nothing to commit."""
    engine = build(url.set(database=""), poolclass=NullPool)
    with engine.connect() as connection:
        yield connection.execution_options(isolation_level="AUTOCOMMIT")


def _quoted(connection: Connection, url: URL) -> str:
    return connection.dialect.identifier_preparer.quote_identifier(url.database)


def _number(error: DBAPIError) -> int | None:
    return error.orig.args[0] if error.orig and error.orig.args else None
