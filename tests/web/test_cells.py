"""The cell panel: the weak cell stands out, nothing leaves its box, the page draws the same."""

import random
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web.cells import panel
from tests.web.twins import call

VOLTS = [3.301, 3.309, 3.304, None, 3.228, 3.305]
cells = st.lists(st.none() | st.floats(0, 5), min_size=1, max_size=120)


def test_the_lowest_and_the_highest_are_named():
    drawn = panel(VOLTS, [0, 1, 0, None, 0, 0], limit=0.06)
    assert (drawn.lowest, drawn.highest) == (5, 2)
    assert [cell.mark for cell in drawn.cells] == ["", "max", "", "", "min", ""]
    assert drawn.balancing == [2]
    assert drawn.alarming
    assert drawn.cells[3].volts is None
    assert drawn.cells[4].shade == "n3"


def test_equal_cells_have_no_weakest():
    drawn = panel([3.3, 3.3, 3.3])
    assert {cell.mark for cell in drawn.cells} == {""}
    assert not drawn.alarming


def test_nothing_known_draws_nothing():
    assert panel([]) is None
    assert panel([None, None]) is None


@pytest.mark.parametrize(("count", "mapped"), [(32, False), (33, True)])
def test_many_cells_make_a_map(count, mapped):
    assert panel([3.3] * count).mapped is mapped


@given(cells, st.floats(0.001, 1))
def test_every_bar_stays_in_its_box(volts, limit):
    drawn = panel(volts, limit=limit)
    if drawn is None:
        assert all(value is None for value in volts)
        return
    for cell in drawn.cells:
        assert -1.3 <= cell.y <= 100.001
        assert cell.y + cell.height <= 101.3
        assert 0 <= cell.fill <= 100
    assert drawn.zone_y >= -0.001
    assert drawn.zone_y + drawn.zone <= 100.001


def test_the_page_draws_the_same():
    chance = random.Random(5)
    cases = [
        (
            [None if chance.random() < 0.05 else round(chance.gauss(3.3, 0.02), 4) for _ in range(n)],
            [chance.choice([0, 1, None]) for _ in range(n)],
            chance.choice([None, 0.06, 0.1]),
        )
        for n in (1, 4, 16, 16, 16, 32, 96)
        for _ in range(10)
    ]  # fmt: skip
    for case, drawn in zip(cases, call("cells", "panel", cases), strict=True):
        ours = panel(*case)
        if ours is None:
            assert drawn is None
            continue
        expected = asdict(ours)
        assert drawn.keys() == expected.keys()
        assert [flat(cell) for cell in drawn["cells"]] == [flat(cell) for cell in expected["cells"]]
        assert {**flat(drawn), "cells": 0} == {**flat(expected), "cells": 0}


def flat(values):
    """Values with floats rounded: the order of a sum may differ in the last bit."""
    return {
        key: round(value, 6) if isinstance(value, float | int) and not isinstance(value, bool) else value
        for key, value in values.items()
        if key != "cells"
    }  # fmt: skip
