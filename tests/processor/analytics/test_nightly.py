"""The night looks at each day once, again when more of it has come, and remembers what it said."""

import pytest
from sqlalchemy import select

from app.processor import backlog, history, rollups
from app.processor.analytics.models import AnalyticDay, AnalyticResult
from app.processor.analytics.nightly import latest, waiting
from collector.wire.block import from_readings
from collector.wire.reading import Reading
from cron.analyse import JOB
from cron.run import Outcome, run
from tests.pack import DAY_S, START_MS, Cells, Simulation, cycling

UID, STEP_S = "EDS-LFP-0001", 60
NIGHT = START_MS + 40 * DAY_S * 1000


def store(house, day, seq, uid=UID, chosen=slice(None)):
    """Put a simulated day into the history as a collector's blocks would."""
    asset_id = house.asset(uid)
    cells = day.cells
    readings = [
        Reading(
            uid,
            int(ts),
            {"current": float(day.current[i]), "soc": float(day.scalar("soc")[i])},
            {"cell_voltage": tuple(cells[i].tolist())},
        )
        for i, ts in list(enumerate(day.times))[chosen]
    ]
    with house.tenant(writes=True) as session, session.begin():
        for i in range(0, len(readings), 720):
            block = from_readings(readings[i : i + 720], seq * 100 + i // 720)
            history.append(session, asset_id, 1, block)


def compiled(house):
    """Seal and roll up what there is, as the other jobs would have."""
    with house.tenant(writes=True) as session, session.begin():
        while history.seal(session, NIGHT):
            pass
    while True:
        with house.tenant(writes=True) as session, session.begin():
            found = backlog.waiting(session, NIGHT)
            if not found:
                return
            rollups.compile_day(session, *found[0])


def rows(house, model):
    with house.tenant() as session:
        return session.scalars(select(model)).all()


@pytest.fixture
def battery():
    return Simulation(Cells(step_s=STEP_S), cycling())


def test_every_whole_day_is_looked_at_once(house, battery):
    for number in range(3):
        store(house, battery.day(number), number)
    compiled(house)
    assert run(JOB, house.engines) is Outcome.OK
    seen = rows(house, AnalyticDay)
    assert [row.start for row in seen] == [START_MS + n * DAY_S * 1000 for n in range(3)]
    assert all(row.samples == DAY_S // STEP_S for row in seen)
    assert all("weak_cell" in row.evidence for row in seen)
    with house.tenant() as session:
        assert waiting(session) == []


def test_more_of_a_day_makes_it_looked_at_again(house, battery):
    day = battery.day(0)
    store(house, day, 0, chosen=slice(0, 700))
    store(house, battery.day(1), 1)
    compiled(house)
    run(JOB, house.engines)
    before = rows(house, AnalyticDay)[0].samples
    store(house, day, 2, chosen=slice(700, None))
    compiled(house)
    run(JOB, house.engines)
    assert before == 700
    assert rows(house, AnalyticDay)[0].samples == DAY_S // STEP_S


def test_the_same_answer_is_one_row_however_often_it_is_given(house, battery):
    for number in range(2):
        store(house, battery.day(number), number)
        compiled(house)
        run(JOB, house.engines)
    kept = [row for row in rows(house, AnalyticResult) if row.code == "weak_cell"]
    said = [row.result["values"]["days"][0] for row in kept]
    assert said == [30, 29], "one row for each night, since each said something else"
    run(JOB, house.engines)
    again = [row for row in rows(house, AnalyticResult) if row.code == "weak_cell"]
    assert len(again) == 2
    with house.tenant() as session:
        newest = {row.code: row for row in latest(session, house.asset(UID))}
    assert newest["weak_cell"].result["values"]["days"][0] == 29


def test_a_bms_without_cells_is_told_so(house, battery):
    day = battery.day(0)
    uid, asset_id = UID, house.asset(UID)
    readings = [Reading(uid, int(ts), {"current": 1.0}) for ts in day.times]
    with house.tenant(writes=True) as session, session.begin():
        history.append(session, asset_id, 1, from_readings(readings, 0))
    compiled(house)
    run(JOB, house.engines)
    answer = next(row for row in rows(house, AnalyticResult) if row.code == "weak_cell")
    assert answer.level == ""
    assert answer.result["text"] == "not_measured"
