"""What cannot be is found and named; an ordinary day has nothing to be ashamed of."""

import numpy as np
import pytest

from app.processor.analytics.base import Observed
from app.processor.analytics.nightly import analytics, observe
from app.processor.analytics.quality import ANALYTIC
from tests.pack import Cells, Simulation, changed, cycling, gap

CELLS = Cells(step_s=30)


@pytest.fixture
def day():
    return Simulation(CELLS, cycling()).day(0)


def judged(day):
    evidence = ANALYTIC.observe(CELLS.pack(), day)
    return evidence["score"], {code: which for code, _, which in evidence["reasons"]}


def cell(day, number):
    return day.cells[:, number - 1].copy()


def test_an_ordinary_day_is_perfect(day):
    assert judged(day) == (100, {})


def test_half_a_day_missing(day):
    score, reasons = judged(gap(day, 6 * 3600, 12 * 3600))
    assert reasons == {"gaps": "50"}
    assert score == 70


def test_cells_that_do_not_add_up(day):
    one_short = {("pack_voltage", None): day.cells[:, :15].sum(axis=1)}
    assert judged(changed(day, one_short))[1] == {"sum": ""}


def test_a_wire_that_came_off(day):
    stuck = {("cell_voltage", 6): np.full(len(day), 3.301)}
    assert judged(changed(day, stuck))[1]["frozen"] == "7"


def test_a_connection_that_comes_and_goes():
    day = Simulation(Cells(step_s=5), cycling()).day(0)
    voltage = cell(day, 3)
    voltage[1000:1010] -= 0.9
    assert judged(changed(day, {("cell_voltage", 2): voltage}))[1]["leaps"] == "3"


@pytest.mark.parametrize("told", [-40.0, 125.0])
def test_a_sensor_that_is_open_or_shorted(day, told):
    broken = {("cell_temperature", 1): np.full(len(day), told)}
    assert judged(changed(day, broken))[1] == {"sensor": "2"}


def test_a_current_with_the_wrong_sign_is_nothing_to_conclude_from(day):
    score, reasons = judged(changed(day, {("current", None): -day.current}))
    assert reasons == {"sign": ""}
    assert score < 60
    quality, evidence = observe(CELLS.pack(), changed(day, {("current", None): -day.current}))
    assert quality == score
    believing = {code for code, each in analytics().items() if each.quality > score}
    assert believing
    assert not believing & set(evidence)


def test_the_answer_names_the_worst_of_the_last_day(day):
    stuck = changed(day, {("cell_voltage", 6): np.full(len(day), 3.301)})
    days = [
        Observed(each.start, each.end, ANALYTIC.observe(CELLS.pack(), each))
        for each in (day, gap(stuck, 60_000, 20_000))
    ]
    answer = ANALYTIC.conclude(CELLS.pack(), days)
    assert answer.text == "frozen"
    assert answer.values["which"] == "7"
    assert [row["why"] for row in answer.rows] == ["fine", "frozen"]
