"""The data keys: kept wrapped in core, opened once a process.

A key that is missing is made in a transaction of its own, so that nothing is ever sealed with a
key that a rolled-back transaction takes away.
"""

import time
from dataclasses import dataclass
from threading import Lock

from sqlalchemy import (
    BigInteger,
    Connection,
    Engine,
    LargeBinary,
    String,
    UniqueConstraint,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.crypto import MasterKeys, Place, blind_index, new_key, seal, unseal, version_of

from .base import TABLE_OPTIONS, CoreBase, Key, now_ms

CORE = 0
"""The scope of the core database; clients' scopes are their ids."""
FIELD = "field"
INDEX = "index"
CHAIN = "chain"

RELOAD_SECONDS = 30
"""For how long a process may go on sealing with a key that another process has renewed."""

Wrapped = LargeBinary(80).with_variant(mysql.VARBINARY(80), "mysql", "mariadb")


class DataKey(CoreBase):
    """A data key, wrapped. `purpose`: field, index or chain (of the audit trail)."""

    __tablename__ = "data_keys"
    __table_args__ = (UniqueConstraint("scope", "purpose", "version"), TABLE_OPTIONS)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    scope: Mapped[int] = mapped_column(BigInteger)
    purpose: Mapped[str] = mapped_column(String(8))
    version: Mapped[int]
    master: Mapped[int]
    """Number of the master key it is wrapped with."""
    wrapped: Mapped[bytes] = mapped_column(Wrapped)
    created_at: Mapped[int] = mapped_column(BigInteger, default=now_ms)


KEYS = DataKey.__table__


@dataclass(frozen=True, slots=True)
class KeySet:
    """The opened versions of one key; the last seals, all open. `read`: monotonic seconds."""

    versions: dict[int, bytes]
    read: float = 0

    @property
    def newest(self) -> int:
        return max(self.versions)


class Vault:
    """Every data key of one process. Values are sealed, opened and indexed here."""

    def __init__(self, masters: MasterKeys, core: Engine) -> None:
        self.masters = masters
        self._core = core
        self._known: dict[tuple[int, str], KeySet] = {}
        self._lock = Lock()

    def seal(self, place: Place, text: str) -> bytes:
        """Seal a text for one place."""
        keys = self.keys(place.scope)
        if time.monotonic() - keys.read > RELOAD_SECONDS:
            keys = self._load(place.scope, FIELD)
        return seal(keys.versions[keys.newest], keys.newest, place, text)

    def open(self, place: Place, sealed: bytes) -> str:
        """The text sealed for this place; raises Tampered when it was not."""
        version = version_of(sealed)
        keys = self.keys(place.scope)
        if version not in keys.versions:  # another process has renewed the key
            keys = self._load(place.scope, FIELD)
        return unseal(keys.versions.get(version, b"\0" * 32), place, sealed)

    def blind(self, scope: int, table: str, column: str, text: str) -> bytes:
        """What finds `text` in a sealed column, equal texts alone."""
        keys = self.keys(scope, INDEX)
        return blind_index(keys.versions[keys.newest], scope, table, column, text)

    def chain_key(self, scope: int) -> bytes:
        """The key of one audit chain. It has one version: the past must stay verifiable."""
        return self.keys(scope, CHAIN).versions[1]

    def keys(self, scope: int, purpose: str = FIELD) -> KeySet:
        """The opened keys of a scope, made when there are none yet."""
        return self._known.get((scope, purpose)) or self._load(scope, purpose)

    def prepare(self) -> None:
        """Have core's keys, so that no transaction waits for them to be made."""
        for purpose in (FIELD, INDEX, CHAIN):
            self.keys(CORE, purpose)

    def add_all(self, connection: Connection, scope: int) -> None:
        """Make the first key of each purpose unless it is there; the caller commits."""
        for purpose in (FIELD, INDEX, CHAIN):
            self.add_first(connection, scope, purpose)

    def add_first(self, connection: Connection, scope: int, purpose: str) -> None:
        """Make the first key unless there is one; the caller commits."""
        known = select(KEYS.c.id).where(KEYS.c.scope == scope, KEYS.c.purpose == purpose)
        if connection.execute(known.limit(1)).first() is None:
            self._add(connection, scope, purpose, 1)

    def renew(self, scope: int) -> int:
        """Add a version of the key that seals fields; what older ones sealed still opens."""
        version = self.keys(scope).newest + 1
        with self._core.execution_options(writes=True).begin() as connection:
            self._add(connection, scope, FIELD, version)
        self._load(scope, FIELD)
        return version

    def rewrap(self) -> int:
        """Wrap every data key with the newest master key; returns how many were changed."""
        changed = 0
        older = select(KEYS).where(KEYS.c.master != self.masters.newest)
        with self._core.execution_options(writes=True).begin() as connection:
            for row in connection.execute(older).all():
                key = self.masters.unwrap(row.master, row.wrapped, _bound(row))
                master, wrapped = self.masters.wrap(key, _bound(row))
                values = {"master": master, "wrapped": wrapped}
                connection.execute(update(KEYS).where(KEYS.c.id == row.id).values(values))
                changed += 1
        return changed

    def use(self, connection: Connection, scope: int) -> None:
        """Read keys through a connection in hand, as revisions must."""
        self.add_all(connection, scope)
        for purpose in (FIELD, INDEX, CHAIN):
            self._read(connection, scope, purpose)

    def _load(self, scope: int, purpose: str) -> KeySet:
        with self._core.connect() as connection:
            if keys := self._read(connection, scope, purpose):
                return keys
        try:
            with self._core.execution_options(writes=True).begin() as connection:
                self.add_first(connection, scope, purpose)
        except IntegrityError:
            pass  # another process made it at the same moment
        with self._core.connect() as connection:
            return self._read(connection, scope, purpose)

    def _read(self, connection: Connection, scope: int, purpose: str) -> KeySet:
        found = select(KEYS).where(KEYS.c.scope == scope, KEYS.c.purpose == purpose)
        versions = {
            row.version: self.masters.unwrap(row.master, row.wrapped, _bound(row))
            for row in connection.execute(found)
        }
        keys = KeySet(versions, time.monotonic())
        if versions:
            with self._lock:
                self._known[scope, purpose] = keys
        return keys if versions else None

    def _add(self, connection: Connection, scope: int, purpose: str, version: int) -> None:
        bound = f"{scope}|{purpose}|{version}"
        master, wrapped = self.masters.wrap(new_key(), bound)
        connection.execute(
            insert(KEYS).values(
                scope=scope,
                purpose=purpose,
                version=version,
                master=master,
                wrapped=wrapped,
                created_at=now_ms(),
            )
        )


def give_keys(core: Session, scope: int) -> None:
    """Make a new client's keys in the transaction that makes the client."""
    connection = core.connection(bind_arguments={"mapper": DataKey})
    core.info["vault"].add_all(connection, scope)


def _bound(row) -> str:
    return f"{row.scope}|{row.purpose}|{row.version}"
