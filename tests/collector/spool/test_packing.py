"""A block comes out of the spool's bytes as it went in, and from those of an earlier program."""

import hashlib
import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.simulators.modbus import reading_of
from collector.simulators.pack import Pack, PackSpec
from collector.spool.packing import WORDS, pack, unpack
from collector.spool.rows import UNREADABLE
from collector.wire.block import Block, Column, from_readings
from collector.wire.reading import Reading, tidy
from collector.wire.strict_json import dumps
from tests.wire.strategies import readings

SPAN_MS = 1 << 39
MOST = 20_000_000


@given(st.lists(readings, min_size=1, max_size=12, unique_by=lambda r: r.ts % SPAN_MS))
def test_any_block_comes_back_exactly(found):
    near = [replace(reading, asset="A", ts=reading.ts % SPAN_MS) for reading in found]
    whole = from_readings(sorted(near, key=lambda reading: reading.ts), 7)
    assert unpack(pack(whole)) == whole


@given(st.lists(st.none() | st.integers(-MOST, MOST), min_size=1, max_size=300))
def test_any_numbers_come_back(numbers):
    if set(numbers) == {None}:
        numbers = [*numbers, 0]
    columns = {"current": Column(3, tuple(numbers))}
    whole = Block("A", 1, tuple(range(len(numbers))), columns, {}, ())
    assert unpack(pack(whole)) == whole


def minute():
    """A minute of a pack that is in use, as a collector measures it."""
    pack, found = Pack(PackSpec(cells=16, seed=1)), []
    for second in range(60):
        pack.step(1.0)
        full = reading_of(pack)
        values = {code: round(value, 2) for code, value in full.values.items()}
        ts = 1_790_000_000_000 + second * 1000
        found.append(tidy(Reading("EDS-LFP-0001", ts, values, full.arrays, full.states))[0])
    return from_readings(found, 12)


MINUTE = minute()


def test_a_minute_takes_two_thirds_of_its_deflated_json():
    plain = zlib.compress(dumps(MINUTE.to_json()), 9)
    assert len(pack(MINUTE)) < 0.7 * len(plain)


def test_what_an_earlier_program_wrote_is_read():
    assert unpack(zlib.compress(dumps(MINUTE.to_json()), 6)) == MINUTE


def test_the_dictionary_is_what_it_always_was():
    """Another one would make every spool at every site unreadable: it needs another version."""
    assert hashlib.sha256(WORDS).hexdigest()[:16] == "15b7262ce873c797"


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_changed_bytes_are_told(at, by):
    body = bytearray(pack(MINUTE))
    body[at % len(body)] ^= by
    with pytest.raises(UNREADABLE):
        assert unpack(bytes(body)) == MINUTE
        raise ValueError("a change that changes nothing")


def test_cut_bytes_are_told():
    body = pack(MINUTE)
    for size in (0, 1, 10, len(body) // 2, len(body) - 1):
        with pytest.raises(UNREADABLE):
            unpack(body[:size])
