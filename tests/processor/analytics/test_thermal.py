"""Heat that is injected is found by its size; seasons and loads are not taken for it."""

import numpy as np
import pytest

from app.processor.analytics.base import Observed, Pack, Refused
from app.processor.analytics.day import Day
from app.processor.analytics.thermal import ANALYTIC, emergency
from app.processor.weighing import weights
from tests.pack import DAY_S, START_MS

CAPACITY_J_PER_K, COOLING_W_PER_K = 40_000.0, 4.0
"""Of a 16-cell pack of 100 Ah, some 50 kg, in still air."""
RESISTANCE = 0.02


def lived(days, extra_w=0.0, sensor_w=0.0, onset=40, seed=1, chemistry="LFP"):
    """Days of a battery that is heated by its current, the season, and from `onset` on by a fault."""
    pack = Pack(chemistry=chemistry, cells=16, capacity_ah=100.0)
    random, warmth, seen = np.random.default_rng(seed), 20.0, []
    for number in range(days):
        seconds = np.arange(0, DAY_S, 60)
        times = START_MS + (number * DAY_S + seconds) * 1000
        amps = np.where((seconds // 7200) % 3 == 0, 40.0 * random.uniform(0.7, 1.3), -20.0)
        ambient = 20 + 2 * np.sin(number / 20) + 2 * np.sin(seconds / DAY_S * 2 * np.pi)
        fault = extra_w if number >= onset else 0.0
        path = np.empty(len(seconds))
        for i in range(len(seconds)):
            watts = amps[i] ** 2 * RESISTANCE + fault - COOLING_W_PER_K * (warmth - ambient[i])
            warmth += 60 * watts / CAPACITY_J_PER_K
            path[i] = warmth
        local = (sensor_w if number >= onset else 0.0) / COOLING_W_PER_K
        table = path[:, None] + np.array([0.0, 0.4, -0.3, 0.1]) + random.normal(0, 0.05, (1440, 4))
        table[:, 2] += local
        series = {("current", None): amps, ("ambient_temperature", None): ambient}
        series |= {("cell_temperature", i): np.round(table[:, i], 1) for i in range(4)}
        start = int(times[0])
        day = Day(start, start + DAY_S * 1000, times, weights(times), series)
        seen.append(Observed(start, day.end, ANALYTIC.observe(pack, day), len(day)))
    return pack, seen


def first_finding(pack, seen):
    for count in range(31, len(seen) + 1):
        answer = ANALYTIC.conclude(pack, seen[:count])
        if answer.level != "good":
            return count, answer
    return None, answer


@pytest.mark.parametrize("watts", [5.0, 20.0])
def test_a_sensor_that_warms_is_named(watts):
    count, answer = first_finding(*lived(60, sensor_w=watts))
    assert count is not None
    assert 40 < count <= 55
    assert answer.text == "sensor"
    assert answer.values["sensor"].value == 3


@pytest.mark.parametrize("watts", [20.0, 100.0])
def test_a_battery_that_warms_as_a_whole_is_found(watts):
    count, answer = first_finding(*lived(55, extra_w=watts))
    assert count is not None
    assert count > 40
    assert answer.text == "whole"


@pytest.mark.parametrize("seed", [2, 3])
def test_loads_and_weather_are_no_fault(seed):
    count, _ = first_finding(*lived(90, seed=seed))
    assert count is None


def test_the_label_is_in_every_sentence():
    for french, english in ANALYTIC.sentences.values():
        assert french.endswith("ne remplace ni le BMS ni la détection incendie.")
        assert english.endswith("it replaces neither the BMS nor fire detection.")


def test_nothing_is_said_before_a_month():
    assert isinstance(ANALYTIC.conclude(*lived(5)), Refused)


def test_lead_far_above_its_surroundings():
    pack, seen = lived(3, extra_w=60.0, onset=0, chemistry="LEAD")
    answer = ANALYTIC.conclude(pack, seen)
    assert (answer.level, answer.text) == ("bad", "runaway")


def rising(step_s, per_second, start=40.0, volts=3.3):
    times = np.arange(0, 60, step_s) * 1000
    table = np.minimum(start + np.arange(0, 60, step_s) * per_second, 300.0)[:, None]
    return times, table, np.full(len(times), volts)


@pytest.mark.parametrize("step_s", [1, 5])
def test_an_emergency_is_hot_and_quick(step_s):
    assert emergency(*rising(step_s, 2.0))
    assert not emergency(*rising(step_s, 0.5))
    assert not emergency(*rising(step_s, 1.5, start=-60.0)), "quick, and still cold"


def test_an_emergency_may_be_a_cell_that_collapsed():
    times, table, volts = rising(1, 1.2, start=-60.0)
    volts[20:] = 2.2
    assert emergency(times, table, volts)
