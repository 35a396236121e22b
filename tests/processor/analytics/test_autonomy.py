"""The time told is the time it takes, and the band holds what comes."""

from dataclasses import replace

import numpy as np
import pytest

from app.processor.analytics.autonomy import ANALYTIC, exponent, hours_at
from app.processor.analytics.base import Observed, Pack, Refused
from tests.pack import Cells, Simulation

CELLS = Cells(step_s=60, soc=np.full(16, 100.0))


def outages(loads):
    """One outage a day at 18 h, an hour and a half long, each with its own load; charged after."""

    def profile(number, seconds):
        wanted = np.where(seconds < 10 * 3600, 0.2, 0.0)
        out = (seconds >= 18 * 3600) & (seconds < 19.5 * 3600)
        return np.where(out, -loads[number], wanted)

    return profile


def observed(days, loads, cells=CELLS):
    battery, seen = Simulation(cells, outages(loads)), []
    for number in range(days):
        day = battery.day(number)
        seen.append(Observed(day.start, day.end, ANALYTIC.observe(cells.pack(), day), len(day)))
    return seen


def test_three_discharges_are_enough_for_the_usual_time():
    seen = observed(3, [0.2, 0.21, 0.19])
    answer = ANALYTIC.conclude(CELLS.pack(), seen)
    left = seen[-1].evidence["soc"]
    assert answer.values["usual"].value == pytest.approx(left / 20, rel=0.1)
    assert answer.values["worst"].value < answer.values["usual"].value


def test_two_are_not():
    answer = ANALYTIC.conclude(CELLS.pack(), observed(2, [0.2, 0.2]))
    assert isinstance(answer, Refused)
    assert answer.values["count"].value == 1


def test_the_band_holds_nine_in_ten():
    random = np.random.default_rng(7)
    base = observed(1, [0.1])[0]
    inside = trials = 0
    for _ in range(400):
        count = int(random.integers(3, 12))
        loads = np.exp(random.normal(np.log(12), 0.3, count + 1))
        seen = [_with_load(base, amps) for amps in loads[:count]]
        usual = ANALYTIC.conclude(CELLS.pack(), seen).values["usual"]
        inside += usual.low <= base.evidence["soc"] / loads[count] <= usual.high
        trials += 1
    assert inside / trials >= 0.88


def _with_load(base, amps):
    discharge = [18.0, 1.5, round(1.5 * amps, 3), 100.0, round(100 - 1.5 * amps, 2), False]
    return replace(base, evidence={**base.evidence, "discharges": [discharge]})


def test_a_worn_battery_lasts_less_than_its_plate_says():
    worn = replace(CELLS, capacity=np.full(16, 0.7), soc=np.full(16, 100.0))
    seen = observed(4, [0.3, 0.3, 0.3, 0.3], worn)
    for day in seen:  # its BMS counts percent of what is there, not of the plate
        day.evidence["soc"] = round(day.evidence["soc"] / 0.7, 2)
        for discharge in day.evidence["discharges"]:
            discharge[3], discharge[4] = discharge[3] / 0.7, discharge[4] / 0.7
    usable = ANALYTIC.conclude(worn.pack(), seen).values["usable"]
    assert usable.value == pytest.approx(0.7 * seen[-1].evidence["soc"], rel=0.03)


def test_the_contract_decides_the_light():
    seen = observed(5, [0.2, 0.24, 0.16, 0.2, 0.2])
    for promised, level in ((1.0, "good"), (3.0, "watch"), (6.0, "bad")):
        answer = ANALYTIC.conclude(CELLS.pack(autonomy_h=promised), seen)
        assert answer.level == level, promised
    reserved = ANALYTIC.conclude(CELLS.pack(reserve_percent=30.0), seen)
    free = ANALYTIC.conclude(CELLS.pack(), seen)
    assert reserved.values["usual"].value < free.values["usual"].value


LEAD = Pack(chemistry="LEAD", cells=24, capacity_ah=100.0)


def test_peukert_says_an_hour_and_twenty_five_minutes():
    assert hours_at(LEAD, 100.0, 50.0, 1.15) == pytest.approx(1.42, abs=0.005)


def test_its_exponent_is_read_from_the_batterys_own_discharges():
    past = [
        [18.0, hours, hours * amps, 100.0, 0.0, True]
        for amps in (5.0, 10.0, 20.0, 40.0)
        for hours in [20 * (100 / (amps * 20)) ** 1.25]
    ]
    assert exponent(LEAD, past) == pytest.approx(1.25, abs=0.01)
    assert exponent(LEAD, past[:2]) == 1.15
