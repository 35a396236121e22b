"""Roll-ups are true: the same numbers as the readings, whatever came late, twice or damaged."""

import math
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from sqlalchemy import delete, select, update

from app.clients.models import Location
from app.processor import backlog, history, plan, rollups, shelf
from app.processor.bands import Band
from app.processor.days import midnight
from app.processor.models import (
    DAMAGED,
    SEALED,
    HistoryChunk,
    Rollup,
    RollupBacklog,
    RollupState,
)
from app.processor.tiers import DAY, DAY_MS, HOUR, MINUTE, QUARTER, TIERS
from collector.wire.block import from_readings
from collector.wire.reading import Reading, tidy

T0 = 1_790_000_000_000 // DAY_MS * DAY_MS
HOUR_MS = 3_600_000
METRICS = ("current", "soc", "power", "cell_voltage.1", "cell_voltage_spread", "cycles")


def readings(start, end, step, offset=0):
    """A made-up battery with holes in it."""
    for i, ts in enumerate(range(start + offset, end, step)):
        slow = math.sin(ts / 7e6)
        values = {"pack_voltage": 52 + slow, "current": round(30 * slow + i % 7, 2)}
        values["cycles"] = float((ts - T0) // 40_000_000 + 100)
        if i % 11:
            values["soc"] = 50 + 40 * slow
        cells = (3.3 + slow / 10, None if i % 13 == 0 else 3.29 + i % 5 / 1000)
        if ts // 600_000 % 17:
            yield tidy(Reading("EDS-LFP-0001", ts, values, {"cell_voltage": cells}))[0]


def store(house, items, source=1, seq=0, size=400):
    items = list(items)
    with house.tenant(writes=True) as session, session.begin():
        for i in range(0, len(items), size):
            history.append(session, 1, source, from_readings(items[i : i + size], seq + i // size))


def seal(house, before=T0 + 9 * DAY_MS):
    with house.tenant(writes=True) as session, session.begin():
        return history.seal(session, before, 100)


def compile_all(house, before=T0 + 9 * DAY_MS):
    with house.tenant() as session:
        days = backlog.waiting(session, before)
    for asset_id, start in days:
        with house.tenant(writes=True) as session, session.begin():
            rollups.compile_day(session, asset_id, start)
    return days


def rows_of(house):
    with house.tenant() as session:
        found = session.scalars(select(Rollup).order_by(Rollup.tier, Rollup.start))
        return [(r.tier, r.start, r.end, r.count, r.data) for r in found]


def chart(house, points, start=T0, end=T0 + 2 * DAY_MS):
    with house.tenant() as session:
        made = plan.make(session, 1, METRICS, start, end, points)
        return made, history.series(session, 1, METRICS, start, end, points)


@pytest.fixture(scope="module")
def two_days():
    return list(readings(T0, T0 + 2 * DAY_MS, 20_000, 3_000))


def test_every_tier_says_what_the_readings_say(house, two_days):
    store(house, two_days)
    seal(house)
    before = {points: chart(house, points) for points in (30, 60, 200, 2000, 5)}
    assert all(made.stretches[0].tier is None for made, _ in before.values())
    assert compile_all(house) == [(1, T0), (1, T0 + DAY_MS)]
    tiers = {points: chart(house, points) for points in before}
    assert [tiers[p][0].stretches[0].tier for p in (30, 200, 5)] == [HOUR, QUARTER, HOUR]
    for points, (_, drawn) in before.items():
        assert tiers[points][1] == drawn, points
        assert any(drawn.metrics.values())


def test_compiling_again_changes_nothing(house, two_days):
    store(house, two_days[:3000])
    seal(house)
    compile_all(house)
    before = rows_of(house)
    with house.tenant(writes=True) as session, session.begin():
        backlog.mark_changed(session, 1, T0, T0 + 1)
        backlog.mark_changed(session, 1, T0, T0 + 1)
    assert compile_all(house) == [(1, T0)]
    assert rows_of(house) == before
    assert compile_all(house) == []
    with house.tenant(writes=True) as session, session.begin():
        assert not rollups.compile_day(session, 1, T0), "another run did it"


def test_late_readings_are_drawn_at_once_and_compiled_in_the_end(house, two_days):
    late = two_days[1000:1400]
    store(house, two_days[:1000])
    store(house, two_days[1400:], seq=10)
    seal(house)
    compile_all(house)
    store(house, late, seq=50)
    made, drawn = chart(house, 30)
    assert made.stretches[0].tier is None and not made.closed
    assert seal(house) == 1 or seal(house) == 0
    assert {start for _, start in compile_all(house)} == {T0}
    made, compiled = chart(house, 30)
    assert made.closed and compiled == drawn
    rows = rows_of(house)

    with house.tenant(writes=True) as session, session.begin():
        for model in (Rollup, RollupState, HistoryChunk):
            session.execute(delete(model))
    store(house, two_days, source=2)
    seal(house)
    compile_all(house)
    assert rows_of(house) == rows, "the order of arrival is not to be seen"


@pytest.mark.sqlite_only
def test_minutes_are_kept_where_there_are_many_readings(house):
    store(house, readings(T0, T0 + 7_200_000, 1000))
    store(house, readings(T0 + DAY_MS, T0 + DAY_MS + 36_000_000, 60_000), seq=900)
    seal(house)
    before = chart(house, 130, end=T0 + 7_200_000)
    compile_all(house)
    made, drawn = chart(house, 130, end=T0 + 7_200_000)
    assert [s.tier for s in made.stretches] == [MINUTE]
    assert drawn == before[1] and drawn.step_ms == 60_000
    tiers = {(tier, start) for tier, start, *_ in rows_of(house)}
    assert tiers == {
        *((tier.seconds, T0) for tier in TIERS),
        *((tier.seconds, T0 + DAY_MS) for tier in (HOUR, DAY)),
    }


@pytest.mark.sqlite_only
def test_a_damaged_chunk_is_set_aside_and_its_day_compiled_from_what_is_left(
    house, two_days, caplog
):
    store(house, two_days)
    seal(house)
    compile_all(house)
    with house.tenant(writes=True) as session, session.begin():
        row = session.scalars(select(HistoryChunk).order_by(HistoryChunk.start)).all()[1]
        row.data = row.data[:500] + bytes([row.data[500] ^ 4]) + row.data[501:]
        backlog.mark_changed(session, 1, row.start, row.end)
        lost = range(row.start, row.end + 1)
    compile_all(house)
    assert "set aside" in caplog.text
    with house.tenant() as session:
        kinds = session.scalars(select(HistoryChunk.kind)).all()
        band = shelf.read(session, 1, QUARTER, T0, T0 + DAY_MS)
    assert sorted(kinds).count(DAMAGED) == 1 and SEALED in kinds
    assert not [t for t in band.times.tolist() if t in lost and t + QUARTER.width in lost]
    assert T0 in band.times


@pytest.mark.sqlite_only
def test_late_readings_of_a_day_let_go_fill_empty_hours_only(house, two_days):
    one = [r for r in two_days if r.ts < T0 + DAY_MS]
    early = [r for r in one if r.ts < T0 + 6 * HOUR_MS]
    store(house, [r for r in one if r.ts >= T0 + 6 * HOUR_MS])
    seal(house)
    compile_all(house)
    with house.tenant(writes=True) as session, session.begin():
        session.execute(delete(HistoryChunk))
        session.execute(update(RollupState).values(raw_from=T0 + DAY_MS))
    before = _band(house, QUARTER)
    store(house, early, seq=90)
    store(house, early[:50], seq=95, source=7)
    store(house, [r for r in one if r.ts >= T0 + 20 * HOUR_MS][:20], seq=99)
    for _ in range(2):
        seal(house)
        with house.tenant(writes=True) as session, session.begin():
            backlog.mark_changed(session, 1, T0, T0)
        compile_all(house)
    after = _band(house, QUARTER)
    kept = after.times >= T0 + 6 * HOUR_MS
    assert np.array_equal(after.times[kept], before.times)
    assert np.array_equal(after.covered[kept], before.covered)
    assert after.times[0] == T0 and (~kept).sum() > 20
    day = _band(house, DAY)
    assert day.covered.sum() == after.covered.sum() == _band(house, HOUR).covered.sum()


def _band(house, tier) -> Band:
    with house.tenant() as session:
        return shelf.read(session, 1, tier, T0, T0 + DAY_MS)


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 8), 23), (date(2026, 11, 1), 25), (date(2026, 6, 1), 24)]
)
@pytest.mark.parametrize("name", ["America/Toronto", "America/St_Johns"])
def test_days_are_those_of_the_site_on_both_nights_too(house, day, hours, name):
    zone = ZoneInfo(name)
    with house.tenant(writes=True) as session, session.begin():
        session.execute(update(Location).values(time_zone=name))
    begins = midnight(day, zone)
    first = begins - 7 * HOUR_MS
    items = [
        Reading("EDS-LFP-0001", ts, {"soc": 50.0 if begins <= ts < begins + hours * HOUR_MS else 9})
        for ts in range(first, begins + 33 * HOUR_MS, 60_000)
    ]
    store(house, items)
    seal(house, begins + 9 * DAY_MS)
    compile_all(house, begins + 9 * DAY_MS)
    with house.tenant() as session:
        drawn = history.series(session, 1, ["soc"], first, begins + 33 * HOUR_MS, 3)
    assert drawn.step_ms == DAY_MS
    assert [row for row in drawn.metrics["soc"] if row[2] == 50] == [
        [begins + hours * HOUR_MS // 2, 50, 50, 50]
    ]


@pytest.mark.sqlite_only
def test_days_gone_by_are_put_together_and_still_take_late_readings(house):
    first = T0 // DAY_MS // 8 * 8 * DAY_MS
    items = [
        Reading("EDS-LFP-0001", first + i * 600_000, {"soc": float(i % 90)})
        for i in range(18 * 144)
    ]
    missing = slice(3 * 144, 4 * 144)
    late, rest = items[missing], items[: missing.start] + items[missing.stop :]
    store(house, rest)
    seal(house, first + 30 * DAY_MS)
    compile_all(house, first + 30 * DAY_MS)
    spans = [(start, end) for tier, start, end, *_ in rows_of(house) if tier == HOUR.seconds]
    assert spans == [
        (first, first + 8 * DAY_MS),
        (first + 8 * DAY_MS, first + 16 * DAY_MS),
        (first + 16 * DAY_MS, first + 17 * DAY_MS),
        (first + 17 * DAY_MS, first + 18 * DAY_MS),
    ]
    store(house, late, seq=500)
    seal(house, first + 30 * DAY_MS)
    compile_all(house, first + 30 * DAY_MS)
    with house.tenant() as session:
        drawn = history.series(session, 1, ["soc"], first, first + 18 * DAY_MS, 500)
        assert plan.make(session, 1, ["soc"], first, first + 18 * DAY_MS, 500).closed
        assert session.scalars(select(RollupBacklog.start)).all() == []
    assert drawn.step_ms == HOUR_MS and len(drawn.metrics["soc"]) == 18 * 24
