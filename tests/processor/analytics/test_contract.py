"""Whatever a day holds, a computation answers with a finding or with a reason, and never raises."""

import json
import string

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.processor.analytics.base import LEVELS, SENTENCES, Finding, Observed, Pack, Refused
from app.processor.analytics.day import Day
from app.processor.analytics.nightly import analytics, methods, observe, to_json
from app.processor.weighing import weights
from tests.pack import START_MS, Cells, Simulation, cycling, gap, without

CODES = ("current", "soc", "soh", "pack_voltage", "capacity_full", "ambient_temperature")
ARRAYS = ("cell_voltage", "cell_temperature", "balancing")


@pytest.fixture(params=sorted(analytics()))
def analytic(request):
    return analytics()[request.param]


def concluded(analytic, pack, days):
    answer = analytic.conclude(pack, days)
    assert isinstance(answer, Finding | Refused)
    known = {**SENTENCES, **analytic.sentences}
    assert answer.text in known, "it says what it has no sentence for"
    for sentence in known[answer.text]:
        names = {name for _, name, _, _ in string.Formatter().parse(sentence) if name}
        assert names <= set(answer.values), "its sentence names what it does not give"
    if isinstance(answer, Finding):
        assert answer.level in LEVELS
    json.dumps(to_json(answer), allow_nan=False)
    return answer


def test_each_says_what_it_is(analytic):
    assert analytic.version >= 1
    assert all(analytic.title)
    for name, (french, english) in analytic.sentences.items():
        fields = [
            {field for _, field, _, _ in string.Formatter().parse(text) if field}
            for text in (french, english)
        ]
        assert fields[0] == fields[1], f"{name} does not say the same in both languages"
    assert methods() > 0


@pytest.mark.parametrize("chemistry", ["LFP", "NMC"])
def test_ordinary_days(analytic, chemistry):
    cells = Cells(chemistry=chemistry, step_s=60)
    battery, pack = Simulation(cells, cycling()), cells.pack()
    days = []
    for number in range(3):
        day = battery.day(number)
        if evidence := analytic.observe(pack, day):
            again = json.loads(json.dumps(evidence, allow_nan=False))
            assert again == evidence, "evidence must come back from JSON as it was"
            days.append(Observed(day.start, day.end, evidence, len(day)))
    if days:
        concluded(analytic, pack, days)


def test_little_evidence_often_has_gaps(analytic):
    cells = Cells(step_s=60)
    battery, pack = Simulation(cells, cycling()), cells.pack()
    days = []
    for number in range(5):
        day = gap(battery.day(number), 3600 * number, 40_000)
        if evidence := analytic.observe(pack, day):
            days.append(Observed(day.start, day.end, evidence, len(day)))
            concluded(analytic, pack, days)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_any_day_at_all(analytic, data):
    count = data.draw(st.integers(1, 40))
    number = st.one_of(
        st.floats(-1000, 1000), st.just(float("nan")), st.sampled_from([0.0, 3.3, 100.0])
    )
    steps = data.draw(st.lists(st.integers(1, 3_600_000), min_size=count, max_size=count))
    times = START_MS + np.cumsum(np.array(steps, np.int64))
    column = st.lists(number, min_size=count, max_size=count).map(np.array)
    keys = [(code, None) for code in CODES] + [(code, i) for code in ARRAYS for i in range(2)]
    chosen = data.draw(st.lists(st.sampled_from(keys), unique=True))
    series = {key: data.draw(column) for key in chosen}
    day = Day(START_MS, START_MS + 86_400_000, times, weights(times), series)
    capacity = data.draw(st.sampled_from([None, 100.0]))
    pack = Pack(cells=2, capacity_ah=capacity)
    if evidence := analytic.observe(pack, day):
        json.dumps(evidence, allow_nan=False)
        concluded(analytic, pack, [Observed(day.start, day.end, evidence, count)])


def test_a_day_without_what_it_takes_is_not_looked_at():
    cells = Cells(step_s=300)
    day = without(Simulation(cells, cycling()).day(0), "cell_voltage")
    _, evidence = observe(cells.pack(), day)
    needing = {a.code for a in analytics().values() if "cell_voltage" in a.needs}
    assert needing
    assert not needing & set(evidence)
