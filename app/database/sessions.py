"""Sessions that cannot reach what they should not: the rings of isolation.

1. A session is bound to one base. The other base's models, textual SQL and bare tables find no
   bind and raise; so does text or a bare table's column hidden inside a statement on mapped
   classes. There is no quick way round the ORM, which is why ring 3 holds.
2. A client's session is opened with a TenantRef, and only with one.
3. It carries a scope, said explicitly. For a frozenset of asset ids, every select, load, join,
   bulk update and delete of an asset or of anything asset-owned is narrowed to it; the few shapes
   that cannot be narrowed raise.
"""

from sqlalchemy import Column, CompoundSelect, Engine, Executable, Table, TextualSelect, event
from sqlalchemy.exc import UnboundExecutionError
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.sql import visitors
from sqlalchemy.sql.expression import ClauseElement, ColumnClause, FromClause, TextClause

from app.core.access import EVERY_ASSET, Scope, TenantRef

from .base import AssetItself, AssetOwned, CoreBase, TenantBase
from .engines import Engines
from .remembered import watch


class IsolationError(RuntimeError):
    """A statement tried to leave its session's base or scope. Always a programming error."""


class CoreSession(Session):
    """Speaks to `trackingbms_core` only."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(binds={CoreBase: engine}, expire_on_commit=False)


class TenantSession(Session):
    """Speaks to one client's database only, within one scope."""

    def __init__(self, engine: Engine, tenant: TenantRef, scope: Scope) -> None:
        if scope is not EVERY_ASSET and not isinstance(scope, frozenset):
            raise IsolationError("a client session needs a scope: EVERY_ASSET or a frozenset")
        super().__init__(binds={TenantBase: engine}, expire_on_commit=False)
        self.tenant = tenant
        self.scope = scope


def open_core(engines: Engines, *, writes: bool = False) -> CoreSession:
    """A session on the core database; the caller closes it. `writes` as for `open_tenant`."""
    if writes:
        engines.vault.prepare()
    session = CoreSession(engines.core.execution_options(writes=True) if writes else engines.core)
    session.info["vault"] = engines.vault
    session.info["remembered"] = engines.remembered
    return session


def open_tenant(engines: Engines, tenant: TenantRef, scope: Scope, *, writes: bool = False):
    """A session on one client's database; the caller closes it.

    `writes` says that the transaction will write, which SQLite wants to know at its beginning.
    """
    if not isinstance(tenant, TenantRef):
        raise IsolationError("a client's database is opened with a TenantRef")
    engine = engines.serving(tenant)
    if writes:
        engine = engine.execution_options(writes=True)
    session = TenantSession(engine, tenant, scope)
    session.info["vault"] = engines.vault
    return session


@event.listens_for(CoreSession, "do_orm_execute")
@event.listens_for(TenantSession, "do_orm_execute")
def _only_mapped(state: ORMExecuteState) -> None:
    if not state.is_orm_statement and not isinstance(state.statement, CompoundSelect):
        raise IsolationError("only statements on mapped classes can be executed here")
    if state.is_relationship_load or state.is_column_load:
        return  # written by SQLAlchemy from mapped classes
    check(state.statement)


def check(statement: Executable) -> None:
    """Raise IsolationError for text, or a bare table's column, anywhere inside a statement."""
    mapped: set[FromClause] = set()
    bare: dict[FromClause, Column] = {}
    for element in visitors.iterate(statement):
        if _is_text(element):
            raise IsolationError("text inside a statement cannot be narrowed")
        if entity := getattr(element, "_annotations", {}).get("parententity"):
            mapped.update(entity.mapper.tables)
        elif isinstance(element, Column) and isinstance(element.table, Table):
            bare[element.table] = element
    for table in bare.keys() - mapped:
        raise IsolationError(f"{bare[table]} must be named through its mapped class")


@event.listens_for(TenantSession, "do_orm_execute")
def _narrow(state: ORMExecuteState) -> None:
    scope = state.session.scope
    if scope is EVERY_ASSET or state.is_insert:
        return
    if isinstance(state.statement, CompoundSelect):
        raise IsolationError("a union cannot be narrowed to a scope")
    ids = tuple(sorted(scope))
    state.statement = state.statement.options(
        with_loader_criteria(AssetItself, lambda cls: cls.id.in_(ids), include_aliases=True),
        with_loader_criteria(AssetOwned, lambda cls: cls.asset_id.in_(ids), include_aliases=True),
    )


watch(CoreSession)


def speaks_of_assets(statement: Executable) -> bool:
    """Whether a statement names an asset, or anything owned by one."""
    entities = (
        getattr(element, "_annotations", {}).get("parententity")
        for element in visitors.iterate(statement)
    )
    return any(
        issubclass(entity.mapper.class_, AssetItself | AssetOwned) for entity in entities if entity
    )


def _is_text(element: ClauseElement) -> bool:
    if isinstance(element, ColumnClause):
        return element.is_literal and element.name != "*"
    return isinstance(element, TextClause | TextualSelect)


__all__ = [
    "CoreSession",
    "IsolationError",
    "TenantSession",
    "UnboundExecutionError",
    "open_core",
    "open_tenant",
]
