"""What the battery page concludes: the forecast, the trend's line, the first broken link."""

import pytest

from app.core.models import Collector
from app.web.chain import COLLECTOR_SILENT_MS, chain
from app.web.outlook import HOUR_MS, Outlook, outlook
from app.web.spark import spark
from tests.web.test_fleet_sums import NOW, row


def test_discharge_reaches_the_reserve_before_the_end():
    told = outlook(row(1, soc=60, power=-1000), None, 20)
    assert (told.reserve, told.empty, told.full) == (2 * HOUR_MS, 3 * HOUR_MS, None)


def test_below_the_reserve_only_the_end_is_left():
    told = outlook(row(1, soc=10, power=-1000), None, 20)
    assert (told.reserve, told.empty) == (None, HOUR_MS / 2)


def test_charge_ends_when_full():
    assert outlook(row(1, soc=60, power=500), None, 20) == Outlook(full=4 * HOUR_MS)


@pytest.mark.parametrize("values", [{"soc": 60}, {"power": -1000}, {"soc": 60, "power": -2.0}])
def test_nothing_is_forecast_of_what_is_unknown_or_stands_by(values):
    assert outlook(row(1, **values), None, 20) == Outlook()


def test_a_trend_breaks_where_readings_are_missing():
    minute = 60_000
    rows = [[t * minute, 0, t % 7, 9] for t in (*range(10), *range(30, 60))]
    line = spark(rows, 0, 60 * minute)
    assert line.path.count("M") == 2
    assert line.path.startswith("M0 ")
    assert (line.x, line.mean) == (98.3, sum(row[2] for row in rows) / len(rows))


def test_a_flat_trend_is_drawn_in_the_middle_and_one_point_not_at_all():
    assert spark([[0, 5, 5, 5], [10, 5, 5, 5]], 0, 10).y == 15
    assert spark([[0, 5, 5, 5], [10, None, None, None]], 0, 10) is None


@pytest.mark.parametrize(
    ("age_ms", "silent_ms", "values", "cut"),
    [
        (0, 1_000, {"soc": 50}, ""),
        (0, 1_000, {}, "battery"),
        (60_000, 1_000, {"soc": 50}, "bms"),
        (400_000, COLLECTOR_SILENT_MS + 1, {"soc": 50}, "collector"),
        (400_000, None, {"soc": 50}, "collector"),
        (None, 1_000, {}, "bms"),
    ],
)
def test_the_chain_is_cut_at_the_first_silent_link(age_ms, silent_ms, values, cut):
    seen = None if silent_ms is None else NOW - silent_ms
    collector = Collector(name="COL-1", last_seen=seen, clock_offset_ms=9_000)
    told = chain(row(1, age_ms, **values), collector, NOW)
    assert told.cut == cut
    assert told.clock_wrong


def test_a_battery_without_collector_is_cut_there():
    assert chain(row(1, 60_000, soc=50), None, NOW).cut == "collector"
