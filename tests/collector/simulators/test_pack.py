"""The simulated battery behaves like one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.simulators._duties import DUTIES
from collector.simulators.pack import CHEMISTRIES, Pack, PackSpec
from collector.wire.alarms import ALARMS

HOUR = 3600


def hours(pack: Pack, count: float, step_s: float = 60) -> list[tuple]:
    seen = []
    for _ in range(int(count * HOUR / step_s)):
        pack.step(step_s)
        seen.append((pack.current, pack.soc, pack.voltage))
    return seen


def test_the_same_seed_gives_the_same_history():
    one, two, other = (Pack(PackSpec(seed=seed)) for seed in (3, 3, 4))
    assert hours(one, 2) == hours(two, 2)
    assert one.cell_voltages == two.cell_voltages
    assert hours(other, 2) != hours(one, 2)


@pytest.mark.parametrize("chemistry", CHEMISTRIES)
@pytest.mark.parametrize("duty", sorted(DUTIES))
def test_charge_is_conserved_and_the_protections_hold(chemistry, duty):
    pack = Pack(PackSpec(chemistry=chemistry, duty=duty, cells=4, soc=60))
    limits = CHEMISTRIES[chemistry]
    charge = 0.0
    start = pack.soc
    for _ in range(24 * 60):
        before = pack.soc
        pack.step(60)
        assert (pack.soc - before) * pack.current >= -1e-2
        assert min(pack.cell_voltages) > limits.empty - 0.2
        assert max(pack.cell_voltages) < limits.full
        charge += pack.current / 60
        assert pack.charging == (pack.current > 0.2)
    full = 100 * 0.975
    assert pack.soc - start == pytest.approx(charge / full * 100, abs=1.5)


def test_every_duty_charges_and_discharges_within_two_days():
    for duty in DUTIES:
        currents = [current for current, _, _ in hours(Pack(PackSpec(duty=duty)), 48)]
        assert max(currents) > 5
        assert min(currents) < -2


def test_a_pack_under_load_is_warmer_and_its_voltage_lower():
    pack = Pack(PackSpec(duty="traction", hour=6.0))
    at_rest = pack.voltage
    hours(pack, 4, 10)
    assert pack.current < 0 or pack.voltage < at_rest
    assert max(pack.temperatures) > pack.ambient + 0.5


def test_a_weak_cell_shows():
    pack = Pack(PackSpec(duty="traction", weak_cell=5, hour=6.0))
    lowest = []
    for _ in range(5 * 60):
        pack.step(60)
        lowest.append(pack.cell_voltages.index(min(pack.cell_voltages)))
    assert lowest.count(5) > len(lowest) / 2


def test_wear_only_grows():
    pack = Pack(PackSpec(duty="lighting"))
    soh, cycles = pack.soh, pack.cycles
    hours(pack, 24)
    assert pack.soh < soh
    assert cycles < pack.cycles < cycles + 2


def test_strings_share_the_current():
    pack = Pack(PackSpec(cells=8, temperatures=2, strings=3))
    pack.step(10)
    assert len(pack.cell_voltages) == 24
    assert len(pack.temperatures) == 6
    assert pack.voltage == pytest.approx(sum(pack.string_voltages) / 3)
    assert pack.soc == pytest.approx(sum(pack.string_socs) / 3)


@settings(max_examples=30)
@given(
    st.integers(1, 6),
    st.integers(0, 3),
    st.sampled_from(["LFP", "NMC"]),
    st.sampled_from(sorted(DUTIES)),
    st.floats(0.05, 5000),
)
def test_any_pack_at_any_pace(cells, sensors, chemistry, duty, step_s):
    pack = Pack(PackSpec(cells=cells, temperatures=sensors, chemistry=chemistry, duty=duty))
    for _ in range(20):
        pack.step(step_s)
        assert 0 <= pack.soc <= 100
        assert set(pack.alarms) <= set(ALARMS)
        assert len(pack.balancing) == cells
        assert 0 < pack.capacity_remaining <= pack.capacity_full
    assert pack.time == pytest.approx(20 * step_s)


@pytest.mark.parametrize("wrong", [{"cells": 0}, {"chemistry": "lead"}, {"duty": "none"}])
def test_an_impossible_pack_is_refused(wrong):
    with pytest.raises(ValueError, match="must be|has"):
        PackSpec(**wrong)
