"""How far a cell is behind is read in Ah from the day's own curves, at both ends."""

import numpy as np
import pytest

from app.processor.analytics.ends import charge_end, discharge_end
from tests.pack import Cells, Simulation, cycling

BEHIND, AHEAD, SMALL = 3, 5, 10


@pytest.fixture(scope="module")
def day():
    soc, capacity = np.full(16, 90.0), np.ones(16)
    soc[BEHIND] -= 1.0
    soc[AHEAD] += 0.5
    capacity[SMALL] = 0.93
    soc[SMALL] = 100 - 10 / 0.93
    cells = Cells(soc=soc, capacity=capacity, step_s=5, noise_v=0.0)
    return cells.pack(), Simulation(cells, cycling(0.85)).day(0)


def test_at_the_end_of_a_charge(day):
    end = charge_end(*day)
    assert end.behind[BEHIND] == pytest.approx(1.0, abs=0.15)
    assert end.behind[AHEAD] == pytest.approx(-0.5, abs=0.1)
    assert end.behind[SMALL] == pytest.approx(0.0, abs=0.1)
    assert np.abs(np.delete(end.behind, [BEHIND, AHEAD, SMALL])).max() < 0.05


def test_at_the_end_of_a_discharge(day):
    end = discharge_end(*day)
    assert end.behind[BEHIND] == pytest.approx(1.0, abs=0.3)
    assert end.behind[AHEAD] == pytest.approx(-0.5, abs=0.3)
    # The others end at 14.5 %; it was there, with 13.5 Ah left, when it had 6 Ah more than now.
    assert end.behind[SMALL] == pytest.approx(6.0, abs=0.3)


def test_a_day_without_ends():
    cells = Cells(step_s=60, soc=np.full(16, 60.0))
    day = Simulation(cells, lambda number, seconds: np.full(len(seconds), 0.005)).day(0)
    assert charge_end(cells.pack(), day) is None
    assert discharge_end(cells.pack(), day) is None
