"""The SLCAN parser keeps receiving whatever the line does to it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.drivers.base import CanFrame, Garbage
from collector.protocols import slcan
from tests.requirement import SHARED, shared

_VECTORS = SHARED / "reference/data/slcan/vectors.json"
CASES = json.loads(_VECTORS.read_text())["cases"] if _VECTORS.exists() else [None]

frames = st.builds(
    CanFrame,
    id=st.integers(0, 0x7FF),
    data=st.binary(max_size=8),
    ts=st.just(7),
) | st.builds(
    CanFrame,
    id=st.integers(0, 0x1FFFFFFF),
    data=st.binary(max_size=8),
    ts=st.just(7),
    extended=st.just(True),
)


def receive(*pieces: bytes) -> list:
    parser = slcan.Parser()
    return [item for piece in pieces for item in parser.feed(piece, 7)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"] if case else "none")
def test_vectors(case):
    if case is None:
        shared("reference/data/slcan/vectors.json")
    pieces = case["chunks_hex"] if "chunks_hex" in case else [case["stream_hex"]]
    items = receive(*map(bytes.fromhex, pieces))
    expected = [
        CanFrame(int(f["id"], 16), bytes.fromhex(f["data"]), 7, f["ext"], f["rtr"])
        for f in case["expected_frames"]
    ]
    assert [item for item in items if isinstance(item, CanFrame)] == expected
    if case["expected_rejected_lines"] is not None:
        assert sum(isinstance(i, Garbage) for i in items) == case["expected_rejected_lines"]


@given(st.lists(frames, max_size=20), st.integers(1, 30), st.none() | st.integers(0, 59_999))
def test_what_is_written_is_read_however_it_is_cut(sent, size, stamp):
    stream = b"".join(slcan.write(frame, stamp) for frame in sent)
    pieces = [stream[i : i + size] for i in range(0, len(stream), size)]
    assert receive(*pieces) == sent


@given(st.lists(st.binary(max_size=200)))
def test_noise_never_stops_reception(noise):
    frame = CanFrame(0x250, bytes(range(8)), 7)
    assert receive(*noise, b"\r", slcan.write(frame))[-1] == frame


def test_an_endless_line_is_one_piece_of_garbage():
    items = receive(*[b"t" * 50] * 100, b"\r", b"t7FF0\r")
    assert items == [Garbage("bad_slcan_line", 7), CanFrame(0x7FF, b"", 7)]


def test_an_adapter_is_opened_to_listen_only():
    assert slcan.listening(500_000) == b"\rC\rS6\rL\r"
    with pytest.raises(ValueError, match="123"):
        slcan.listening(123)
