"""Thousands of questions on a bad line: not one reading is made of an answer that was not its own."""

from random import Random

import pytest

from collector.simulators.pack import Pack, PackSpec
from tests.collector.drivers.serial.line import FAMILIES, SEVERAL, STEP_MS, Line, line

SOUND = ("good", "echo", "noise", "crumbs")
SPOILED = ("late", "silent", "damaged", "foreign", "cut")
CELLS = 15
VALUES = 100
"""Voltages that tell questions apart; they come again long after a late answer can."""
QUESTIONS = 800


class BadLine:
    """Marks the pack with the number of each question, then spoils some of the answers."""

    def __init__(self, talk: Line, pack: Pack, seed: int) -> None:
        self.talk, self.pack, self.random = talk, pack, Random(seed)
        self.fates: dict[int, str] = {}

    def __call__(self, number, question, answer):
        self.pack.cell_voltages = [2.7 + 0.01 * (number % VALUES)] * CELLS
        answers = self.talk.device._answers
        fate = self.random.choice(SOUND * 2 + SPOILED)
        self.fates[number % VALUES] = fate
        return getattr(self, f"_{fate}")(question, answers[question](), answers)

    def _good(self, question, answer, answers):
        return [(STEP_MS * self.random.randint(1, 5), answer)]

    def _echo(self, question, answer, answers):
        return [(STEP_MS, question), (2 * STEP_MS, answer)]

    def _noise(self, question, answer, answers):
        return [(STEP_MS, b"\x00\xfe" + answer + b"\xff")]

    def _crumbs(self, question, answer, answers):
        at = self.random.randrange(1, len(answer))
        return [(STEP_MS, answer[:at]), (3 * STEP_MS, answer[at:])]

    def _late(self, question, answer, answers):
        patience = self.talk.decoder.PATIENCE_MS
        return [(self.random.randint(patience + STEP_MS, 2 * patience - 2 * STEP_MS), answer)]

    def _silent(self, question, answer, answers):
        return []

    def _damaged(self, question, answer, answers):
        at = self.random.randrange(5, len(answer) - 5)
        return [(STEP_MS, answer[:at] + bytes((answer[at] ^ 0x10,)) + answer[at + 1 :])]

    def _foreign(self, question, answer, answers):
        other = self.random.choice([key for key in answers if key != question])
        return [(STEP_MS, answers[other]())]

    def _cut(self, question, answer, answers):
        return [(STEP_MS, answer[: self.random.randrange(len(answer) - 4)])]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.code)
@pytest.mark.parametrize("seed", [1, 2])
def test_no_reading_is_made_of_what_was_spoiled(family, seed):
    pack = Pack(PackSpec(cells=CELLS))
    options = {"address": SEVERAL[family.code]} if family.code in SEVERAL else {}
    talk = line(family, pack, **options)
    bad = talk.spoil = BadLine(talk, pack, seed)
    made = 0
    while len(talk.sent) < QUESTIONS:
        for reading in talk.run(STEP_MS):
            made += 1
            for volts in _voltages(reading):
                assert bad.fates[round((volts - 2.7) / 0.01)] in SOUND, reading
    assert made > 60
    assert talk.decoder.tally.reasons["timeout"] > 40
    assert talk.decoder.tally.reasons["bad_check"] > 10


def _voltages(reading):
    """What the reading says of a cell, in every way it does."""
    if "pack_voltage" in reading.values:
        yield reading.values["pack_voltage"] / CELLS
    yield from set(reading.arrays.get("cell_voltage", ()))
