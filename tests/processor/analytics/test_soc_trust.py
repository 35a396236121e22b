"""A state of charge that drifts, jumps or stands still is found out within days."""

import numpy as np

from app.processor.analytics.base import Observed
from app.processor.analytics.soc_trust import ANALYTIC
from tests.pack import Cells, Simulation, changed, cycling


def half(number, seconds):
    """Shallow cycling that never fills the battery: nothing corrects a drift."""
    return np.where(seconds < 36_000, 0.03, np.where(seconds < 72_000, -0.03, 0.0))


def concluded(days, alter=lambda number, day: day, profile=half):
    cells = Cells(step_s=60, soc=np.full(16, 55.0))
    battery, seen = Simulation(cells, profile, alter), []
    for number in range(days):
        day = battery.day(number)
        evidence = ANALYTIC.observe(cells.pack(), day)
        seen.append(Observed(day.start, day.end, evidence, len(day)))
    return ANALYTIC.conclude(cells.pack(), seen)


def with_soc(day, soc):
    return changed(day, {("soc", None): np.round(soc, 1)})


def test_a_sound_number_is_trusted():
    assert concluded(5).values["grade"] == "A"
    assert concluded(12, profile=cycling(0.8)).values["grade"] == "A"


def test_drift_is_found_within_a_week():
    def drifting(number, day):
        running = 2.0 * (number + np.arange(len(day)) / len(day))
        return with_soc(day, np.clip(day.scalar("soc") - running, 0, 100))

    answer = concluded(7, drifting)
    assert answer.text == "drifts"
    assert answer.values["grade"] == "C"
    assert answer.values["drift"].low <= -2.0 <= answer.values["drift"].high


def test_a_jump_is_found_the_same_day():
    def jumping(number, day):
        soc = day.scalar("soc").copy()
        soc[700:] -= 12
        return with_soc(day, soc)

    answer = concluded(1, jumping)
    assert answer.text == "jumps"
    assert answer.values["jumps"].value == 1


def test_a_number_that_stands_still_is_found_within_a_day():
    def frozen(number, day):
        return with_soc(day, np.full(len(day), 61.0))

    answer = concluded(1, frozen)
    assert answer.text == "stuck"
    assert answer.values["grade"] == "D"


def test_weeks_without_a_full_charge_lower_the_grade():
    assert concluded(20).text == "unanchored"


def test_a_hundred_percent_too_early():
    def boasting(number, day):
        return with_soc(day, np.where(day.current > 1, 100.0, day.scalar("soc")))

    answer = concluded(3, boasting, cycling(0.8))
    assert answer.values["grade"] in ("C", "D")
