"""A reading is made of the answers to one polling cycle, and of nothing else."""

from collections.abc import Iterable

import pytest

from collector.drivers.base import CanFrame, Garbage, RegisterRead, Registers, load

TABLE = """
title = "two blocks"
source = "this test"
[[block]]
address = 0
count = 2
[[block]]
address = 100
count = 1
[[metric]]
code = "pack_voltage"
address = 0
scale = 0.1
[[metric]]
code = "current"
address = 1
type = "s16"
scale = 0.1
[[metric]]
code = "soc"
address = 100
absent = 0xFFFF
"""
NOW = 1_700_000_000_000


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "two.toml"
    path.write_text(TABLE)
    return str(path)


@pytest.fixture
def decoder(table):
    return load("modbus").decoder("b1", {"profile": table, "unit": "5"})


def first(ts: int, *words: int, unit: int = 5) -> Registers:
    return Registers(unit, 3, 0, words or (512, 0xFFF6), ts)


def second(ts: int, soc: int = 80) -> Registers:
    return Registers(5, 3, 100, (soc,), ts)


def feed(decoder, items: Iterable) -> list:
    return [reading for item in items for reading in decoder.feed(item)]


def test_every_block_is_asked_for(decoder):
    assert decoder.requests(NOW) == (RegisterRead(5, 3, 0, 2), RegisterRead(5, 3, 100, 1))


def test_a_complete_cycle_is_one_reading_at_the_time_of_its_last_answer(decoder):
    decoder.requests(NOW)
    (reading,) = feed(decoder, [first(NOW + 5), second(NOW + 9)])
    assert (reading.asset, reading.ts) == ("b1", NOW + 9)
    assert reading.values == {"pack_voltage": 51.2, "current": -1.0, "soc": 80}


def test_answers_may_come_in_any_order(decoder):
    decoder.requests(NOW)
    (reading,) = feed(decoder, [second(NOW + 5), first(NOW + 9)])
    assert len(reading.values) == 3


def test_a_block_that_fails_leaves_its_values_out(decoder):
    decoder.requests(NOW)
    assert feed(decoder, [first(NOW + 5)]) == []
    (reading,) = decoder.finish()
    assert set(reading.values) == {"pack_voltage", "current"}
    assert list(decoder.finish()) == []


def test_without_finish_the_partial_reading_comes_with_the_next_cycle(decoder):
    decoder.requests(NOW)
    feed(decoder, [second(NOW + 5)])
    decoder.requests(NOW + 1000)
    (late,) = feed(decoder, [first(NOW + 1005)])
    assert (late.ts, late.values) == (NOW + 5, {"soc": 80})
    (whole,) = feed(decoder, [second(NOW + 1009, 81)])
    assert whole.values["soc"] == 81


def test_a_cycle_without_answers_is_no_reading(decoder):
    decoder.requests(NOW)
    decoder.requests(NOW + 1000)
    assert list(decoder.finish()) == []


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (first(NOW + 5, unit=6), "wrong_unit"),
        (first(NOW + 5, 512, 0, 0), "wrong_length"),
        (Registers(5, 3, 1, (512, 0), NOW + 5), "not_asked"),
        (Registers(5, 4, 0, (512, 0), NOW + 5), "not_asked"),
        (first(NOW - 1), "stale"),
        (first(NOW + 5, 512, 65536), "bad_register"),
        (first(NOW + 5, 512, -1), "bad_register"),
        (Garbage("exception_2", NOW + 5), "exception_2"),
        (CanFrame(0x355, b"", NOW + 5), "not_registers"),
    ],
)
def test_what_this_cycle_did_not_ask_for_is_rejected(decoder, item, reason):
    decoder.requests(NOW)
    assert feed(decoder, [item]) == []
    assert decoder.tally.reasons == {reason: 1}
    assert decoder.tally.frames == 0
    assert list(decoder.finish()) == []


def test_a_second_answer_to_one_question_is_rejected(decoder):
    decoder.requests(NOW)
    readings = feed(decoder, [first(NOW + 5), first(NOW + 6, 999, 0), second(NOW + 9)])
    assert [reading.values["pack_voltage"] for reading in readings] == [51.2]
    assert decoder.tally.reasons == {"not_awaited": 1}


def test_an_answer_after_the_cycle_was_closed_is_rejected(decoder):
    decoder.requests(NOW)
    feed(decoder, [first(NOW + 5)])
    list(decoder.finish())
    assert feed(decoder, [second(NOW + 2000)]) == []
    assert decoder.tally.reasons == {"not_awaited": 1}


def test_a_recording_is_cut_where_a_block_repeats(decoder):
    readings = feed(decoder, [first(1), second(2), first(3), first(4), second(5)])
    assert [sorted(r.values) for r in readings] == [
        ["current", "pack_voltage", "soc"],
        ["current", "pack_voltage"],
        ["current", "pack_voltage", "soc"],
    ]


def test_answers_far_apart_are_not_of_one_cycle(decoder):
    readings = feed(decoder, [first(1), second(60_000)])
    assert [r.ts for r in [*readings, *decoder.finish()]] == [1, 60_000]


def test_a_clock_set_back_begins_a_new_cycle(decoder):
    readings = feed(decoder, [first(NOW), second(NOW - 3_600_000), first(NOW - 3_600_000)])
    assert [r.ts for r in readings] == [NOW, NOW - 3_600_000]


def test_absent_is_absent(decoder):
    decoder.requests(NOW)
    (reading,) = feed(decoder, [first(NOW), second(NOW, 0xFFFF)])
    assert "soc" not in reading.values


def test_the_current_can_be_turned_round_and_scaled(table):
    decoder = load("modbus").decoder("b1", {"profile": table, "unit": "5", "current_factor": "-10"})
    (reading,) = feed(decoder, [first(1), second(2)])
    assert reading.values["current"] == 10


def test_the_tally_counts(decoder):
    feed(decoder, [first(1), second(2), second(3)])
    list(decoder.finish())
    assert (decoder.tally.frames, decoder.tally.readings, decoder.tally.bad) == (3, 2, 0)
