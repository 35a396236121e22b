"""What of a block is kept: at the registry's resolution, within limits, and joinable for ever."""

from hypothesis import given, settings
from hypothesis import strategies as st

from app.connector.judgement import plausible
from app.processor.chunks import Chunk, from_grid
from app.processor.grid import from_block
from app.processor.merge import merge
from collector.wire.block import MAX_INTEGER, Block, Column
from collector.wire.metrics import METRICS
from collector.wire.reading import digits_of

codes = st.sampled_from(["soc", "current", "energy_in", "charge_in", "x_anything"])
integers = st.one_of(
    st.none(), st.integers(-MAX_INTEGER + 1, MAX_INTEGER - 1), st.integers(-(10**6), 10**6)
)


def block(code, digits, numbers, start=0):
    times = tuple(range(start, start + len(numbers)))
    return Block("EDS-1", 0, times, {code: Column(digits, tuple(numbers))}, {}, ())


def judged(*described, start=0):
    """What is kept of a block, as a column again, and how many numbers were dropped."""
    kept, dropped = plausible(from_block(block(*described, start=start)))
    back = Chunk(from_grid(kept)).to_block("EDS-1")
    unknown = Column(kept.digits[0], (None,) * len(described[2]))
    return back.values.get(described[0], unknown), dropped


@given(code=codes, digits=st.integers(0, 9), numbers=st.lists(integers, min_size=1, max_size=20))
def test_numbers_are_kept_or_dropped_and_counted(code, digits, numbers):
    column, dropped = judged(code, digits, numbers)
    metric = METRICS.get(code)
    assert column.digits <= digits_of(code)
    assert dropped == column.integers.count(None) - numbers.count(None)
    for before, after in zip(numbers, column.values(), strict=True):
        if after is not None:
            assert (
                abs(before / 10**digits - after)
                <= 0.51 / 10 ** digits_of(code) + abs(after) * 1e-12
            )
            assert metric is None or metric.plausible(after)


@settings(max_examples=60, deadline=None)
@given(
    code=codes,
    one=st.tuples(st.integers(0, 9), st.lists(integers, min_size=1, max_size=10)),
    two=st.tuples(st.integers(0, 9), st.lists(integers, min_size=1, max_size=10)),
)
def test_what_is_kept_can_always_be_joined(code, one, two):
    grids = [from_block(block(code, *one)), from_block(block(code, *two, start=100))]
    (joined,) = merge([Chunk(from_grid(plausible(grid)[0])) for grid in grids])
    columns = judged(code, *one)[0], judged(code, *two)[0]
    expected = [value for column in columns for value in column.values()]
    assert Chunk(joined).values((code, None)) == expected


def test_an_ordinary_block_is_left_as_it_is():
    assert judged("soc", 1, [500, None, 501]) == (Column(1, (500, None, 501)), 0)
