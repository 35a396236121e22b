"""Attributes that are plain in Python and sealed in the database.

    email_sealed: Mapped[bytes] = mapped_column("email", Sealed, default=b"")
    email_index: Mapped[bytes | None] = mapped_column(Blind, unique=True)
    email = Encrypted("email_sealed", index="email_index")

`row.email` reads and writes a str; `find_by(User, "email", text, session)` is the condition that
finds it. A sealed value is bound to its row's id, which the database gives: a new row is inserted
empty and sealed in the same transaction.
"""

from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, LargeBinary, Table, event, func, or_, select, update
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import DeclarativeBase, Mapper, Session, object_session
from sqlalchemy.orm.attributes import set_committed_value

from app.core.crypto import FORMAT, HEADER, Place

from .vault import CORE, Vault

Sealed = LargeBinary(512).with_variant(mysql.VARBINARY(512), "mysql", "mariadb")
"""A sealed text of up to 480 bytes; longer ones are stored as `Blob`."""

Blind = LargeBinary(16).with_variant(mysql.BINARY(16), "mysql", "mariadb")
"""The blind index of a sealed text."""


class Encrypted:
    """The plain side of a sealed column. None stays None.

    `empty`: what an empty column means, and what is stored as one: there is nothing to hide.
    """

    def __init__(self, column: str, index: str | None = None, empty: str | None = None) -> None:
        self.column = column
        self.index = index
        self.empty = empty

    def __set_name__(self, owner: type, name: str) -> None:
        self.table = owner.__tablename__
        self.name = name
        self.plain = f"_plain_{name}"

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self
        if self.plain not in instance.__dict__:
            sealed = getattr(instance, self.column)
            instance.__dict__[self.plain] = (
                _vault(instance).open(self.place(instance), sealed) if sealed else self.empty
            )
        return instance.__dict__[self.plain]

    def __set__(self, instance: Any, value: str | None) -> None:
        instance.__dict__[self.plain] = value
        if instance.__dict__.get("id") is not None and object_session(instance) is not None:
            self.write(instance)

    def __eq__(self, other: object) -> bool:
        raise TypeError(f"{self.name} is sealed: compare with find_by")

    __hash__ = object.__hash__

    def write(self, instance: Any) -> None:
        """Seal the plain value into the column, and find it again by its index."""
        setattr(instance, self.column, self.seal(instance))
        self.write_index(instance)

    def seal(self, instance: Any) -> bytes | None:
        """What the column holds for the plain value."""
        value = instance.__dict__.get(self.plain)
        if value is None or value == self.empty:
            return None if value is None else b""
        return _vault(instance).seal(self.place(instance), value)

    def write_index(self, instance: Any) -> None:
        """Write what finds this row by its value."""
        if self.index is None:
            return
        value, blind = instance.__dict__.get(self.plain), None
        if value is not None and value != self.empty:
            scope = _scope(object_session(instance))
            blind = _vault(instance).blind(scope, self.table, self.name, value)
        setattr(instance, self.index, blind)

    def place(self, instance: Any) -> Place:
        """Where this value of this row stands."""
        scope = instance.__dict__.get("_scope")
        scope = _scope(object_session(instance)) if scope is None else scope
        return Place(scope, self.table, self.name, instance.id)


@cache
def encrypted_of(cls: type) -> tuple[Encrypted, ...]:
    """The encrypted attributes of a mapped class and of those it is made from."""
    parts = (value for each in cls.__mro__ for value in vars(each).values())
    return tuple(value for value in parts if isinstance(value, Encrypted))


def sealed_classes(base: type[DeclarativeBase]) -> list[type]:
    """The classes of a base whose tables hold something sealed."""
    classes = (mapper.class_ for mapper in base.registry.mappers)
    found = [c for c in classes if any(e.table == c.__tablename__ for e in encrypted_of(c))]
    return sorted(found, key=lambda c: c.__name__)


def find_by(cls: type, name: str, text: str, session: Session) -> ColumnElement[bool]:
    """The condition that finds the rows whose encrypted attribute `name` equals `text`."""
    attribute: Encrypted = getattr(cls, name)
    blind = session.info["vault"].blind(_scope(session), attribute.table, name, text)
    return getattr(cls, attribute.index) == blind


def _scope(session: Session | None) -> int:
    tenant = getattr(session, "tenant", None)
    return tenant.id if tenant else CORE


def _vault(instance: Any) -> Vault:
    if kept := instance.__dict__.get("_vault"):
        return kept
    return object_session(instance).info["vault"]


@event.listens_for(Mapper, "mapper_configured")
def _listen(mapper: Mapper, cls: type) -> None:
    """Only classes with encrypted attributes pay for having them."""
    if encrypted_of(cls):
        event.listen(cls, "load", _loaded)
        event.listen(cls, "refresh", _forget)
        event.listen(cls, "expire", _forget)
        event.listen(mapper, "before_insert", _index_first)
        event.listen(mapper, "after_insert", _seal_new)


def _loaded(instance: Any, context: Any) -> None:
    """Remember the vault: rows are read after their session is closed, too."""
    instance.__dict__["_vault"] = context.session.info["vault"]
    instance.__dict__["_scope"] = _scope(context.session)


def _forget(instance: Any, *_: Any) -> None:
    """The database may say something else now: open it again when asked."""
    for attribute in encrypted_of(type(instance)):
        if attribute.column not in instance.__dict__ or instance.__dict__[attribute.column]:
            instance.__dict__.pop(attribute.plain, None)


def _index_first(_: Mapper, connection: Any, instance: Any) -> None:
    for attribute in encrypted_of(type(instance)):
        attribute.write_index(instance)


def _seal_new(mapper: Mapper, connection: Any, instance: Any) -> None:
    """The row has its id now: seal what it was inserted without."""
    values: dict[Table, dict[str, bytes]] = {}
    for attribute in encrypted_of(type(instance)):
        if sealed := attribute.seal(instance):
            column = mapper.attrs[attribute.column].columns[0]
            values.setdefault(column.table, {})[column.name] = sealed
            set_committed_value(instance, attribute.column, sealed)
    for table, sealed in values.items():
        connection.execute(update(table).where(table.c.id == instance.id).values(sealed))


def stale(session: Session, cls: type) -> int:
    """How many rows hold something sealed with an older key than the newest."""
    return session.scalar(select(func.count(cls.id)).where(_older(session, cls))) or 0


def reseal(session: Session, cls: type, limit: int) -> int:
    """Seal up to `limit` such rows anew; returns how many. The caller commits each piece.

    A value that somebody changes meanwhile is left to them, and is found again if it must be.
    """
    rows = session.scalars(select(cls).where(_older(session, cls)).limit(limit)).all()
    for row in rows:
        for attribute in encrypted_of(cls):
            if sealed := getattr(row, attribute.column):
                column = getattr(cls, attribute.column)
                vault, place = _vault(row), attribute.place(row)
                anew = {column: vault.seal(place, vault.open(place, sealed))}
                same = update(cls).where(cls.id == row.id, column == sealed).values(anew)
                session.execute(same, execution_options={"synchronize_session": False})
    return len(rows)


def _older(session: Session, cls: type) -> ColumnElement[bool]:
    newest = HEADER.pack(FORMAT, session.info["vault"].keys(_scope(session)).newest)
    columns = [getattr(cls, attribute.column) for attribute in encrypted_of(cls)]
    return or_(
        *((column != b"") & (func.substr(column, 1, len(newest)) != newest) for column in columns)
    )
