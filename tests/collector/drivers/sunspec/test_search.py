"""How the models are found, followed when they move, and what a strange device leads to."""

import pytest

from collector.decoding import decode
from collector.drivers.base import Garbage, Registers
from collector.simulators.modbus import reading_of
from collector.simulators.pack import Pack, PackSpec
from collector.simulators.sunspec import SunSpecTable
from tests.collector.drivers.sunspec.device import T0, answer, cycle, memory, opened

PACK = Pack(PackSpec(strings=2, cells=16, soc=50))


def held(base: int = 40_000, strings: int = 2):
    return memory(SunSpecTable(strings, 16, base).encode(reading_of(PACK)))


@pytest.mark.parametrize("base", [40_000, 0, 50_000])
def test_the_mark_is_found_wherever_it_may_be(base):
    decoder = opened()
    (reading,) = cycle(decoder, held(base))
    assert len(reading.arrays["cell_voltage"]) == 32
    assert reading.states["serial"] == "SIM-1"


def test_it_is_searched_once():
    decoder, questions = opened(), []
    cycle(decoder, held())
    cycle(decoder, held(), after=lambda question: questions.append(question.address))
    assert 40_000 not in questions
    assert len(questions) == 6


def test_models_that_move_are_searched_anew():
    decoder = opened()
    cycle(decoder, held())
    moved = held(0)
    assert cycle(decoder, {**moved, **dict.fromkeys(range(40_000, 41_000), 0)}) == []
    (reading,) = cycle(decoder, moved)
    assert reading.values["soc"] == pytest.approx(50, abs=0.2)


def test_a_chain_that_ends_in_one_register():
    words = held()
    del words[max(words)]
    decoder = opened()
    (reading,) = cycle(decoder, words)
    assert reading.values["soc"] == pytest.approx(50, abs=0.2)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (dict.fromkeys(range(100), 0), "unit 1 does not answer in SunSpec"),
        (
            dict(enumerate([0x5375, 0x6E53, 1, 66, *[0] * 66, 103, 50, *[0] * 50, 0xFFFF, 0])),
            "no model of a battery (802 to 805), but 1, 103",
        ),
    ],
)
def test_another_device_is_told_and_left_alone_for_a_while(words, reason):
    decoder = opened()
    assert cycle(decoder, words) == []
    assert [reason in text for text in decoder.tally.warnings] == [True]
    assert decoder.requests(T0 + 1000) == ()
    assert decoder.requests(T0 + 60_000) != ()


def test_a_device_that_hangs_at_one_address_is_asked_at_the_next():
    decoder = opened()
    first = [decoder.requests(T0 + i)[0].address for i in range(4)]
    assert first == [40_000, 0, 50_000, 40_000]


def test_a_block_that_does_not_answer_leaves_a_gap():
    decoder, words = opened(), held()
    cycle(decoder, words)
    lost = max(words) - 60
    (reading,) = cycle(decoder, {a: w for a, w in words.items() if a != lost})
    cells = reading.arrays["cell_voltage"]
    assert len(cells) == 32
    assert None not in cells[:16]
    assert cells[16:] == (None,) * 16


@pytest.mark.parametrize("most", [68, 80, 125])
def test_long_models_come_in_pieces_that_fit(most):
    pack = Pack(PackSpec(strings=1, cells=60, soc=50))
    words = memory(SunSpecTable(1, 60).encode(reading_of(pack)))
    decoder, counts = opened(max_registers=most), []
    (reading,) = cycle(decoder, words, after=lambda question: counts.append(question.count))
    assert len(reading.arrays["cell_voltage"]) == 60
    assert max(counts) <= most


def test_a_model_whose_scale_changes_meanwhile_is_read_again_or_left_out():
    pack = Pack(PackSpec(strings=1, cells=60, soc=50))
    words = memory(SunSpecTable(1, 60).encode(reading_of(pack)))
    module = next(a for a in words if words[a] == 805 and words.get(a + 1) == 42 + 240)
    factor, changes = module + 42, []

    def flicker(times):
        def after(question):
            if question.address == module and question.count > 2 and len(changes) < times:
                changes.append(question)
                words[factor] = (words[factor] ^ 1) & 0xFFFF

        return after

    decoder = opened()
    cycle(decoder, words)
    (reading,) = cycle(decoder, words, after=flicker(1))
    assert len(reading.arrays["cell_voltage"]) == 60
    changes.clear()
    (reading,) = cycle(decoder, words, after=flicker(9))
    assert "cell_voltage" not in reading.arrays
    assert decoder.tally.reasons["scale_factors_changed"] == 1


def test_only_the_open_question_is_answered():
    decoder, words = opened(), held()
    (question,) = decoder.requests(T0)
    late = answer(words, question, T0 - 1)
    other = Registers(1, 3, 40_002, (1, 66), T0)
    stranger = Registers(2, 3, question.address, (0x5375, 0x6E53), T0)
    list(decode(decoder, [late, other, stranger, Registers(1, 3, 40_000, (1, 70_000), T0)]))
    assert dict(decoder.tally.reasons) == {
        "stale": 1,
        "not_awaited": 1,
        "wrong_unit": 1,
        "bad_register": 1,
    }
    assert decoder.tally.frames == 0


def test_a_recording_is_read_like_a_device():
    """Two cycles as a capture has them, with a gap and what its format could not read."""
    live, words, heard = opened(), held(), []
    for second in range(2):
        cycle(
            live,
            words,
            T0 + 1000 * second,
            after=lambda q, ts=T0 + 1000 * second: heard.append(
                answer(words, q, ts) or Garbage("exception_2", ts)
            ),
        )
    replayed = opened()
    readings = [*decode(replayed, heard), *replayed.finish()]
    assert [r.ts for r in readings] == [T0, T0 + 1000]
    assert all(len(r.arrays["cell_voltage"]) == 32 for r in readings)
    gap = opened()
    readings = [*decode(gap, heard[:-2] + heard[-1:]), *gap.finish()]
    assert readings[-1].arrays["cell_voltage"][:16] == (None,) * 16
