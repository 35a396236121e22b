"""Raw bytes of a line."""

from io import BytesIO

from hypothesis import given
from hypothesis import strategies as st

from collector.formats.base import load

READ = load("serial").read


@given(st.binary(max_size=400))
def test_nothing_is_lost_and_time_runs(data):
    pieces = list(READ(BytesIO(data)))
    assert b"".join(piece.data for piece in pieces) == data
    times = [piece.ts for piece in pieces]
    assert times == sorted(set(times))
    assert not times or times[-1] == len(data)


def test_each_line_ends_a_piece():
    lines = [b"$#i00041$\r\n", b"\n", b"x" * 40 + b"\n", b"rest"]
    pieces = [piece.data for piece in READ(BytesIO(b"".join(lines)))]
    assert all(b"\n" not in piece[:-1] for piece in pieces)
    assert pieces == [lines[0], lines[1], b"x" * 16, b"x" * 16, b"x" * 8 + b"\n", b"rest"]
