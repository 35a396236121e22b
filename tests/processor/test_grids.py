"""A block from the wire into one matrix: the same numbers and the same refusals as one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.processor import grid
from app.processor.chunks import Chunk, from_grid
from collector.wire import block as blocks
from collector.wire.errors import WireError
from tests.site import minute

GOOD = blocks.from_readings(minute("EDS-1", 1_790_000_000_000, 5), 3).to_json()

deltas = st.one_of(
    st.integers(-50, 50), st.integers(-(1 << 54), 1 << 54), st.just(1 << 70),
    st.none(), st.booleans(), st.floats(), st.just("1"), st.just([]),
)  # fmt: skip
plain = st.lists(st.integers(-1000, 1000), min_size=5, max_size=5)
columns = st.one_of(plain, st.lists(deltas, min_size=4, max_size=6), st.none(), st.just({}))


def judged(parse, data):
    try:
        found = parse(data)
    except WireError as error:
        return error.code
    if isinstance(found, grid.Grid):
        found = grid_as_block(found)
    return list(found.readings())


def grid_as_block(found):
    return Chunk(from_grid(found)).to_block(found.asset, found.seq)


@given(one=columns, cells=st.lists(columns, min_size=1, max_size=3))
def test_numbers_are_judged_as_they_are_one_by_one(one, cells):
    data = GOOD | {
        "values": GOOD["values"] | {"soh": {"digits": 1, "delta": one}},
        "arrays": {"cell_voltage": {"digits": 3, "delta": cells}},
    }
    assert trimmed(judged(grid.from_json, data)) == trimmed(judged(blocks.from_json, data))


def trimmed(answer):
    """Without the last elements of an array that are unknown throughout."""
    if isinstance(answer, str):
        return answer
    kept = []
    for reading in answer:
        cells = list(reading.arrays.get("cell_voltage", ()))
        while cells and cells[-1] is None:
            cells.pop()
        kept.append((reading.ts, reading.values, cells, reading.states, reading.alarms))
    return kept


@given(data=st.data())
def test_the_last_reading_is_the_last_of_all(data):
    cells = data.draw(
        st.lists(
            st.lists(st.none() | st.integers(0, 5), min_size=5, max_size=5),
            min_size=1, max_size=3,
        )
    )  # fmt: skip
    document = GOOD | {"arrays": {"cell_voltage": {"digits": 3, "delta": cells}}}
    expected = list(blocks.from_json(document).readings())[-1]
    assert grid.from_json(document).last() == expected


@pytest.mark.parametrize("name", ["asset", "seq", "t0", "n", "dt"])
def test_the_rest_is_judged_by_the_wire(name):
    data = {key: value for key, value in GOOD.items() if key != name}
    assert judged(grid.from_json, data) == judged(blocks.from_json, data) != []


def test_a_block_without_a_number_is_nothing_but_time():
    data = GOOD | {"values": {}, "arrays": {}}
    assert judged(grid.from_json, data) == judged(blocks.from_json, data)
