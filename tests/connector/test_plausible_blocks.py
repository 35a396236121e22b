"""What of a block is kept: at the registry's resolution, within limits, and joinable for ever."""

from hypothesis import given, settings
from hypothesis import strategies as st

from app.connector.judgement import plausible
from app.processor.chunks import Chunk, from_block
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


@given(code=codes, digits=st.integers(0, 9), numbers=st.lists(integers, min_size=1, max_size=20))
def test_numbers_are_kept_or_dropped_and_counted(code, digits, numbers):
    kept, dropped = plausible(block(code, digits, numbers))
    column, metric = kept.values[code], METRICS.get(code)
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
    blocks = [plausible(block(code, *one))[0], plausible(block(code, *two, start=100))[0]]
    (joined,) = merge([Chunk(from_block(each)) for each in blocks])
    expected = [value for each in blocks for value in each.values[code].values()]
    assert Chunk(joined).values((code, None)) == expected


def test_an_ordinary_block_is_left_as_it_is():
    ordinary = block("soc", 1, [500, None, 501])
    assert plausible(ordinary) == (ordinary, 0)
