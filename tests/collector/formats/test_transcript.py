"""Timed transcripts of a line."""

import json
from io import BytesIO

from hypothesis import given
from hypothesis import strategies as st

from collector.drivers.base import Bytes, Garbage
from collector.formats.base import load


def read(*lines):
    text = b"\n".join(
        line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines
    )
    return list(load("transcript").read(BytesIO(text)))


def test_only_what_was_received_counts():
    assert read(
        {"t": 1767225600, "tx": "3f4d6561730a"}, b"", {"t": 1767225600, "rx": "3a 38 35"}
    ) == [Bytes(b":85", 1767225600000)]


def test_seconds_and_milliseconds():
    times = [1767225600, 1767225600.25, 1767225600251, 1767225600252.0, 0]
    assert [item.ts for item in read(*({"t": t, "rx": ""} for t in times))] == [
        1767225600000,
        1767225600250,
        1767225600251,
        1767225600252,
        0,
    ]


def test_a_damaged_line_costs_that_line():
    assert read(
        {"t": 5, "rx": "00"},
        b'{"t": 6, "rx": "0',
        b"\xff\xfe",
        b"[1]",
        {"t": 7},
        {"rx": "01"},
        {"t": True, "rx": "01"},
        {"t": -1, "rx": "01"},
        {"t": 1e300, "rx": "01"},
        {"t": 8, "rx": "0g"},
        {"t": 8, "rx": 12},
        {"t": 9, "rx": "02"},
    ) == [
        Bytes(b"\x00", 5000),
        Garbage("bad_line", 5000),
        Garbage("bad_line", 5000),
        Garbage("bad_line", 5000),
        Garbage("no_bytes", 5000),
        Garbage("bad_time", 5000),
        Garbage("bad_time", 5000),
        Garbage("bad_time", 5000),
        Garbage("bad_time", 5000),
        Garbage("bad_bytes", 8000),
        Garbage("bad_bytes", 8000),
        Bytes(b"\x02", 9000),
    ]


@given(st.binary(max_size=300))
def test_any_content_is_read_to_its_end(data):
    assert all(isinstance(item, Bytes | Garbage) for item in read(data))
