"""Cycles are counted as the standard counts them, and the end of life lies in its window."""

import numpy as np
import pytest

from app.processor.analytics.base import Observed, Refused
from app.processor.analytics.stress import ANALYTIC, YEAR_MS, rainflow, turns, window
from tests.pack import START_MS, Cells, Simulation, cycling

DAY_MS = 86_400_000


def test_rainflow_agrees_with_the_standards_example():
    counted: dict[float, float] = {}
    for depth, count in rainflow([-2, 1, -3, 5, -1, 3, -4, 4, -2]):
        counted[depth] = counted.get(depth, 0) + count
    assert counted == {3: 0.5, 4: 1.5, 6: 0.5, 8: 1.0, 9: 0.5}


def test_small_ripple_makes_no_cycle():
    soc = np.concatenate(
        [np.linspace(90, 20, 200) + np.tile([0, 0.8], 100), np.linspace(20, 90, 90)]
    )
    assert turns(soc) == [90.0, 20.0, 90.0]


def test_a_day_of_eighty_percent_is_four_fifths_of_a_cycle():
    cells = Cells(step_s=60)
    battery, seen = Simulation(cells, cycling(0.8)), []
    for number in range(5):
        day = battery.day(number)
        seen.append(Observed(day.start, day.end, ANALYTIC.observe(cells.pack(), day), len(day)))
    answer = ANALYTIC.conclude(cells.pack(), seen)
    assert isinstance(answer, Refused)
    halves = 0.1 + 9 * 0.8  # from 90 % up to full, then down and up; the last night is to come
    assert answer.values["efc"].value == pytest.approx(halves / 2, abs=0.1)
    hours = np.array(seen[0].evidence["hours"])
    assert hours.sum() == pytest.approx(24, abs=0.05)
    assert hours[:, 3].sum() == pytest.approx(24, abs=0.1), "22 °C is between 20 and 30"
    assert seen[0].evidence["calendar_h"] < 24, "below 25 °C hours count less"


def measured(days, health, every=30):
    """Evidence of capacity measurements, one a month; nothing in between."""
    seen = []
    for number in range(0, days, every):
        ah = health(number)
        parts = [[0.0] * 6, "full", [-ah, 4.0, 0.0, 5.0, 100.0, 4.0], "empty", [0.0] * 6]
        evidence = {
            "turns": [90.0, 20.0],
            "hours": np.zeros((10, 7)).tolist(),
            "calendar_h": 24.0,
            "hot_full_h": 0.0,
            "capacity": {"parts": parts},
        }
        start = START_MS + number * DAY_MS
        seen.append(Observed(start, start + DAY_MS, evidence, 1440))
    return seen


def test_nothing_is_foretold_from_five_measurements():
    pack = Cells().pack()
    assert isinstance(ANALYTIC.conclude(pack, measured(150, lambda day: 100 - day / 100)), Refused)
    assert isinstance(ANALYTIC.conclude(pack, measured(100, lambda day: 99.0, 10)), Refused)


def test_a_battery_that_loses_four_percent_a_year():
    random = np.random.default_rng(4)
    seen = measured(720, lambda day: 100 - 4 * day / 365.25 + random.normal(0, 0.5))
    answer = ANALYTIC.conclude(Cells().pack(), seen)
    left = answer.values["until_80"]
    assert left.low < 5 - 690 / 365.25 < left.high
    assert answer.level == "good"


def test_the_window_holds_the_truth_three_times_in_four():
    random = np.random.default_rng(9)
    inside = 0
    for trial in range(60):
        times = 56 + np.sort(random.uniform(0, 2.0, 20))
        loss, shape = random.uniform(2, 6), (1.0, 0.5)[trial % 2]
        health = 100 - loss * (times - times[0]) ** shape + random.normal(0, 0.6, 20)
        truth = times[0] + (20 / loss) ** (1 / shape)
        low, _, high = window(times, health, 80.0)
        inside += low <= min(truth, times[-1] + 25) <= high
    assert inside / 60 >= 0.75


def test_no_decline_no_date():
    random = np.random.default_rng(5)
    seen = measured(400, lambda day: 100 + 0.005 * day + random.normal(0, 0.1))
    answer = ANALYTIC.conclude(Cells().pack(), seen)
    assert answer.text == "no_end"
    assert seen[0].start / YEAR_MS > 50
