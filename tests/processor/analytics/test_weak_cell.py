"""A weak cell is named long before any limit on the spread would ring, and a healthy pack never."""

import numpy as np

from app.processor.analytics.base import Finding, Observed, Refused
from app.processor.analytics.weak_cell import ANALYTIC
from tests.pack import Cells, Simulation, cycling

ONSET, WEAK = 45, 5


def followed(days, fade=0.0, seed=1, temperature=lambda day: 22.0):
    """Day and answer of the first finding that is not good, or the last answer."""
    random = np.random.default_rng(seed)
    capacity = 1 + random.normal(0, 0.006, 16)
    resistance = 0.0006 * (1 + random.normal(0, 0.05, 16))
    cells = Cells(capacity=capacity, r0=resistance, seed=seed, step_s=120)
    battery, seen, answer = Simulation(cells, cycling(0.85)), [], None
    for number in range(days):
        weak = capacity.copy()
        weak[WEAK] *= 1 - fade * max(number - ONSET, 0)
        battery.becomes(capacity=weak, temperature=temperature(number))
        day = battery.day(number)
        seen.append(Observed(day.start, day.end, ANALYTIC.observe(cells.pack(), day)))
        answer = ANALYTIC.conclude(cells.pack(), seen)
        if isinstance(answer, Finding) and answer.level != "good":
            return number, answer
    return None, answer


def test_a_fading_cell_is_named_within_weeks():
    number, answer = followed(120, fade=0.0005)
    assert number is not None
    assert ONSET < number <= ONSET + 40
    assert answer.values["cell"].value == WEAK + 1


def test_a_healthy_pack_is_left_alone_through_the_seasons():
    def season(day):
        return 22 + 8 * np.sin(day / 58)

    for seed in (2, 3):
        number, answer = followed(150, seed=seed, temperature=season)
        assert number is None
        assert answer.level == "good"


def test_nothing_is_said_before_what_is_usual_is_known():
    _, answer = followed(10, fade=0.01)
    assert isinstance(answer, Refused)
    assert answer.text == "too_soon"
    assert answer.values["days"].value == 21
