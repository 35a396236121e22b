"""Statements of the busiest ways, checked and compiled once instead of each time.

Through a session every statement is built, searched for what could leave its scope, and turned
into SQL: a third of a millisecond, most of what a push would cost. What is prepared here is still
written with mapped classes and passes the same search, once. What names anything of an asset is for
sessions that see every asset, since it cannot be narrowed afterwards.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Executable, bindparam
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.engine import Compiled, Row
from sqlalchemy.orm import DeclarativeBase, Session

from app.core.access import EVERY_ASSET

from .base import AssetItself, AssetOwned
from .sessions import IsolationError, check, speaks_of_assets

Values = Mapping[str, Any]
Filler = Callable[[Values], Values | tuple]
Model = type[DeclarativeBase]


class Prepared:
    """A statement on mapped classes. Its parameters are named, plain values: str, int, bytes, None.

    `write` makes it, given the name of the database's dialect and a size, where it has one.
    """

    def __init__(self, model: Model, write: Callable[[str, int], Executable]) -> None:
        self._model = model
        self._write = write
        self._texts: dict[tuple[str, int], tuple[str, Filler]] = {}
        self._owned = issubclass(model, AssetItself | AssetOwned)

    def rows(self, session: Session, values: Values, size: int = 1) -> Sequence[Row]:
        """What a select finds."""
        connection, text, filled = self._ready(session, size)
        return connection.exec_driver_sql(text, filled(values)).all()

    def each(self, session: Session, rows: Iterable[Values]) -> None:
        """Execute it for each row of values; as few statements as the driver can make of them."""
        connection, text, filled = self._ready(session, 1)
        several = list(map(filled, rows))
        if several:
            connection.exec_driver_sql(text, several if len(several) > 1 else several[0])

    def _ready(self, session: Session, size: int) -> tuple[Connection, str, Filler]:
        connection = session.connection(bind_arguments={"mapper": self._model})
        key = connection.dialect.name, size
        if key not in self._texts:
            statement = self._write(*key)
            check(statement)
            compiled = statement.compile(dialect=connection.dialect)
            self._texts[key] = str(compiled), _filler(compiled)
            self._owned = self._owned or speaks_of_assets(statement)
        if self._owned and getattr(session, "scope", EVERY_ASSET) is not EVERY_ASSET:
            raise IsolationError("a prepared statement cannot be narrowed to a scope")
        return connection, *self._texts[key]


def _filler(compiled: Compiled) -> Filler:
    """Makes of named values what the driver wants: named ones too, or those in their order."""
    fixed = {name: value for name, value in compiled.params.items() if value is not None}
    if not compiled.positional:
        return lambda values: {**fixed, **values}
    names = tuple(compiled.positiontup)
    if not fixed:
        return lambda values: tuple(values[name] for name in names)
    return lambda values: tuple((values if name in values else fixed)[name] for name in names)


def prepare(model: Model, statement: Executable) -> Prepared:
    """A statement that is the same for every database and size."""
    return Prepared(model, lambda dialect, size: statement)


def upsert(model: Model, keys: Sequence[str], others: Sequence[str]) -> Prepared:
    """Insert a row, or give the row of these `keys` its `others`."""

    def write(dialect: str, _: int) -> Executable:
        values = {name: bindparam(name) for name in (*keys, *others)}
        if dialect == "sqlite":
            new = sqlite.insert(model).values(values)
            return new.on_conflict_do_update(
                index_elements=list(keys), set_={name: new.excluded[name] for name in others}
            )
        new = mysql.insert(model).values(values)
        return new.on_duplicate_key_update({name: new.inserted[name] for name in others})

    return Prepared(model, write)
