"""What a warranty asks is measured to the minute, and the record stands for every reading."""

import numpy as np
import pytest

from app.processor.analytics.base import Observed, Pack, Refused
from app.processor.analytics.day import Day
from app.processor.analytics.warranty import ANALYTIC, root
from app.processor.weighing import weights
from tests.pack import DAY_S, START_MS, Cells, Simulation, changed, cycling, gap

TERMS = {"soc_min": 10.0, "temperature_max": 40.0, "charge_c": 0.5, "full_every_days": 7.0}


def pack(terms=TERMS):
    return Pack(chemistry="LFP", cells=16, capacity_ah=100.0, terms=terms)


def day(number=0, hot_minutes=0, soc=60.0):
    seconds = np.arange(0, DAY_S, 60)
    times = START_MS + (number * DAY_S + seconds) * 1000
    series = {
        ("current", None): np.where(seconds < 36_000, 10.0, -10.0),
        ("soc", None): np.full(len(times), soc),
        ("cell_voltage_max", None): np.full(len(times), 3.5),
        ("temperature_max", None): np.where(seconds < hot_minutes * 60, 45.0, 25.0),
        ("temperature_min", None): np.full(len(times), 20.0),
    }
    start = int(times[0])
    told = [(start, {"firmware": "2.1"})]
    return Day(start, start + DAY_S * 1000, times, weights(times), series, told)


def concluded(*days, terms=TERMS):
    seen = [
        Observed(each.start, each.end, ANALYTIC.observe(pack(terms), each), len(each))
        for each in days
    ]
    return ANALYTIC.conclude(pack(terms), seen)


def test_a_record_says_what_was_measured():
    record = ANALYTIC.observe(pack(), day())
    assert record["day"] == "2026-03-01"
    assert record["firmware"] == "2.1"
    assert (record["ah_in"], record["ah_out"]) == (
        pytest.approx(100.0),
        pytest.approx(140.0, abs=0.2),
    )
    assert record["efc"] == pytest.approx(1.2, abs=0.001)
    assert record["measured"]["temperature"] == [20.0, 22.5, 25.0]


def test_terms_that_are_kept():
    answer = concluded(day(0), day(1))
    assert (answer.level, answer.text) == ("good", "kept")
    assert {row["verdict"] for row in answer.rows} == {"kept"}


def test_fourteen_minutes_too_hot_are_fourteen_minutes():
    answer = concluded(day(0), day(1, hot_minutes=14), day(2))
    row = next(row for row in answer.rows if row["term"] == "temperature_max")
    assert (row["verdict"], row["ms"], row["days"]) == ("exceeded", 14 * 60_000, 1)
    assert row["last"] == "2026-03-02"
    assert answer.values["minutes"].value == 14


def test_one_reading_may_err():
    assert concluded(day(0, hot_minutes=1)).text == "kept"


def test_what_is_not_measured_is_not_kept():
    answer = concluded(day(0), terms={"discharge_c": 1.0, "temperature_min": 0.0, "soc_max": 99.0})
    assert answer.text == "kept"
    silent = Day(START_MS, START_MS + DAY_S * 1000, np.array([START_MS]), np.array([1000.0]), {})
    answer = concluded(silent, terms={"soc_min": 10.0})
    assert answer.rows[0]["verdict"] == "unknown"
    assert answer.level == "watch"


def test_gaps_are_counted():
    answer = concluded(gap(day(0), 0, 6 * 3600), day(1))
    assert answer.values["missing"].value == pytest.approx(12.5, abs=0.2)
    assert answer.text == "gaps"


def test_no_terms_nothing_to_compare():
    assert isinstance(concluded(day(0), terms={}), Refused)


def test_any_reading_changes_the_root():
    whole = Simulation(Cells(step_s=60), cycling()).day(0)
    voltage = whole.cells[:, 5].copy()
    voltage[700] += 0.001
    assert root(whole) == root(Simulation(Cells(step_s=60), cycling()).day(0))
    assert root(whole) != root(changed(whole, {("cell_voltage", 5): voltage}))
    assert root(whole) != root(gap(whole, 3600, 60))
