"""When a reading is made, and what may be in it."""

from collector.decoding import decode
from collector.drivers.base import CanFrame, load

T0 = 1_790_000_000_000
PACK, CELLS, LIMITS, STATE = 0x356, 0x373, 0x351, 0x355
FRAMES = {
    PACK: "BE14F9FF8C00",
    CELLS: "EA0C010D1F012201",
    LIMITS: "480200050005AE01",
    STATE: "52006400",
}


def readings(*heard: tuple[int, int]):
    """Of (millisecond, identifier)."""
    decoder = load("can").decoder("b1", {"profile": "lv_pylontech"})
    frames = [CanFrame(number, bytes.fromhex(FRAMES[number]), T0 + ts) for ts, number in heard]
    found = list(decode(decoder, frames))
    return found, list(decoder.finish())


def test_one_round_makes_one_reading():
    found, rest = readings((0, LIMITS), (10, STATE), (20, PACK), (1000, LIMITS), (1010, STATE))
    assert [r.ts - T0 for r in found] == [20]
    assert [r.ts - T0 for r in rest] == [1010]


def test_a_chatty_battery_does_not_make_more_readings_than_its_profile_allows():
    found, _ = readings(*((20 * i, (STATE, PACK)[i % 2]) for i in range(100)))
    apart = [b.ts - a.ts for a, b in zip(found, found[1:], strict=False)]
    assert len(found) == 4
    assert all(500 <= gap <= 540 for gap in apart)


def test_half_a_battery_is_shown_after_a_while_with_the_rest_unknown():
    found, _ = readings(*((500 * i, PACK) for i in range(5)))
    (reading,) = found
    assert reading.ts == T0 + 2000
    assert reading.values["pack_voltage"] == 53.1
    assert "soc" not in reading.values


def test_a_slow_value_is_carried_along_until_it_is_stale():
    rounds = [
        (1000 * i + shift, number) for i in range(8) for shift, number in ((1, STATE), (2, PACK))
    ]
    found, _ = readings((0, CELLS), *rounds)
    known = [r.ts - T0 for r in found if "cell_voltage_min" in r.values]
    assert known == [2, 1002, 2002, 3002, 4002]
    assert len(found) == 8


def test_a_clock_that_is_set_back_stops_nothing():
    found, _ = readings((5_000_000, STATE), (5_000_010, PACK), (0, STATE), (10, PACK))
    assert [r.ts - T0 for r in found] == [5_000_010, 10]


def test_an_array_keeps_its_length_when_its_last_frame_is_lost():
    decoder = load("can").decoder("b1", {"profile": "jk"})

    def cells(ts, *groups):
        for group in groups:
            yield CanFrame(
                0x18E028F4 + group * 0x10000, bytes.fromhex("E40CF00CFA0CF00C"), ts, True
            )

    state = bytes.fromhex("1402680F6200F401")
    frames = [
        *cells(T0, 0, 1),
        CanFrame(0x2F4, state, T0),
        *cells(T0 + 6000, 0),
        CanFrame(0x2F4, state, T0 + 6000),
    ]
    first, last = decode(decoder, frames)
    assert len(first.arrays["cell_voltage"]) == 8
    assert last.arrays["cell_voltage"] == (3.3, 3.312, 3.322, 3.312, None, None, None, None)


def test_the_number_of_cells_can_be_given():
    decoder = load("can").decoder("b1", {"profile": "jk", "cells": "5"})
    cells = [
        CanFrame(0x18E028F4 + i * 0x10000, bytes.fromhex("E40C" * 4), T0, True) for i in (0, 1)
    ]
    (reading,) = decode(decoder, [*cells, CanFrame(0x2F4, bytes.fromhex("1402680F62"), T0)])
    assert reading.arrays["cell_voltage"] == (3.3,) * 5
