"""Sealing makes few chunks of many and changes no reading, whatever comes late or is damaged."""

import random

import pytest
from sqlalchemy import func, select

from app.processor import history, merge, sealing
from app.processor.chunks import Chunk
from app.processor.days import DAY_MS
from app.processor.models import DAMAGED, HOT, SEALED, HistoryChunk
from collector.wire.alarms import Alarm
from collector.wire.block import from_readings
from collector.wire.reading import Reading

PERIOD = sealing.SEALED_MS
T0 = 1_790_000_000_000 // PERIOD * PERIOD
DAY = T0 // DAY_MS * DAY_MS


def readings(count, start=T0, step=1000, seed=3):
    noise = random.Random(seed)
    for i in range(count):
        values = {"soc": round(80 - i * 0.01, noise.choice((0, 2)))}
        if noise.random() > 0.3:
            values["current"] = round(noise.gauss(-10, 3), 3)
        cells = (3.301, None, round(3.3 + noise.random() / 100, 4))
        states = {"mode": "idle" if i % 100 < 50 else "charging"}
        alarms = (Alarm("soc_low", "warning"),) if 70 <= i < 90 else ()
        yield Reading(
            "EDS-LFP-0001", start + i * step, values, {"cell_voltage": cells}, states, alarms
        )


def store(house, items, source=1, seq=0, size=60):
    items = list(items)
    with house.tenant(writes=True) as session, session.begin():
        for i in range(0, len(items), size):
            history.append(session, 1, source, from_readings(items[i : i + size], seq + i // size))
    return items


def seal(house, before, **options):
    with house.tenant(writes=True) as session, session.begin():
        return history.seal(session, before, **options)


def stored(house):
    """Every reading in the history, in order of time, and the chunks per kind."""
    with house.tenant() as session:
        rows = session.scalars(select(HistoryChunk).order_by(HistoryChunk.start)).all()
        found = [r for row in rows for r in Chunk(row.data).to_block("EDS-LFP-0001").readings()]
        return found, [(row.kind, row.count) for row in rows]


def test_a_period_becomes_one_chunk_with_the_same_readings(house):
    items = store(house, readings(600))
    assert seal(house, T0 + PERIOD) == 1
    found, chunks = stored(house)
    assert chunks == [(SEALED, 600)]
    assert [r.to_json() for r in found] == [r.to_json() for r in items]


def test_a_period_that_is_not_over_stays_hot(house):
    store(house, readings(120))
    assert seal(house, T0 + PERIOD - 1) == 0
    assert [kind for kind, _ in stored(house)[1]] == [HOT, HOT]


def test_sealing_again_changes_nothing(house):
    store(house, readings(120))
    seal(house, T0 + PERIOD)
    before = stored(house)
    assert seal(house, T0 + PERIOD) == 0
    assert stored(house) == before


def test_a_late_block_joins_its_sealed_period(house):
    items = list(readings(600))
    store(house, items[:300])
    store(house, items[360:], seq=6)
    seal(house, T0 + PERIOD)
    store(house, items[300:360], seq=5)
    assert seal(house, T0 + PERIOD) == 1
    found, chunks = stored(house)
    assert chunks == [(SEALED, 600)]
    assert [r.to_json() for r in found] == [r.to_json() for r in items]


@pytest.mark.sqlite_only
def test_readings_that_came_twice_are_kept_once(house):
    items = store(house, readings(120))
    store(house, items[30:90], source=2)
    seal(house, T0 + PERIOD)
    found, chunks = stored(house)
    assert chunks == [(SEALED, 120)]
    assert [r.to_json() for r in found] == [r.to_json() for r in items]


@pytest.mark.sqlite_only
def test_interleaved_spools_keep_their_states_apart(house):
    items = list(readings(400))
    store(house, items[::2], source=1)
    store(house, items[1::2], source=2)
    seal(house, T0 + PERIOD)
    assert [r.to_json() for r in stored(house)[0]] == [r.to_json() for r in items]


@pytest.mark.sqlite_only
def test_periods_are_sealed_a_few_at_a_time(house):
    for number in range(5):
        store(house, readings(10, start=DAY + number * 4 * PERIOD), seq=number)
    assert [seal(house, DAY + 20 * PERIOD, periods=2) for _ in range(4)] == [2, 2, 1, 0]
    assert stored(house)[1] == [(SEALED, 10)] * 5


def test_a_day_of_a_slow_device_becomes_one_chunk_when_it_is_over(house):
    items = []
    for number in range(4):
        items += store(
            house, readings(90, start=DAY + number * PERIOD, step=240_000), seq=9 * number
        )
    assert seal(house, DAY + 4 * PERIOD) == 4
    found, chunks = stored(house)
    assert chunks == [(SEALED, 4 * 90)]
    assert [r.to_json() for r in found] == [r.to_json() for r in items]


@pytest.mark.sqlite_only
def test_a_day_that_ended_in_silence_is_united_with_the_next_period(house):
    items = []
    for number in (0, 2):
        items += store(house, readings(30, start=DAY + number * PERIOD), seq=number)
    seal(house, DAY + 3 * PERIOD)
    assert stored(house)[1] == [(SEALED, 30)] * 2
    items += store(house, readings(30, start=DAY + 5 * PERIOD), seq=5)
    seal(house, DAY + 6 * PERIOD)
    found, chunks = stored(house)
    assert chunks == [(SEALED, 60), (SEALED, 30)]
    assert [r.to_json() for r in found] == [r.to_json() for r in items]


@pytest.mark.sqlite_only
def test_a_late_block_joins_a_day_that_was_united(house):
    items = []
    for number in (0, 2, 3):
        items += store(house, readings(30, start=DAY + number * PERIOD), seq=number)
    seal(house, DAY + 4 * PERIOD)
    items += store(house, readings(30, start=DAY + PERIOD), seq=1)
    assert seal(house, DAY + 4 * PERIOD) == 1
    found, chunks = stored(house)
    assert chunks == [(SEALED, 120)]
    assert [r.to_json() for r in found] == [r.to_json() for r in sorted(items, key=lambda r: r.ts)]


@pytest.mark.sqlite_only
def test_a_fast_device_keeps_its_short_chunks(house, monkeypatch):
    monkeypatch.setattr(sealing, "FULL", 59)
    for number in range(2):
        store(house, readings(30, start=DAY + number * PERIOD), seq=number)
    seal(house, DAY + 4 * PERIOD)
    assert stored(house)[1] == [(SEALED, 30)] * 2


@pytest.mark.sqlite_only
def test_a_wide_battery_makes_several_chunks(house, monkeypatch):
    monkeypatch.setattr(merge, "PIECE_NUMBERS", 800)
    items = store(house, readings(600))
    seal(house, T0 + PERIOD)
    found, chunks = stored(house)
    assert len(chunks) == 3 and {kind for kind, _ in chunks} == {SEALED}
    assert [r.to_json() for r in found] == [r.to_json() for r in items]


def test_a_damaged_chunk_is_set_aside_and_the_rest_is_sealed(house, caplog):
    items = store(house, readings(180))
    with house.tenant(writes=True) as session, session.begin():
        row = session.get(HistoryChunk, (1, T0 + 60_000, HOT, 1, 1))
        row.data = row.data[:90] + bytes([row.data[90] ^ 1]) + row.data[91:]
    assert seal(house, T0 + PERIOD) == 1
    assert seal(house, T0 + PERIOD) == 0
    with house.tenant() as session:
        kinds = dict(
            session.execute(
                select(HistoryChunk.kind, func.sum(HistoryChunk.count)).group_by(HistoryChunk.kind)
            ).all()
        )
        sealed = session.scalar(select(HistoryChunk.data).where(HistoryChunk.kind == SEALED))
    assert kinds == {SEALED: 120, DAMAGED: 60}
    assert "set aside" in caplog.text
    kept = [r.to_json() for r in Chunk(sealed).to_block("EDS-LFP-0001").readings()]
    assert kept == [r.to_json() for r in items[:60] + items[120:]]


@pytest.mark.sqlite_only
def test_charts_do_not_notice(house):
    store(house, readings(900))

    def chart():
        with house.tenant() as session:
            return history.series(
                session, 1, ["soc", "current", "cell_voltage.2"], T0, T0 + 900_000, 80
            )

    before = chart()
    seal(house, T0 + PERIOD)
    assert chart() == before
