"""Engines: one for core, one per client, and as few connections as can be.

A shared host allows few connections to its MySQL, and making one costs ten times what a statement
does. So a process keeps one connection to core's server and lends it to whichever database is
asked next; only while a request uses two at once is there a second. Clients on another server, or
under another account, get a connection each time. SQLite files stay open, a few at a time.
"""

from collections import OrderedDict
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DisconnectionError, OperationalError
from sqlalchemy.pool import NullPool, QueuePool

from app.core.access import TenantRef
from app.core.crypto import master_keys
from app.settings import Settings

from .remembered import Remembered
from .vault import Vault

KEPT_TENANTS = 50
MOST_AT_ONCE = 15
"""Connections beyond the one that is kept, for servers that answer with several threads."""
DATABASE = "tbms_database"
"""Execution option: which database of core's server is meant."""
RECYCLE_SECONDS = 25
"""Below the shortest idle time-out seen on shared MySQL servers."""
BUSY_MS = 5000
LOCAL_HOSTS = (None, "", "localhost", "127.0.0.1", "::1")


class Engines:
    """Every engine of one process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.core = build(
            make_url(settings.core_url),
            poolclass=QueuePool,
            pool_size=1,
            max_overflow=MOST_AT_ONCE,
            pool_pre_ping=True,
            pool_recycle=RECYCLE_SECONDS,
        )
        if self.core.dialect.name != "sqlite":
            event.listen(self.core, "engine_connect", _choose_database)
        self._account = self.core.url.set(database="")
        self.vault = Vault(master_keys(settings.field_keys, settings.secret_key), self.core)
        self.remembered = Remembered(settings.cache_dir / "core.changed")
        self._tenants: OrderedDict[str, Engine] = OrderedDict()
        self._lock = Lock()

    def serving(self, ref: TenantRef) -> Engine:
        """The engine for sessions on one client's database: core's connection where that will do.

        What it says of itself (version, default schema) is core's: to look at a schema, `tenant`.
        """
        url = make_url(ref.url)
        if url.get_backend_name() == "sqlite" or url.set(database="") != self._account:
            return self.tenant(ref)
        return self.core.execution_options(**{DATABASE: url.database})

    def tenant(self, ref: TenantRef) -> Engine:
        """The engine of one client's database, with connections of its own."""
        with self._lock:
            engine = self._tenants.get(ref.url)
            if engine is None:
                engine = self._tenants[ref.url] = _of_client(make_url(ref.url))
                while len(self._tenants) > KEPT_TENANTS:
                    self._tenants.popitem(last=False)[1].dispose()
            else:
                self._tenants.move_to_end(ref.url)
            return engine

    def forget(self, ref: TenantRef) -> None:
        """Drop the engine of a client whose database goes away."""
        with self._lock:
            engine = self._tenants.pop(ref.url, None)
        if engine is not None:
            engine.dispose()

    def tenant_url(self, tenant_id: int, given: str | None = None) -> str:
        """Where a client's database is: its own URL, or the settings' pattern."""
        return given or self.settings.tenant_pattern.replace("{id}", str(tenant_id))

    def __enter__(self) -> "Engines":
        return self

    def __exit__(self, *_: object) -> None:
        self.dispose()

    def dispose(self) -> None:
        """Close every connection."""
        self.core.dispose()
        with self._lock:
            for engine in self._tenants.values():
                engine.dispose()
            self._tenants.clear()


def _of_client(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        return build(url, poolclass=QueuePool, pool_size=1, max_overflow=MOST_AT_ONCE)
    return build(url, poolclass=NullPool)


def _choose_database(connection: Connection) -> None:
    """Point the kept connection at the database meant, unless it already is."""
    wanted = connection.get_execution_options().get(DATABASE) or connection.engine.url.database
    if connection.info.setdefault(DATABASE, connection.engine.url.database) == wanted:
        return
    try:
        connection.connection.driver_connection.select_db(wanted)
    except connection.dialect.loaded_dbapi.Error as error:
        connection.invalidate()
        connection.close()
        raise OperationalError("USE", None, error) from error
    connection.info[DATABASE] = wanted


def build(url: URL, **pool: Any) -> Engine:
    """An engine that speaks to its database the way this product expects."""
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, **pool)
    return create_engine(
        url,
        isolation_level="READ COMMITTED",
        hide_parameters=True,  # errors are logged, and values are nobody's business there
        connect_args={
            "charset": "utf8mb4",
            # Some hosts turn strictness off: what does not fit would be cut without a word.
            "init_command": "SET time_zone = '+00:00', sql_mode = 'TRADITIONAL'",
            "connect_timeout": 5,
            # TLS to a database on the same machine costs twenty milliseconds a connection.
            **({"ssl_disabled": True} if url.host in LOCAL_HOSTS else {}),
        },
        **pool,
    )


def _sqlite(url: URL, **pool: Any) -> Engine:
    if url.database:  # the folder is nobody else's, whatever the umask of who came first
        Path(url.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = create_engine(
        url, connect_args={"timeout": BUSY_MS / 1000}, hide_parameters=True, **pool
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # transactions are begun below, not by the driver
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"busy_timeout={BUSY_MS}",
        ):
            connection.execute(f"PRAGMA {pragma}")
        record.info["file"] = _identity(url.database)

    @event.listens_for(engine, "checkout")
    def same_file(connection: Any, record: Any, _: Any) -> None:
        # A copy may have been put in its place: what is written to the old file is lost.
        if record.info["file"] != _identity(url.database):
            raise DisconnectionError("the file is another one now")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        # A transaction that will write must take its place at once: upgrading a read lock fails
        # immediately when somebody else writes, whatever the busy time-out.
        write = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _identity(path: str | None) -> tuple[int, int] | None:
    """What tells a file from another of the same name; None for what is no file."""
    try:
        found = Path(path).stat() if path else None
    except FileNotFoundError:
        return None
    return (found.st_dev, found.st_ino) if found else None
