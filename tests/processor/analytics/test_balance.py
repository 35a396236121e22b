"""The hours foretold are the hours it takes, at any current that cells are bled with."""

import numpy as np
import pytest

from app.processor.analytics.balance import ANALYTIC
from app.processor.analytics.base import Observed, Refused
from tests.pack import Cells, Simulation, changed, cycling

AHEAD = 4


def even_but(ah, step_s=60):
    soc = np.full(16, 90.0)
    soc[AHEAD] += ah
    return Cells(soc=soc, step_s=step_s)


def concluded(battery, days=1, **terms):
    pack, seen = battery.cells.pack(**terms), []
    for number in range(days):
        day = battery.day(number)
        seen.append(Observed(day.start, day.end, ANALYTIC.observe(pack, day), len(day)))
    return ANALYTIC.conclude(pack, seen)


@pytest.mark.parametrize("bleed_a", [0.03, 0.05, 0.1])
@pytest.mark.parametrize("ahead", [0.6, 1.2])
def test_the_hours_foretold_are_the_hours_it_takes(bleed_a, ahead):
    battery = Simulation(even_but(ahead), cycling(0.5))
    answer = concluded(battery, bleed_a=bleed_a)
    assert answer.text == "uneven"
    foretold, truth = answer.values["hours"].value, ahead / bleed_a
    assert foretold == pytest.approx(truth, rel=0.25)


def test_bled_for_that_long_the_cells_are_even():
    def on(number, day):
        bled = {("balancing", i): np.full(len(day), i == AHEAD) for i in range(16)}
        return changed(day, bled) if number else day

    battery = Simulation(even_but(0.96), cycling(0.5), on)
    pack = battery.cells.pack(bleed_a=0.02)
    seen, foretold = [], None
    for number in range(4):  # two days of 20 mA are 0.96 Ah; charging ends early in a day
        day = battery.day(number)
        seen.append(Observed(day.start, day.end, ANALYTIC.observe(pack, day), len(day)))
        foretold = foretold or ANALYTIC.conclude(pack, seen).values["hours"].value
        battery.becomes(leak_a=np.where(np.arange(16) == AHEAD, 0.02, 0.0))
    answer = ANALYTIC.conclude(pack, seen)
    assert foretold == pytest.approx(48, rel=0.25)
    assert answer.level == "good"
    assert answer.values["before"].value > 20 > 10 > answer.values["after"].value


def test_even_cells_have_nothing_to_do():
    answer = concluded(Simulation(even_but(0.0), cycling(0.5)))
    assert (answer.level, answer.text) == ("good", "even")


def test_far_apart_is_to_be_dealt_with():
    answer = concluded(Simulation(even_but(3.0), cycling(0.5)))
    assert answer.level == "bad"


def test_a_battery_that_is_never_full_cannot_be_judged():
    def half(number, seconds):
        return np.where(seconds < 9000, 0.1, np.where(seconds > 70_000, -0.05, 0.0))

    answer = concluded(Simulation(Cells(step_s=60, soc=np.full(16, 40.0)), half), days=3)
    assert isinstance(answer, Refused)
    assert answer.text == "never_full"
    assert answer.values["days"].value == 3
