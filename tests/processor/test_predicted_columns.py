"""Columns foretold and packed several to a byte come back exactly, with and without NumPy."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.processor import columns, predicted
from app.processor.chunks import Chunk, Column, encode

FEWEST = predicted.FEWEST


@st.composite
def measured(draw):
    """What packs send: a slow drift, noise, now and then a step, and rarely nonsense."""
    chance = random.Random(draw(st.integers(0, 1 << 32)))
    noise, drift = draw(st.integers(0, 40)), draw(st.integers(-3, 3))
    rare, nonsense = draw(st.sampled_from([0, 0.002, 0.2])), draw(st.sampled_from([300, 1 << 38]))
    value, found = draw(st.integers(-100_000, 100_000)), []
    for _ in range(draw(st.integers(2, 1300))):
        value += drift + (chance.randrange(-500, 500) if chance.random() < rare else 0)
        spike = chance.randrange(-nonsense, nonsense) if chance.random() < rare / 4 else 0
        found.append(value + chance.randint(-noise, noise) + spike)
    return found


@given(values=measured(), share=st.integers(-3, 3), odd=st.integers(0, 1 << 32))
@settings(max_examples=60, deadline=None)
def test_a_column_comes_back_exactly(values, share, odd):
    chance = random.Random(odd)
    lead = np.cumsum([chance.choice([0, 0, 0, 0, 0, 900, -900]) for _ in values])
    mine = np.array(values, np.int64) + share * lead
    written = predicted.pack(np, mine, [None, lead])
    assert predicted.unpack(np, written, len(mine), {1: lead}.get).tolist() == mine.tolist()
    plain = predicted.unpack(None, written, len(mine), {1: lead.tolist()}.get)
    assert plain == mine.tolist()


@pytest.mark.parametrize("largest", [predicted.SAFE, 1 << 60])
def test_numbers_that_might_not_fit_are_written_otherwise(largest):
    known = np.array([0, -largest] * FEWEST, np.int64)
    assert predicted.pack(np, known) is None
    written = columns.pack(known, None, len(known))
    assert columns.unpack(written, len(known))[0].tolist() == known.tolist()


def test_what_follows_another_column_is_shorter_for_it():
    chance = random.Random(3)
    lead = np.repeat([chance.randrange(9000) for _ in range(400)], 3)
    mine = np.array([3300 + each // 50 + chance.randint(-1, 1) for each in lead.tolist()])
    alone, beside = (len(predicted.pack(np, mine, each)) for each in ([], [lead]))
    assert beside < 0.7 * alone


def test_cells_are_read_beside_the_current_and_the_voltage_that_they_follow():
    chance = random.Random(5)
    current = np.repeat([chance.randrange(-5000, 5000) for _ in range(700)], 4)
    voltage = 5300 + current // 40 + np.array([chance.randint(-3, 3) for _ in current])
    cell = voltage // 3 + np.array([chance.randint(-1, 1) for _ in current])
    given = {
        ("cell_voltage", 0): cell,
        ("current", None): current,
        ("pack_voltage", None): voltage,
    }
    data = encode(np.arange(2800) * 1000, {key: Column(2, each) for key, each in given.items()})
    for key, each in given.items():
        assert np.asarray(Chunk(data).column(key).known).tolist() == each.tolist()


@pytest.mark.parametrize("cut", [1, 4, 9, -1])
def test_a_column_cut_short_is_noticed(cut):
    chance = random.Random(7)
    known = np.array([chance.randrange(9) for _ in range(FEWEST)])
    written = columns.pack(known, None, FEWEST)
    assert written[0] == predicted.FORM
    with pytest.raises(columns.ColumnError):
        columns.unpack(written[:cut], FEWEST)
