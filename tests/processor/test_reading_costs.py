"""What a chart reads does not grow with what was ever stored."""

import pytest
from sqlalchemy import event

from app.processor import backlog, history, rollups
from app.processor.days import DAY_MS
from collector.wire.block import from_readings
from collector.wire.reading import Reading

T0 = 1_790_000_000_000 // DAY_MS // 8 * 8 * DAY_MS
DAYS = 40


@pytest.fixture
def forty_days(house):
    with house.tenant(writes=True) as session, session.begin():
        for day in range(DAYS):
            begins = T0 + day * DAY_MS
            items = [
                Reading("EDS-LFP-0001", begins + i * 60_000, {"soc": float(i % 90)})
                for i in range(1440)
            ]
            history.append(session, 1, 1, from_readings(items, day))
        history.seal(session, T0 + 99 * DAY_MS, 1000)
    with house.tenant() as session:
        waiting = backlog.waiting(session, T0 + 99 * DAY_MS)
    for asset_id, start in waiting:
        with house.tenant(writes=True) as session, session.begin():
            rollups.compile_day(session, asset_id, start)
    return house


@pytest.mark.sqlite_only
def test_a_wide_chart_reads_a_few_rows_of_one_tier_and_no_readings(forty_days):
    house = forty_days
    seen = []
    with house.tenant() as session:
        engine = house.engines.tenant(house.refs["laurentia"])

        @event.listens_for(engine, "before_cursor_execute")
        def note(_, __, statement, *___):
            seen.append(statement)

        try:
            drawn = history.series(session, 1, ["soc"], T0, T0 + DAYS * DAY_MS, 100)
        finally:
            event.remove(engine, "before_cursor_execute", note)
    assert drawn.step_ms == 12 * 3_600_000 and len(drawn.metrics["soc"]) == DAYS * 2
    assert sum("history.data" in statement for statement in seen) == 0
    assert sum("bms_rollups" in statement for statement in seen) == 1
    assert len(seen) <= 7, seen
