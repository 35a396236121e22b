"""A cell that resists more is named by its ratio, whatever the distance between readings."""

import numpy as np
import pytest

from app.processor.analytics.base import Observed
from app.processor.analytics.resistance import ANALYTIC
from tests.pack import Cells, Simulation


def bursts(number, seconds):
    """Half an hour of load each hour, in bursts of two minutes."""
    busy = (seconds % 3600 < 1800) & (seconds % 240 < 120)
    return np.where(busy, -0.5, np.where(seconds % 3600 >= 1800, 0.25, 0.0))


def concluded(days=3, step_s=5, growth=0.0, **cells):
    battery = Simulation(Cells(step_s=step_s, **cells), bursts)
    seen = []
    for number in range(days):
        if growth:
            r0 = np.full(16, 0.0006)
            r0[10] *= 0.7 * (1 + growth * number)
            battery.becomes(r0=r0)
        day = battery.day(number)
        evidence = ANALYTIC.observe(battery.cells.pack(), day)
        seen.append(Observed(day.start, day.end, evidence, len(day)))
    return ANALYTIC.conclude(battery.cells.pack(), seen)


def weak():
    r0 = np.full(16, 0.0006)
    r0[3] *= 1.5
    return r0


@pytest.mark.parametrize("step_s", [1, 5, 10])
def test_half_again_as_much_reads_so_at_any_distance(step_s):
    answer = concluded(days=1, step_s=step_s, r0=weak(), r1=0.0)
    assert answer.values["cell"].value == 4
    assert answer.values["ratio"].value == pytest.approx(1.5, abs=0.06)
    assert answer.values["step"].value == step_s
    assert answer.text == "high"


def test_the_instant_resistance_is_read_in_milliohm():
    answer = concluded(days=1, step_s=1)
    assert answer.values["median"].value == pytest.approx(0.61, abs=0.02)
    assert answer.level == "good"


def test_a_cell_that_grows_is_told_from_its_own_past():
    answer = concluded(days=50, step_s=30, growth=0.03)
    assert answer.text == "growing"
    assert answer.values["cell"].value == 11


def test_a_calm_day_says_nothing():
    battery = Simulation(Cells(step_s=30), lambda number, seconds: np.full(len(seconds), -0.02))
    assert ANALYTIC.observe(battery.cells.pack(), battery.day(0)) is None
