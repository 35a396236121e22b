"""Strings in parallel: each is shown, and the pack is what they make together."""

import pytest

from collector.drivers._foxbms_layouts import G3
from collector.signals.signal import compose
from tests.collector.drivers.foxbms.frames import frame, last


def of_string(number: int, index: int, **values: float):
    message = G3.messages[number]
    word = compose(message.signals, values) | message.selector.place(index)
    return frame(number, f"{word:016x}")


MEASURED = [
    of_string(0x243, 0, voltage=50.0, current=10.0, power=500),
    of_string(0x243, 1, voltage=51.0, current=-4.0, power=-200),
]
ESTIMATED = [
    of_string(0x245, 0, soc_min=60, soc_max=64, soe_min=50, soe_max=52, energy=2000),
    of_string(0x245, 1, soc_min=40, soc_max=42, soe_min=30, soe_max=32, energy=1000),
]


def test_each_string_is_shown():
    reading = last(MEASURED + ESTIMATED, strings=2)
    assert reading.arrays["string_voltage"] == (50, 51)
    assert reading.arrays["string_current"] == (-10, 4)
    assert reading.arrays["string_soc"] == (62, 41)


def test_the_pack_is_their_mean_or_their_sum():
    values = last(MEASURED + ESTIMATED, strings=2).values
    assert values["pack_voltage"] == 50.5
    assert values["current"] == -6
    assert values["power"] == -300
    assert values["soc"] == pytest.approx(51.5)
    assert values["soe"] == pytest.approx(41)
    assert values["energy_remaining"] == 3000
    assert (values["x_soc_min"], values["x_soc_max"]) == (40, 64)


def test_a_silent_string_is_unknown_and_nothing_is_summed_without_it():
    reading = last([MEASURED[0], ESTIMATED[0]], strings=2)
    assert reading.arrays["string_voltage"] == (50, None)
    assert reading.arrays["string_soc"] == (62, None)
    assert reading.values["soc"] == 62
    for code in ("pack_voltage", "current", "energy_remaining"):
        assert code not in reading.values


def test_counters_of_energy_are_summed_in_our_sign():
    counters = [of_string(0x244, i, energy=-1000 * (i + 1)) for i in range(2)]
    assert last(counters, strings=2).values["x_energy_counter"] == 3000
    assert "x_energy_counter" not in last(counters[:1], strings=2).values
