"""A reading is shown when it is complete, or after two seconds as it is; nothing stale is shown."""

from collections.abc import Iterable, Iterator

from collector.drivers.base import CanFrame
from tests.collector.drivers.foxbms.frames import frame, live, run, traffic

CELLS, PACK, ESTIMATES, LIMITS, STATE = 0x250, 0x233, 0x245, 0x232, 0x220


def without(items: Iterable[CanFrame], number: int, group: int | None = None) -> Iterator[CanFrame]:
    return (f for f in items if f.id != number or group not in (None, f.data[0]))


def cells(reading) -> tuple:
    return reading.arrays["cell_voltage"]


def test_the_first_reading_waits_until_it_is_complete():
    readings = live(traffic(5))
    assert [reading.ts for reading in readings][0] == 400
    assert None not in cells(readings[0])
    assert None not in readings[0].arrays["cell_temperature"]


def test_a_group_that_never_comes_is_unknown_and_the_rest_is_shown_every_two_seconds():
    readings = live(without(traffic(61), CELLS, 3))
    assert [reading.ts for reading in readings] == [2000, 4000, 6000]
    for reading in readings:
        assert [i for i, cell in enumerate(cells(reading)) if cell is None] == [12, 13, 14, 15]


def test_a_group_that_stops_is_believed_for_three_rounds():
    start = list(traffic(5))
    rest = list(without(traffic(40), CELLS, 3))[len(start) :]
    readings = live(start + [f for f in rest if f.ts > 400])
    assert None not in cells(readings[0])
    assert cells(readings[1])[12:16] == (None,) * 4


def test_a_lost_frame_delays_the_reading_by_a_round():
    lost = [f for f in traffic(15) if not (f.id == CELLS and f.ts == 700)]
    readings = live(lost)
    assert [reading.ts for reading in readings] == [400, 1200]
    assert all(None not in cells(reading) for reading in readings)


def test_the_strings_stand_in_for_the_pack():
    readings = live(without(traffic(5), PACK))
    assert readings[0].ts == 400
    assert readings[0].values["pack_voltage"] == readings[0].arrays["string_voltage"][0]
    assert readings[0].values["current"] == readings[0].arrays["string_current"][0]


def test_without_pack_and_string_values_a_reading_is_incomplete():
    readings = live(without(without(traffic(21), PACK), 0x243))
    assert [reading.ts for reading in readings] == [2000]
    assert "pack_voltage" not in readings[0].values
    assert "current" not in readings[0].values


def test_slow_values_are_carried_along_for_five_seconds():
    items = [f for f in traffic(80) if f.id != ESTIMATES or f.ts == 0]
    readings = live(items)
    with_soc = [reading.ts for reading in readings if "soc" in reading.values]
    assert with_soc[-1] == 4900
    assert readings[-1].ts > 7000


def test_fast_values_are_not():
    items = [f for f in traffic(40) if f.id != LIMITS or f.ts == 0]
    readings = live(items)
    shown = [reading.ts for reading in readings if "charge_current_limit" in reading.values]
    assert shown[-1] == 1900


def test_a_large_pack_is_shown_every_two_seconds_with_the_cells_of_its_last_round():
    readings = live(traffic(200, cells=216, sensors=6), cells=216, temperatures=6)
    times = [reading.ts for reading in readings]
    assert max(b - a for a, b in zip(times, times[1:], strict=False)) <= 2100
    assert None in cells(readings[0])
    assert all(None not in cells(reading) for reading in readings[3:])


def test_a_pause_of_the_bus_splits_readings():
    before, after = list(traffic(3)), list(traffic(5, start=60_000))
    readings = live(before + after)
    assert [reading.ts for reading in readings] == [200, 60_400]
    assert cells(readings[0])[12:] == (None,) * 6
    assert "soc" in readings[1].values


def test_a_clock_set_back_does_not_stop_readings():
    readings = live([*traffic(10, start=3_600_000), *traffic(10)])
    assert [reading.ts for reading in readings][-2:] == [400, 900]


def test_after_a_clock_set_back_incomplete_readings_still_come_and_the_future_is_not_believed():
    back = without(without(traffic(30), CELLS, 3), ESTIMATES)
    readings = live([*traffic(10, start=3_600_000), *back])
    assert readings[-1].ts == 2000
    assert cells(readings[-1])[12:16] == (None,) * 4
    assert "soc" not in readings[-1].values


def test_the_end_of_a_recording_shows_what_was_not_shown_yet():
    _, readings = run([frame(PACK, "049E093C009204D2", 5)])
    assert [reading.ts for reading in readings] == [5]
    assert readings[0].values["pack_voltage"] == 59.1
    assert "cell_voltage" not in readings[0].arrays
    _, readings = run(f for f in traffic(5) if f.ts < 400 or f.id != STATE)
    assert readings[-1].ts == 400
