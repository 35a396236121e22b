"""Any order of readings, gaps, late arrivals and restarts, through the database: what must hold."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.processor import revision
from app.processor.alerts import engine
from app.processor.alerts.models import Alert, AlertEvent
from tests.processor.alerts.conftest import Bench

pytestmark = pytest.mark.sqlite_only

BAD, WARM, GOOD, BLIND = (3.3, 3.7), (3.3, 3.55), (3.3, 3.31), None
moments = st.tuples(
    st.sampled_from((BAD, BAD, BAD, WARM, GOOD, GOOD, BLIND)),
    st.sampled_from((5, 5, 20, 60, 3600)),
    st.sampled_from((0, 0, 0, 3600)),
    st.sampled_from(("", "", "", "restart", "silence")),
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(moments, min_size=10, max_size=40))
def test_whatever_happens(bench: Bench, story):
    for cells, seconds, late, besides in story:
        if besides == "restart":
            engine._compiled.clear()
        if besides == "silence":
            _silence(bench, seconds)
            seconds = 5
        bench.read(seconds=seconds, late=late, cells=cells)
        open_now = _check(bench, cells, late)
        tracks = bench.state().tracks if bench.state() else {}
        assert open_now == {key for key, track in tracks.items() if track[0] != "pending"}


def _silence(bench: Bench, seconds: int) -> None:
    """Nothing is heard for a while, and nothing ends by it."""
    before = set(bench.open())
    bench.now += seconds * 1000
    with bench.house.tenant(writes=True) as session, session.begin():
        revision.hold(session)
        engine.fall_silent(session, (1,), bench.now)
    assert set(bench.open()) == before


def _check(bench: Bench, cells, late: int) -> set[str]:
    """One open alert a key; only good readings that were live end one. Returns the open keys."""
    with bench.house.tenant() as session:
        rows = session.scalars(select(Alert).where(Alert.open_key.is_not(None))).all()
        ended = session.scalars(
            select(AlertEvent.event).where(
                AlertEvent.at == bench.now, AlertEvent.event.in_(("resolved", "fired"))
            )
        ).all()
    keys = [f"{row.rule}|{row.subject}" for row in rows]
    assert len(keys) == len(set(keys))
    if late or cells is BLIND:
        assert ended == [], "the past and what is not known neither ring nor end anything"
    if "resolved" in ended:
        assert cells in (GOOD, WARM)
    if "fired" in ended:
        assert cells is BAD or cells is WARM
    return set(keys)
