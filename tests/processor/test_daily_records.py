"""Daily records are the integrals of a signal whose integrals are known."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from app.clients.models import Asset, Location
from app.processor import backlog, daily, history, rollups
from app.processor.days import DAY_MS, midnight
from app.processor.models import BatteryDay
from collector.wire.block import from_readings
from collector.wire.reading import Reading

HOUR_MS = 3_600_000
ZONE = ZoneInfo("America/Toronto")


def signal(begins, ends, step):
    """Charges at 25 A for six hours, rests for six, gives 12.5 A for eight, rests; at 50 V.

    The state of charge is 15 % for ten hours, then 95 %. The warmest sensor is at 9 °C, then at 31.
    """
    for ts in range(begins, ends, step):
        hour = (ts - begins) / HOUR_MS
        current = 25.0 if hour < 6 else -12.5 if 12 <= hour < 20 else 0.0
        warm = 9.0 if hour < 5 else 31.0
        yield Reading(
            "EDS-LFP-0001",
            ts,
            {"pack_voltage": 50.0, "current": current, "soc": 15.0 if hour < 10 else 95.0},
            {"cell_temperature": (8.5, warm)},
        )


def compiled(house, items, settled, skipped=range(0)):
    items = [item for item in items if item.ts not in skipped]
    with house.tenant(writes=True) as session, session.begin():
        for i in range(0, len(items), 500):
            history.append(session, 1, 1, from_readings(items[i : i + 500], i))
    with house.tenant(writes=True) as session, session.begin():
        history.seal(session, settled, 100)
    with house.tenant() as session:
        waiting = backlog.waiting(session, settled)
    for asset_id, start in waiting:
        with house.tenant(writes=True) as session, session.begin():
            rollups.compile_day(session, asset_id, start)


def records(house):
    with house.tenant() as session:
        return {row.day: row for row in session.scalars(select(BatteryDay)).all()}


@pytest.mark.parametrize("step", [1000, 10_000, 60_000])
@pytest.mark.sqlite_only
def test_a_known_signal_has_its_known_integrals(house, step):
    begins = midnight(date(2026, 6, 10), ZONE)
    compiled(house, signal(begins, begins + DAY_MS, step), begins + 9 * DAY_MS)
    row = records(house)["2026-06-10"]
    assert (row.start, row.end, row.covered_ms) == (begins, begins + DAY_MS, DAY_MS)
    assert (row.energy_in_wh, row.energy_out_wh) == (25 * 50 * 6, 12.5 * 50 * 8)
    assert (row.charge_in_ah, row.charge_out_ah) == (150, 100)
    assert row.cycles == (150 + 100) / (2 * 100)
    assert row.bands["soc"] == [0, 10 * HOUR_MS, *[0] * 7, 14 * HOUR_MS]
    assert row.bands["temperature_max"] == [0, 5 * HOUR_MS, 0, 0, 19 * HOUR_MS, 0, 0]
    assert row.metrics["current"] == {
        "low": -12.5, "mean": round(50 / 24, 3), "high": 25, "last": 0.0
    }  # fmt: skip
    assert row.metrics["soc"]["mean"] == round((10 * 15 + 14 * 95) / 24, 2)


@pytest.mark.sqlite_only
@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 8), 23), (date(2026, 11, 1), 25)])
def test_the_days_that_clocks_change_are_shorter_and_longer(house, day, hours):
    begins = midnight(day, ZONE)
    compiled(house, signal(begins, begins + 50 * HOUR_MS, 10_000), begins + 9 * DAY_MS)
    row = records(house)[day.isoformat()]
    assert row.end - row.start == row.covered_ms == hours * HOUR_MS
    assert row.energy_in_wh == 25 * 50 * 6


def test_silence_is_counted_as_silence(house):
    begins = midnight(date(2026, 6, 10), ZONE)
    lost = range(begins + 2 * HOUR_MS, begins + 3 * HOUR_MS)
    compiled(house, signal(begins, begins + DAY_MS, 10_000), begins + 9 * DAY_MS, lost)
    row = records(house)["2026-06-10"]
    assert row.covered_ms == DAY_MS - HOUR_MS
    assert row.energy_in_wh == 25 * 50 * 5


@pytest.mark.sqlite_only
def test_what_cannot_be_known_is_absent(house):
    begins = midnight(date(2026, 6, 10), ZONE)
    with house.tenant(writes=True) as session, session.begin():
        session.execute(update(Asset).values(type_id=None))
        session.execute(update(Location).values(time_zone="Europe/Paris"))
    items = [Reading("EDS-LFP-0001", begins + i * 10_000, {"soc": 50.0}) for i in range(1000)]
    compiled(house, items, begins + 9 * DAY_MS)
    (row,) = records(house).values()
    assert row.start == midnight(date(2026, 6, 10), ZoneInfo("Europe/Paris"))
    assert row.energy_in_wh is row.charge_out_ah is row.cycles is None
    assert row.through == row.end, "the day of Paris ends before that of UTC"
    with house.tenant() as session:
        (day,) = daily.document(session, 1, date(2026, 6, 10), date(2026, 6, 10))["days"]
    assert day["complete"] is True and day["availability"] == round(1e7 / DAY_MS, 6)


@pytest.mark.sqlite_only
def test_programs_read_them_day_by_day(house, client_of):
    begins = midnight(date(2026, 6, 10), ZONE)
    compiled(house, signal(begins, begins + DAY_MS, 60_000), begins + 9 * DAY_MS)
    path = "/api/v1/assets/1/days"
    answer = client_of("bob").get(path, query_string={"from": "2026-06-01", "to": "2026-06-30"})
    assert answer.status_code == 200
    (day,) = answer.json["days"]
    assert day["day"] == "2026-06-10" and day["energy_in_wh"] == 7500
    assert day["bands_ms"]["soc"][1] == 10 * HOUR_MS
    again = client_of("bob").get(
        path,
        query_string={"from": "2026-06-01", "to": "2026-06-30"},
        headers={"If-None-Match": answer.headers["ETag"]},
    )
    assert again.status_code == 304
    for asked in ({"from": "2026-06-30", "to": "2026-06-01"}, {"from": "2020-01-01"}, {"to": "x"}):
        assert client_of("bob").get(path, query_string=asked).status_code == 422
    assert client_of("bob").get("/api/v1/assets/3/days").status_code == 404
    assert client_of("mallory").get("/api/v1/assets/5/days").status_code == 404
