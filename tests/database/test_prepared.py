"""A prepared statement says the same as through a session, and leaves no scope and no base."""

import pytest
from sqlalchemy import bindparam, literal_column, select, text

from app.clients.models import Asset
from app.core.models import User
from app.database.prepared import Prepared, prepare, upsert
from app.database.sessions import IsolationError, UnboundExecutionError
from app.processor.models import LiveReading, LiveRevision

NAMED = prepare(Asset, select(Asset.id, Asset.uid).where(Asset.uid == bindparam("uid")))
ROW = {
    "asset_id": 1, "ts": 5, "received_at": 6, "interval_ms": 7, "collector_id": 8,
    "severity": "", "reading": '{"values": {"soc": 1.5}}',
}  # fmt: skip
PUT = upsert(LiveReading, ("asset_id",), tuple(name for name in ROW if name != "asset_id"))


def test_rows_are_found_by_named_values(house):
    with house.tenant() as session:
        assert NAMED.rows(session, {"uid": "EDS-LFP-0002"})[0] == (2, "EDS-LFP-0002")
        assert NAMED.rows(session, {"uid": "%s' OR 1=1 -- ?"}) == []
    with house.tenant("boreal") as session:
        assert NAMED.rows(session, {"uid": "EDS-LFP-0002"}) == []


def test_a_row_is_put_whether_it_is_there_or_not(house):
    for ts in (5, 9):
        with house.tenant(writes=True) as session, session.begin():
            PUT.each(session, [{**ROW, "ts": ts, "asset_id": i} for i in (1, 2, 3)])
            PUT.each(session, [])
    with house.tenant() as session:
        rows = session.scalars(select(LiveReading).order_by(LiveReading.asset_id)).all()
    assert [(row.asset_id, row.ts) for row in rows] == [(1, 9), (2, 9), (3, 9)]
    assert rows[0].reading == {"values": {"soc": 1.5}}


def test_a_scope_is_refused_instead_of_ignored(house):
    with house.tenant(scope=frozenset({1})) as session, pytest.raises(IsolationError):
        NAMED.rows(session, {"uid": "EDS-LFP-0002"})


def test_what_names_nothing_of_an_asset_needs_no_narrowing(house):
    number = prepare(LiveRevision, select(LiveRevision.revision))
    joined = prepare(LiveRevision, select(LiveRevision.revision, Asset.id))
    with house.tenant(scope=frozenset({1})) as session:
        assert number.rows(session, {}) == []
        with pytest.raises(IsolationError):
            joined.rows(session, {})
        with pytest.raises(IsolationError):
            PUT.each(session, [ROW])


@pytest.mark.parametrize(
    "statement",
    [
        select(Asset.id).where(text("1=1")),
        select(literal_column("1")).select_from(Asset),
        select(Asset.__table__.c.id),
    ],
)
def test_what_a_session_refuses_is_refused_here(house, statement):
    with house.tenant() as session, pytest.raises(IsolationError):
        prepare(Asset, statement).rows(session, {})


def test_the_other_base_is_out_of_reach(house):
    with house.tenant() as session, pytest.raises(UnboundExecutionError):
        prepare(User, select(User.id)).rows(session, {})
    with house.core() as core, pytest.raises(UnboundExecutionError):
        NAMED.rows(core, {"uid": "x"})


def test_a_statement_may_have_a_size(house):
    named = Prepared(
        Asset,
        lambda _, size: (
            select(Asset.id)
            .where(Asset.id.in_([bindparam(f"n{i}") for i in range(size)]))
            .order_by(Asset.id)
        ),
    )
    with house.tenant() as session:
        assert [row.id for row in named.rows(session, {"n0": 2}, 1)] == [2]
        assert [row.id for row in named.rows(session, {"n0": 2, "n1": 4, "n2": 9}, 3)] == [2, 4]
