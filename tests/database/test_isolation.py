"""A session cannot leave its database or its scope, whatever shape the question has."""

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import (
    delete,
    exists,
    func,
    literal,
    literal_column,
    select,
    table,
    text,
    union,
    update,
)
from sqlalchemy.orm import (
    aliased,
    configure_mappers,
    joinedload,
    relationship,
    selectinload,
    subqueryload,
)

from app.clients.models import Asset, AssetGrant, Battery, BatteryType
from app.core.access import EVERY_ASSET
from app.core.models import Tenant
from app.database.sessions import IsolationError, UnboundExecutionError, open_tenant
from app.processor.models import BlockLedger, BlockSource, HistoryChunk, LiveReading

OURS = frozenset({1, 3})
ALL = frozenset(range(1, 6))


@pytest.fixture
def fleet(house):
    """Laurentia with a live reading, a chunk and a ledger row for each of its five assets."""
    with house.tenant(writes=True) as session:
        session.add(BlockSource(id=1, collector_id=1, epoch="e"))
        session.flush()
        for asset_id in ALL:
            session.add_all(_rows(asset_id))
        session.commit()
    return house


def _rows(asset_id: int) -> list:
    return [
        LiveReading(
            asset_id=asset_id, ts=1, received_at=1, interval_ms=1000, collector_id=1, reading={}
        ),
        HistoryChunk(asset_id=asset_id, start=1, kind=0, end=2, count=1, data=b"x"),
        BlockLedger(asset_id=asset_id, source_id=1, ranges="0-1"),
    ]


@pytest.fixture
def scoped(fleet):
    with fleet.tenant(scope=OURS) as session:
        yield session


OTHER = aliased(Asset)
SUBQUERY = select(Asset.id, Asset.type_id).subquery()
CTE = select(LiveReading.asset_id).cte()
FIRST = select(Asset.id).cte("down", recursive=True)
DOWN = FIRST.union_all(select(OTHER.id).where(OTHER.id == FIRST.c.id + 1))
LIVE_TABLE = LiveReading.__table__

SHAPES = {
    "columns": select(Asset.id),
    "core columns of the subclass": select(Battery.id),
    "owned": select(HistoryChunk.asset_id),
    "alias": select(OTHER.id),
    "alias of owned": select(aliased(BlockLedger).asset_id),
    "join": select(LiveReading.asset_id).join(Asset, Asset.id == LiveReading.asset_id),
    "outer join": select(Asset.id).outerjoin(LiveReading, LiveReading.asset_id == Asset.id),
    "joined from outside": select(Asset.id).select_from(BatteryType).join(
        Asset, Asset.type_id == BatteryType.id
    ),
    "subquery": select(SUBQUERY.c.id),
    "in subquery": select(HistoryChunk.asset_id).where(HistoryChunk.asset_id.in_(select(Asset.id))),
    "cte": select(CTE.c.asset_id),
    "alias of a subquery": select(aliased(Asset, select(Asset).subquery()).id),
    "correlated": select(Asset.id).where(
        exists().where(LiveReading.asset_id == Asset.id).correlate(Asset)
    ),
    "distinct ordered": select(Asset.id).distinct().order_by(Asset.id.desc()),
    "ids said aloud": select(Asset.id).where(Asset.id.in_(ALL)),
    "union inside": select(
        union(select(Asset.id), select(HistoryChunk.asset_id)).subquery().c.id
    ),
    "recursive": select(DOWN.c.id),
    "or": select(Asset.id).where((Asset.id == 2) | (Asset.id > 0)),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_selects_are_narrowed(scoped, shape):
    assert set(scoped.scalars(SHAPES[shape])) <= OURS
    assert set(scoped.scalars(SHAPES[shape])) != set() or shape == "joined from outside"


def test_entities_are_narrowed(scoped):
    assert {asset.id for asset in scoped.scalars(select(Asset))} == OURS
    assert {battery.id for battery in scoped.scalars(select(Battery))} == OURS
    assert {row.asset_id for row in scoped.scalars(select(LiveReading))} == OURS


def test_get_finds_ours_only(scoped):
    assert scoped.get(Asset, 1).id == 1
    assert scoped.get(Asset, 2) is None
    assert scoped.get(LiveReading, 3).asset_id == 3
    assert scoped.get(LiveReading, 4) is None


def test_aggregates_count_ours_only(scoped):
    assert scoped.scalar(select(func.count()).select_from(Asset)) == len(OURS)
    assert scoped.scalar(select(func.count(HistoryChunk.seq))) == len(OURS)
    assert scoped.scalar(select(func.max(Asset.id))) == max(OURS)
    grouped = scoped.execute(select(Asset.status, func.count(Asset.id)).group_by(Asset.status))
    assert dict(map(tuple, grouped)) == {"active": len(OURS)}


def test_existence_says_nothing_of_others(scoped):
    """Asked by a row that belongs to nobody: is there an asset 4 of this type?"""
    foreign = select(Asset.id).where(Asset.id == 4)
    assert scoped.scalar(select(foreign.exists())) is False
    assert scoped.scalar(select(BatteryType.id).where(foreign.exists())) is None
    assert scoped.scalar(select(BatteryType.id, foreign.scalar_subquery())) == 1


@pytest.fixture(scope="module")
def kinds():
    """Mappings with collections of assets: the catalogue has none today and may tomorrow."""
    BatteryType.assets = relationship(Asset, viewonly=True, order_by=Asset.id)
    Asset.ledgers = relationship(BlockLedger, viewonly=True)
    configure_mappers()
    return [None, selectinload, joinedload, subqueryload]


@pytest.mark.parametrize("load", range(4), ids=["lazy", "selectin", "joined", "subquery"])
def test_related_rows_are_narrowed_too(scoped, kinds, load):
    types = select(BatteryType).order_by(BatteryType.id)
    assets = select(Asset)
    if load := kinds[load]:
        types = types.options(load(BatteryType.assets))
        assets = assets.options(load(Asset.ledgers), load(Asset.type))
    found = scoped.scalars(types).unique().all()
    assert [[asset.id for asset in kind.assets] for kind in found] == [[1, 3], []]
    for asset in scoped.scalars(assets).unique():
        assert [ledger.asset_id for ledger in asset.ledgers] == [asset.id]
        assert asset.type.id == 1


def test_streaming_is_narrowed(scoped):
    chunks = scoped.scalars(select(HistoryChunk).execution_options(yield_per=1))
    assert {chunk.asset_id for chunk in chunks} == OURS


def test_bulk_updates_touch_ours_only(fleet):
    with fleet.tenant(scope=OURS, writes=True) as session:
        session.execute(update(LiveReading).values(ts=99))
        session.execute(update(Asset).values(name="Bob's"))
        session.commit()
    with fleet.tenant() as session:
        assert set(session.scalars(select(LiveReading.asset_id).filter_by(ts=99))) == OURS
        assert set(session.scalars(select(Asset.id).filter_by(name="Bob's"))) == OURS


def test_bulk_deletes_touch_ours_only(fleet):
    with fleet.tenant(scope=OURS, writes=True) as session:
        session.execute(delete(HistoryChunk))
        session.commit()
    with fleet.tenant() as session:
        assert set(session.scalars(select(HistoryChunk.asset_id))) == ALL - OURS


@pytest.mark.parametrize(
    "statement",
    [
        union(select(Asset.id), select(Asset.id)),
        select(exists().where(Asset.id == 2)),
        select(literal(1)),
        text("SELECT id FROM assets"),
        select(text("id")).select_from(text("assets")),
        select(table("assets")),
        select(Asset.__table__.c.id),
        select(Tenant),
        select(Asset).from_statement(text("SELECT * FROM assets")),
        select(Asset.id, text("(SELECT count(*) FROM assets)")),
        select(Asset.id, literal_column("(SELECT count(*) FROM assets)")),
        select(Asset.id).where(text("1 OR 1")),
        select(Asset.id, LIVE_TABLE.c.asset_id),
        select(Asset.id).join(LIVE_TABLE, LIVE_TABLE.c.asset_id == 4),
        select(BatteryType.id).where(select(LIVE_TABLE.c.ts).exists()),
        update(Asset.__table__).values(name="x"),
        delete(Asset.__table__),
    ],
    ids=str,
)
def test_what_cannot_be_narrowed_raises(fleet, statement):
    with (
        fleet.tenant(scope=OURS) as session,
        pytest.raises((IsolationError, UnboundExecutionError)),
    ):
        session.execute(statement).all()


def test_the_other_base_is_out_of_reach(fleet):
    with fleet.core() as core, pytest.raises((IsolationError, UnboundExecutionError)):
        core.execute(select(Asset))
    with fleet.tenant() as session, pytest.raises((IsolationError, UnboundExecutionError)):
        session.get(Tenant, 1)


def test_textual_sql_is_out_of_reach_even_unscoped(fleet):
    for session in (fleet.core(), fleet.tenant()):
        with session, pytest.raises((IsolationError, UnboundExecutionError)):
            session.execute(text("SELECT 1"))


def test_an_empty_scope_sees_nothing(fleet):
    with fleet.tenant(scope=frozenset()) as session:
        for model in (Asset, Battery, LiveReading, HistoryChunk, BlockLedger, AssetGrant):
            assert session.scalars(select(model)).all() == []
        assert session.scalar(select(func.count()).select_from(Asset)) == 0


@pytest.mark.parametrize("scope", [None, [1], {1}, "all", 1])
def test_a_scope_must_be_said(fleet, scope):
    with pytest.raises(IsolationError):
        fleet.tenant(scope=scope)


@pytest.mark.parametrize("ref", [1, "laurentia", None])
def test_a_reference_is_the_only_key(fleet, ref):
    with pytest.raises(IsolationError):
        open_tenant(fleet.engines, ref, EVERY_ASSET)


def test_one_scope_does_not_leak_into_the_next(fleet):
    """Compiled statements are cached across sessions; the ids in them must not be."""
    for scope in (frozenset({1}), frozenset({2, 4}), frozenset({5}), frozenset()):
        with fleet.tenant(scope=scope) as session:
            assert set(session.scalars(select(Asset.id))) == scope
            assert set(session.scalars(select(HistoryChunk.asset_id))) == scope


def test_clients_share_nothing(fleet):
    with fleet.tenant("boreal") as session:
        assert session.scalars(select(LiveReading)).all() == []
        assert session.get(Asset, 4) is None


@hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    scope=st.frozensets(st.integers(1, 6)),
    wanted=st.sets(st.integers(1, 6)),
    shape=st.sampled_from(sorted(SHAPES)),
)
def test_a_scoped_session_never_returns_a_foreign_asset(fleet, scope, wanted, shape):
    with fleet.tenant(scope=scope) as session:
        assert set(session.scalars(SHAPES[shape])) <= scope
        found = session.scalars(select(Asset.id).where(Asset.id.in_(wanted)))
        assert set(found) == scope & wanted & ALL
        assert {asset_id for asset_id in wanted if session.get(Asset, asset_id)} == (
            scope & wanted & ALL
        )
