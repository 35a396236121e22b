"""A leak of 10 mA is found within a week and measured; a sound pack is left alone."""

import numpy as np
import pytest

from app.processor.analytics.base import Finding, Observed, Refused
from app.processor.analytics.day import Day
from app.processor.analytics.leak import ANALYTIC
from tests.pack import Cells, Simulation, changed, cycling

LEAKING = 6


def followed(days, leak_a=0.0, seed=1, step_s=30, depth=0.5, alter=lambda number, day: day):
    """The observed days, beginning with all cells even."""
    random = np.random.default_rng(seed)
    leaks = np.zeros(16)
    leaks[LEAKING] = leak_a
    capacity = 1 + random.normal(0, 0.006, 16)
    even = 100 - (100 - 90) / capacity
    cells = Cells(capacity=capacity, leak_a=leaks, seed=seed, step_s=step_s, soc=even)
    battery, seen = Simulation(cells, cycling(depth), alter), []
    for number in range(days):
        day = battery.day(number)
        if evidence := ANALYTIC.observe(cells.pack(), day):
            seen.append(Observed(day.start, day.end, evidence, len(day)))
    return cells.pack(), seen


def found_on(pack, seen):
    for count in range(1, len(seen) + 1):
        answer = ANALYTIC.conclude(pack, seen[:count])
        if isinstance(answer, Finding) and answer.level != "good":
            return count, answer
    return None, answer


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_ten_milliamperes_within_a_week(seed):
    days, answer = found_on(*followed(9, 0.010, seed))
    assert days is not None
    assert days <= 7
    assert answer.values["cell"].value == LEAKING + 1
    assert answer.values["leak"].value == pytest.approx(10, abs=4)


def test_a_bigger_leak_is_serious():
    _, answer = found_on(*followed(8, 0.080))
    assert answer.level == "bad"
    assert answer.values["leak"].low > 40


def test_a_sound_pack_is_left_alone():
    pack, seen = followed(40, 0.0, seed=5, step_s=60)
    assert found_on(pack, seen)[0] is None


def test_balancing_begins_the_count_anew():
    def bled(number, day: Day):
        on = np.full(len(day), 1.0 if number == 5 else 0.0)
        return changed(day, {("balancing", 0): on, ("balancing", 1): np.zeros(len(day))})

    pack, seen = followed(8, 0.0, alter=bled)
    answer = ANALYTIC.conclude(pack, seen)
    assert isinstance(answer, Refused)
    assert answer.values["days"].value == 2


def test_the_one_cell_that_is_never_bled():
    def bled(number, day: Day):
        on = np.ones(len(day))
        return changed(day, {("balancing", i): on * (i != LEAKING) for i in range(16)})

    answer = ANALYTIC.conclude(*followed(15, 0.0, step_s=120, alter=bled))
    assert (answer.level, answer.text) == ("watch", "spared")
    assert answer.values["cell"].value == LEAKING + 1


def test_a_battery_that_is_never_full_says_nothing():
    cells = Cells(step_s=60, soc=np.full(16, 50.0))
    day = Simulation(cells, lambda number, seconds: np.where(seconds < 9000, 0.1, 0.0)).day(0)
    assert ANALYTIC.observe(cells.pack(), day) is None
