"""What a collector measured is what the portal reads, to the last digit."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from collector.wire import block, envelope, reading, strict_json
from collector.wire.envelope import Agent, Batch
from tests.wire.strategies import MOST, readings

series = st.lists(readings, min_size=1, max_size=6).flatmap(
    lambda found: st.lists(
        st.integers(0, MOST), min_size=len(found), max_size=len(found), unique=True
    ).map(lambda times: [replace(r, asset="A", ts=t) for r, t in zip(found, sorted(times), strict=True)])
)  # fmt: skip
"""Readings of one asset in order of time, as close as JSON steps allow."""
slow = settings(max_examples=60, deadline=None)


def through(value, parse):
    return parse(strict_json.loads(strict_json.dumps(value.to_json())))


def widest(found, code):
    return max((len(r.arrays.get(code, ())) for r in found), default=0)


def padded(found):
    """Arrays of a block are as wide as the widest; what a narrower one lacks is unknown."""
    return [
        replace(
            r,
            arrays={
                code: (*row, *(None,) * (widest(found, code) - len(row)))
                for code, row in r.arrays.items()
            },
        )
        for r in found
    ]


@slow
@given(readings)
def test_a_live_reading(made):
    assert through(made, reading.from_json) == made


@slow
@given(readings)
def test_tidying_twice_changes_nothing(made):
    assert reading.tidy(made) == (made, ())


@slow
@given(series.filter(lambda found: all(b.ts - a.ts < block.MAX_STEP for a, b in zip(found, found[1:], strict=False))), st.integers(0, 1 << 61))  # fmt: skip
def test_a_block(made, seq):
    packed = through(block.from_readings(made, seq), block.from_json)
    assert packed.seq == seq
    assert list(packed.readings()) == padded(made)


@slow
@given(st.lists(readings, max_size=3), st.integers(0, MOST), st.integers(0, 99))
def test_a_batch_and_its_bytes(made, sent, queued):
    blocks = tuple(block.from_readings([r], i) for i, r in enumerate(made))
    batch = Batch(sent, tuple(made), blocks, Agent("1.0", queued, "b", 5))
    data = envelope.encode(batch)
    assert envelope.decode(data) == batch
    assert envelope.encode(envelope.decode(data)) == data
