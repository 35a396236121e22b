"""Old history is let go of as each kind says, never what is not compiled, never around an alert."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from app.errors import Invalid
from app.processor import backlog, history, plan, retention, rollups
from app.processor.days import DAY_MS
from app.processor.models import BatteryDay, HistoryChunk, KeptRange, Rollup, RollupState
from app.processor.retention import Kept
from collector.wire.block import from_readings
from collector.wire.reading import Reading

T0 = 1_790_000_000_000 // DAY_MS // 8 * 8 * DAY_MS
HOUR_MS = 3_600_000
EVER = Kept(None, None, None, None, None)


def store(house, start, days, step=30_000, seq=0):
    """Days of readings, each sealed."""
    with house.tenant(writes=True) as session, session.begin():
        for day in range(days):
            begins = start + day * DAY_MS
            items = [
                Reading("EDS-LFP-0001", ts, {"soc": 50.0 + ts % 7, "current": 1.0})
                for ts in range(begins, begins + DAY_MS, step)
            ]
            history.append(session, 1, 1, from_readings(items, seq + day))
        history.seal(session, start + (days + 1) * DAY_MS, 100)


def compile_all(house):
    with house.tenant() as session:
        waiting = backlog.waiting(session, T0 + 99 * DAY_MS)
    for asset_id, start in waiting:
        with house.tenant(writes=True) as session, session.begin():
            rollups.compile_day(session, asset_id, start)


def retain(house, kept, now):
    removed = []
    while not removed or removed[-1]:
        with house.tenant(writes=True) as session, session.begin():
            removed.append(retention.let_go(session, 1, kept, now))
    return sum(removed)


def stored(house):
    """Days of which there are readings, and rows per tier."""
    with house.tenant() as session:
        starts = session.scalars(select(HistoryChunk.start))
        days = sorted({(start - T0) // DAY_MS for start in starts})
        tiers = select(Rollup.tier, func.count()).group_by(Rollup.tier)
        return days, dict(session.execute(tiers).all())


def series(house, start, end, points=400):
    with house.tenant() as session:
        return history.series(session, 1, ["soc"], start, end, points)


def test_readings_go_first_and_charts_stay_as_fine_as_they_can(house):
    store(house, T0, 4)
    compile_all(house)
    fine = series(house, T0, T0 + DAY_MS, 200)
    assert fine.step_ms == 10 * 60_000
    assert retain(house, replace(EVER, readings=2), T0 + 5 * DAY_MS) == 3
    assert stored(house)[0] == [3]
    assert retain(house, replace(EVER, readings=2), T0 + 5 * DAY_MS) == 0
    coarse = series(house, T0, T0 + DAY_MS, 200)
    assert coarse.step_ms == 15 * 60_000 and len(coarse.metrics["soc"]) == 96
    assert series(house, T0 + 3 * DAY_MS, T0 + 4 * DAY_MS, 200).step_ms == 10 * 60_000


@pytest.mark.sqlite_only
def test_what_is_not_compiled_is_kept_whatever_its_age(house):
    store(house, T0, 3)
    assert retain(house, replace(EVER, readings=2), T0 + 50 * DAY_MS) == 0
    compile_all(house)
    with house.tenant(writes=True) as session, session.begin():
        backlog.mark_changed(session, 1, T0 + DAY_MS, T0 + DAY_MS)
    retain(house, replace(EVER, readings=2), T0 + 50 * DAY_MS)
    assert stored(house)[0] == [1, 2], "nothing from the first waiting day on"
    compile_all(house)
    retain(house, replace(EVER, readings=2), T0 + 50 * DAY_MS)
    assert stored(house)[0] == []


@pytest.mark.sqlite_only
def test_the_hours_around_an_alert_stay_and_can_be_looked_at(house):
    store(house, T0, 3)
    compile_all(house)
    alert = T0 + DAY_MS + 9 * HOUR_MS
    around = alert - retention.AROUND_MS, alert + retention.AROUND_MS
    before = series(house, *around, 5000)
    with house.tenant(writes=True) as session, session.begin():
        retention.protect(session, 1, *around, "alert 1")
        retention.protect(session, 1, around[0] + 1, around[1] - 1, "alert 1")
        assert session.scalar(select(func.count(KeptRange.id))) == 1
    everything = Kept(2, 2, 2, 2, 2)
    retain(house, everything, T0 + 50 * DAY_MS)
    days, tiers = stored(house)
    assert days == [1] and set(tiers) == {900, 3600, 86_400}
    assert series(house, *around, 5000) == before and before.step_ms == 0


@pytest.mark.sqlite_only
def test_each_kind_has_its_own_time_and_days_remain(house):
    store(house, T0, 12)
    compile_all(house)
    kept = Kept(2, 2, 2, 2, None)
    assert retain(house, kept, T0 + 12 * DAY_MS) > 0
    drawn = series(house, T0, T0 + 12 * DAY_MS)
    assert drawn.step_ms == DAY_MS and len(drawn.metrics["soc"]) >= 12
    with house.tenant() as session:
        assert session.get(RollupState, 1).hours_from == T0 + 10 * DAY_MS
        recent = plan.make(session, 1, ["soc"], T0 + 10 * DAY_MS, T0 + 12 * DAY_MS, 60)
        assert recent.step == HOUR_MS
    retain(house, Kept(2, 2, 2, 2, 3), T0 + 12 * DAY_MS)
    with house.tenant() as session:
        records = session.scalars(select(BatteryDay.day).order_by(BatteryDay.day)).all()
    assert len(records) == 4, "three days, and the part of the one before that the site's day has"
    assert retain(house, Kept(2, 2, 2, 2, 3), T0 + 12 * DAY_MS) == 0


@pytest.mark.sqlite_only
def test_a_client_decides_and_a_type_may_differ(house):
    settings = house.settings
    usual = Kept(90, 400, 730, None, None)
    with house.tenant(writes=True) as session, session.begin():
        assert retention.kept_of(session, settings, 1) == usual
        wanted = {"all": {"readings": 20}, "types": {"2": {"readings": None, "minutes": None}}}
        with pytest.raises(Invalid):
            retention.state(session, settings, wanted)
        wanted["types"]["2"]["quarters"] = None
        retention.state(session, settings, wanted)
        assert retention.kept_of(session, settings, None) == replace(usual, readings=20)
        assert retention.kept_of(session, settings, 1) == replace(usual, readings=20)
        assert retention.kept_of(session, settings, 2) == EVER
        with pytest.raises(Invalid):
            retention.state(session, settings, {"all": {}, "types": {"99": {}}})


@pytest.mark.sqlite_only
def test_it_is_read_and_changed_in_plain_words(client_of):
    path = "/api/v1/retention"
    alice = client_of("alice")
    now = alice.get(path)
    assert now.json["words"][0].startswith("Chaque mesure") and "90" in now.json["words"][0]
    changed = {
        "all": {"readings": 21, "hours": 3650, "days": None},
        "types": {"1": {"readings": 9}},
    }
    assert alice.put(path, json=changed).status_code == 428
    headers = {"If-Match": now.headers["ETag"]}
    after = alice.put(path, json=changed, headers=headers)
    assert after.status_code == 200 and after.json["all"] == changed["all"]
    assert alice.put(path, json=changed, headers=headers).status_code == 412
    for wrong in (
        {"all": {"readings": 1}, "types": {}},
        {"all": {"weeks": 3}, "types": {}},
        {"all": {"readings": 90, "minutes": 30}, "types": {}},
        {"all": {}, "types": {"none": {}}},
    ):
        headers = {"If-Match": after.headers["ETag"]}
        assert alice.put(path, json=wrong, headers=headers).status_code == 422, wrong
    assert client_of("bob").get(path).json == after.json
    assert client_of("bob").put(path, json=changed, headers=headers).status_code == 403
