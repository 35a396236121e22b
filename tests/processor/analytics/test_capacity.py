"""The true capacity lies in the interval stated; what disturbs a measurement is named, not hidden."""

import numpy as np
import pytest

from app.processor.analytics.base import Finding, Observed, Refused
from app.processor.analytics.capacity import ANALYTIC
from tests.pack import Cells, Simulation, changed, cycling, gap


def concluded(cells, days=4, profile=None, alter=lambda number, day: day):
    battery = Simulation(cells, profile or cycling(1.1, 0.2), alter)
    seen = []
    for number in range(days):
        day = battery.day(number)
        seen.append(Observed(day.start, day.end, ANALYTIC.observe(cells.pack(), day), len(day)))
    return ANALYTIC.conclude(cells.pack(), seen)


def test_the_truth_is_in_the_interval():
    random = np.random.default_rng(20)
    inside = lines = 0
    for seed in range(30):
        health = random.uniform(0.72, 1.02)
        cells = Cells(
            capacity=np.full(16, health) * (1 + np.abs(random.normal(0, 0.003, 16))),
            offset_a=random.normal(0, 0.1),
            gain=1 + random.normal(0, 0.005),
            step_s=60,
            seed=seed,
        )
        answer = concluded(cells, days=3)
        truth = float(cells.capacity.min()) * cells.capacity_ah
        for line in answer.rows:
            lines += 1
            inside += abs(line["ah"] - truth) < 1.96 * line["sigma"]
    assert lines >= 100
    assert inside / lines >= 0.93


def test_a_worn_battery_is_dealt_with():
    worn = concluded(Cells(capacity=np.full(16, 0.66), step_s=60))
    assert worn.level == "bad"
    assert worn.values["soh"].value == pytest.approx(66, abs=1.5)
    assert concluded(Cells(step_s=60)).level == "good"


def test_a_long_gap_keeps_a_cycle_out_of_the_ledger():
    def silent(number, day):
        return gap(day, 15 * 3600, 1200)

    answer = concluded(Cells(step_s=60), days=2, alter=silent)
    assert {line["why"] for line in answer.rows if line["end"] == "empty"} == {"gaps"}
    assert answer.values["count"].value == sum(not line["why"] for line in answer.rows)


def test_a_frozen_battery_is_not_measured():
    answer = concluded(Cells(step_s=60, temperature=-5.0), days=3)
    assert isinstance(answer, Refused)
    assert answer.text == "temperature"


def test_cold_is_corrected_for():
    def cooler(number, day):
        weaker = {("current", None): day.current * (1 - 0.003 * 10)}
        return changed(day, weaker)

    answer = concluded(Cells(step_s=60, temperature=15.0), alter=cooler)
    assert isinstance(answer, Finding)
    assert answer.values["soh"].value == pytest.approx(100, abs=1.5)


def test_half_cycles_measure_nothing():
    answer = concluded(Cells(step_s=60), days=5, profile=cycling(0.4, 0.1))
    assert isinstance(answer, Refused)
    assert answer.text == "no_cycle"


def test_a_missing_day_breaks_what_would_span_it():
    cells = Cells(step_s=60)
    battery = Simulation(cells, cycling(1.1, 0.2))
    days = [battery.day(number) for number in range(3)]
    seen = [
        Observed(day.start, day.end, ANALYTIC.observe(cells.pack(), day))
        for day in (days[0], days[2])
    ]
    answer = ANALYTIC.conclude(cells.pack(), seen)
    whole = ANALYTIC.conclude(
        cells.pack(),
        [Observed(each.start, each.end, ANALYTIC.observe(cells.pack(), each)) for each in days],
    )
    assert len(answer.rows) < len(whole.rows)
    assert all(line["hours"] < 8 for line in answer.rows)
