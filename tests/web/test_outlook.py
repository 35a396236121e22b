"""What the battery page concludes: the forecast, the trend's line, the first broken link."""

import pytest

from app.core.models import Collector
from app.web.chain import COLLECTOR_SILENT_MS, chain
from app.web.outlook import HOUR_MS, Outlook, outlook
from app.web.spark import Line, spark
from tests.web.test_fleet_sums import NOW, row


def test_discharge_reaches_the_reserve_before_the_end():
    told = outlook(row(1, soc=60, power=-1000), None, 20)
    assert (told.reserve, told.empty, told.full) == (2 * HOUR_MS, 3 * HOUR_MS, None)


def test_the_mean_of_the_hour_counts_until_the_flow_turns():
    hour = Line("", 0, 0, mean=-500)
    assert outlook(row(1, soc=60, power=-1000), hour, 20).empty == 6 * HOUR_MS
    assert outlook(row(1, soc=60, power=500), hour, 20) == Outlook(full=4 * HOUR_MS)


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
    line = spark(rows, 0, 60 * minute, minute)
    assert line.path.count("M") == 2
    assert line.path.startswith("M0 ")
    assert (line.x, line.mean) == (98.3, sum(row[2] for row in rows) / len(rows))


def test_a_flat_trend_is_drawn_in_the_middle_and_one_point_not_at_all():
    assert spark([[0, 5, 5, 5], [10, 5, 5, 5]], 0, 10, 10).y == 15
    assert spark([[0, 5, 5, 5], [10, None, None, None]], 0, 10, 10) is None


def test_readings_far_apart_are_no_trend_and_leave_no_dash():
    minute = 60_000
    assert spark([[0, 5, 5, 5], [55 * minute, 6, 6, 6]], 0, 60 * minute, minute) is None
    rows = [[t * minute, t, t, t] for t in (5, 30, 31, 55)]
    line = spark(rows, 0, 60 * minute, minute)
    assert (line.path.count("M"), line.path.count("L")) == (1, 1)
    assert (line.x, line.mean) == (51.7, 30.25)


def test_a_battery_that_speaks_seldom_has_a_trend_all_the_same():
    minute = 60_000
    rows = [[t * minute, t, t, t] for t in range(0, 60, 10)]
    assert spark(rows, 0, 60 * minute, 10 * minute).path.count("L") == 5


def test_a_past_kept_at_a_coarser_pace_joins_today():
    minute = 60_000
    times = (*range(0, 50, 10), *range(50, 60))
    rows = [[t * minute, t, t, t] for t in times]
    assert spark(rows, 0, 60 * minute, minute).path.count("M") == 1


def test_a_bms_that_knows_of_more_than_the_nameplate_is_never_said_to_be_full_at_once():
    charging = row(1, soc=99, power=500, energy_remaining=5_200.0)
    assert not charging.within_nameplate
    assert outlook(charging, None, 20) == Outlook()


MARKS = {
    "": ["ok", "ok", "warn", "ok"],
    "battery": ["wait", "ok", "warn", "ok"],
    "bms": ["wait", "off", "warn", "ok"],
    "collector": ["wait", "wait", "off", "ok"],
}
"""By the first silent link: what battery, BMS, collector (its clock wrong) and portal are."""
CUTS = {
    "": [False, False, False],
    "battery": [True, False, False],
    "bms": [True, True, False],
    "collector": [True, True, True],
}


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
    links = told.links
    said = [link.mark for link in (links.battery, links.bms, links.collector, links.portal)]
    assert said == MARKS[cut]
    assert [links.battery.cut, links.bms.cut, links.collector.cut] == CUTS[cut]


def test_a_battery_without_collector_is_cut_there():
    told = chain(row(1, 60_000, soc=50), None, NOW)
    assert told.cut == "collector"
    assert (told.links.collector.mark, told.links.collector.cut) == ("wait", True)
