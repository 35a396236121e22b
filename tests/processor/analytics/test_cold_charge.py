"""What was charged in the cold is counted to the ampere-hour, and only that."""

import numpy as np
import pytest

from app.processor.analytics.base import Observed, Pack, Refused
from app.processor.analytics.cold_charge import ANALYTIC
from app.processor.analytics.day import Day
from app.processor.weighing import weights
from tests.pack import DAY_S, START_MS

PACK = Pack(chemistry="LFP", cells=16, capacity_ah=100.0)


def day(number=0, amps=10.0, warmth=-4.0, states=None):
    """Six hours of current, then rest, at one temperature."""
    seconds = np.arange(0, DAY_S, 60)
    times = START_MS + (number * DAY_S + seconds) * 1000
    current = np.where(seconds < 6 * 3600, amps, 0.0)
    series = {("current", None): current, ("temperature_min", None): np.full(len(times), warmth)}
    start = int(times[0])
    told = [(start, states)] if states else []
    return Day(start, start + DAY_S * 1000, times, weights(times), series, told)


def concluded(*days, pack=PACK):
    seen = [
        Observed(each.start, each.end, ANALYTIC.observe(pack, each), len(each)) for each in days
    ]
    return ANALYTIC.conclude(pack, seen)


def test_charge_below_freezing_is_counted_exactly():
    evidence = ANALYTIC.observe(PACK, day(amps=10.0))
    assert evidence["freezing_ah"] == pytest.approx(60.0, abs=0.01)
    assert evidence["weighted_ah"] == pytest.approx(6.0, abs=0.001)
    assert evidence["event_min"] == pytest.approx(360, abs=0.1)
    assert evidence["cool_ah"] == 0


@pytest.mark.parametrize(("warmth", "freezing", "cool"), [(0.0, 0, 60), (4.9, 0, 60), (5.0, 0, 0)])
def test_the_bands_begin_where_they_say(warmth, freezing, cool):
    evidence = ANALYTIC.observe(PACK, day(warmth=warmth))
    assert evidence["freezing_ah"] == pytest.approx(freezing, abs=0.01)
    assert evidence["cool_ah"] == pytest.approx(cool, abs=0.01)


def test_discharging_in_the_cold_is_no_harm():
    answer = concluded(day(amps=-10.0))
    assert (answer.level, answer.text) == ("good", "none")


def test_a_trickle_is_counted_without_an_event():
    answer = concluded(day(amps=1.5))
    assert answer.level == "good"
    assert answer.values["charged"].value == pytest.approx(9.0, abs=0.01)


def test_an_event_is_to_be_dealt_with_and_later_remembered():
    assert concluded(day(0)).level == "bad"
    answer = concluded(day(0), *(day(n, warmth=10.0) for n in (20, 40)))
    assert (answer.level, answer.text) == ("watch", "charged")
    assert answer.values["days"].value == 1


def test_seasons_stand_side_by_side():
    answer = concluded(day(0), day(290, amps=5.0))
    assert answer.values["before"].value == pytest.approx(60.0, abs=0.01)
    assert answer.values["charged"].value == pytest.approx(30.0, abs=0.01)
    assert [row["total_ah"] for row in answer.rows] == [pytest.approx(30.0, abs=0.01)]


def test_heater_and_blocked_charge_are_told_apart():
    kept_off = day(amps=0.0, states={"heater": True, "charging": True})
    evidence = ANALYTIC.observe(PACK, kept_off)
    assert evidence["heater_on_min"] == pytest.approx(1440, abs=2)
    assert evidence["blocked_min"] == pytest.approx(1440, abs=2)
    assert concluded(kept_off).text == "blocked"


def test_lead_and_titanate_are_not_judged():
    assert isinstance(concluded(day(), pack=Pack(chemistry="LTO", capacity_ah=100.0)), Refused)
