"""Each fault gets its name, and a leak is never taken for something that balancing would mend."""

import pytest

from app.processor.analytics.base import Observed
from app.processor.analytics.diagnosis import ANALYTIC
from tests.faults import CELL, faulty


def diagnosed(fault, severity="medium", seed=1, days=8):
    pack, battery = faulty(fault, severity, seed)
    seen = []
    for number in range(days):
        day = battery.day(number)
        seen.append(Observed(day.start, day.end, ANALYTIC.observe(pack, day), len(day)))
    return ANALYTIC.conclude(pack, seen)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("fault", ["small", "uneven", "leaking", "connection", "frozen"])
def test_each_fault_gets_its_name(fault, seed):
    answer = diagnosed(fault, seed=seed)
    assert answer.text == fault
    assert answer.values["cell"].value == CELL + 1
    assert answer.level != "good"


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_a_sound_pack_has_nothing(seed):
    assert diagnosed("none", seed=seed).text == "none"


@pytest.mark.parametrize("severity", ["slight", "severe"])
def test_a_leak_is_never_called_uneven(severity):
    pack, battery = faulty("leaking", severity, 11)
    seen = []
    for number in range(8):
        day = battery.day(number)
        seen.append(Observed(day.start, day.end, ANALYTIC.observe(pack, day), len(day)))
        assert ANALYTIC.conclude(pack, seen).text not in ("uneven", "small")
