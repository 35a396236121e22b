"""Engines: one for core with one kept connection, one per client with none.

A shared host allows few connections, so a busy process holds two at most. Client engines are kept
in a small LRU; building one costs a tenth of a millisecond, an open connection costs the host.
"""

from collections import OrderedDict
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import NullPool, QueuePool

from app.core.access import TenantRef
from app.core.crypto import master_keys
from app.settings import Settings

from .vault import Vault

KEPT_TENANTS = 50
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
            max_overflow=4,
            pool_pre_ping=True,
            pool_recycle=RECYCLE_SECONDS,
        )
        self.vault = Vault(master_keys(settings.field_keys, settings.secret_key), self.core)
        self._tenants: OrderedDict[str, Engine] = OrderedDict()
        self._lock = Lock()

    def tenant(self, ref: TenantRef) -> Engine:
        """The engine of one client's database."""
        with self._lock:
            engine = self._tenants.get(ref.url)
            if engine is None:
                engine = self._tenants[ref.url] = build(make_url(ref.url), poolclass=NullPool)
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
    def prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # transactions are begun below, not by the driver
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"busy_timeout={BUSY_MS}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        # A transaction that will write must take its place at once: upgrading a read lock fails
        # immediately when somebody else writes, whatever the busy time-out.
        write = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine
