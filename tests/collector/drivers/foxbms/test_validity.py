"""A cell marked invalid is unknown at its place; a place beyond the last cell is no cell."""

import pytest

from tests.collector.drivers.foxbms.frames import frame, last, recording, run

# cells 0 to 3 = 5086, 4456, 5877, 569 mV with bits 0, 0, 0, 1
BITS_0001 = "0089EF45A2DEA239"


@pytest.mark.parametrize(
    ("options", "cells"),
    [
        ({"generation": "1.11"}, (None, None, None, 0.569)),
        ({"generation": "1.10"}, (None, None, None, 0.569)),
        ({"generation": "1.10", "invalid_when": "1"}, (5.086, 4.456, 5.877, None)),
        ({"generation": "1.11", "invalid_when": 1}, (5.086, 4.456, 5.877, None)),
    ],
)
def test_polarity(options, cells):
    reading = last([frame(0x250, BITS_0001)], cells=4, **options)
    assert reading.arrays["cell_voltage"] == cells


def test_polarity_before_v1_7():
    reading = last([frame(0x240, BITS_0001)], cells=4, generation="1.6")
    assert reading.arrays["cell_voltage"] == (5.086, 4.456, 5.877, None)


def test_a_real_zero_is_shown_and_a_phantom_is_not():
    zeros = frame(0x240, "0000000000000000")
    assert last([zeros], cells=2, generation="1.6").arrays["cell_voltage"] == (0, 0)


def test_phantom_sensors_are_not_shown():
    one, two = frame(0x260, "003F191919191919"), frame(0x260, "0103191900000000")
    assert last([one, two]).arrays["cell_temperature"] == (25,) * 8


def test_all_cells_invalid_at_plausible_voltages_is_a_hint():
    tally, _ = recording("capture-bench-2025.trc", generation="1.10")
    assert any("invalid_when is 0, it may have to be 1" in text for text in tally.warnings)


def test_some_cells_invalid_is_no_hint():
    tally, _ = recording("traffic-v1.10-error.log", generation="1.10")
    assert not tally.warnings


def test_more_cells_than_configured_is_a_hint_and_no_cell():
    items = [frame(0x250, f"0{group}F66AB39D9AACE3") for group in range(5)]
    tally, (reading,) = run(items, cells=12)
    assert len(reading.arrays["cell_voltage"]) == 12
    assert tally.warnings == {"there are more cells on the bus than configured": None}


def test_more_strings_than_configured_is_a_hint():
    tally, _ = run([frame(0x243, "20B8C809A4002480")])
    assert tally.warnings == {"string 1 is on the bus, but strings is 1": None}
