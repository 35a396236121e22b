"""Text of candump becomes frames; what is damaged costs its own line."""

from io import BytesIO

import pytest

from collector.drivers.base import CanFrame, Garbage
from collector.formats.candump import FORMAT
from tests.requirement import shared


def read(*lines: str) -> list:
    return list(FORMAT.read(BytesIO("\n".join(lines).encode())))


@pytest.mark.parametrize(
    ("line", "frame"),
    [
        ("(1700000023.003900) can0 220#1702", CanFrame(0x220, b"\x17\x02", 1700000023003)),
        ("(1.5) vcan0 7FF#", CanFrame(0x7FF, b"", 1500)),
        ("(1.5) can0 18FF0107#AA R", CanFrame(0x18FF0107, b"\xaa", 1500, extended=True)),
        ("(2) can0 00000220#AA", CanFrame(0x220, b"\xaa", 2000, extended=True)),
        ("(2.0) can0 220#R", CanFrame(0x220, b"", 2000, remote=True)),
        ("(2.0) can0 220#R8", CanFrame(0x220, b"", 2000, remote=True)),
        (
            "(2.0) can0 20000080#0000000000000000",
            CanFrame(0x80, bytes(8), 2000, extended=True, error=True),
        ),
        (" (2.0)  can0  220   [2]  17 02", CanFrame(0x220, b"\x17\x02", 2000)),
        (" (2.0)  can0  220   [2]  17 02   '..'", CanFrame(0x220, b"\x17\x02", 2000)),
        (" (2.0)  can0  220   [0]  remote request", CanFrame(0x220, b"", 2000, remote=True)),
        ("  can0  220   [1]  17", CanFrame(0x220, b"\x17", 1)),
    ],
)
def test_a_line_is_a_frame(line, frame):
    assert read(line) == [frame]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("(3.0) can0 220##1AABB", "fd_frame"),
        ("(3.0) can0 220#" + "AA" * 12, "fd_frame"),
        ("(3.0) can0 220#123", "bad_data"),
        ("(3.0) can0 220#GG", "bad_data"),
        ("(3.0) can0 8FF#AA", "bad_identifier"),
        ("(3.0) can0 9FFFFFFF#AA", "bad_identifier"),
        ("(3.0) can0 220 [3] 17 02", "bad_length"),
        ("(3.0) can0 22", "bad_candump_line"),
        ("(x) can0 220#AA", "bad_candump_line"),
        ("(3.0) can0 220#AA\xff", "bad_data"),
        ("hello", "bad_candump_line"),
    ],
)
def test_a_damaged_line_is_garbage_and_the_next_one_counts(line, reason):
    damaged, good = read(line, "(4.0) can0 220#AA")
    assert isinstance(damaged, Garbage)
    assert damaged.reason == reason
    assert good == CanFrame(0x220, b"\xaa", 4000)


def test_blank_lines_and_comments_are_nothing():
    assert read("", "   ", "# by hand", "; too") == []


def test_a_recording_is_read_completely():
    with shared("reference/data/foxbms/traffic-v1.11-1string.log").open("rb") as stream:
        items = list(FORMAT.read(stream))
    assert len(items) == 414
    assert all(isinstance(item, CanFrame) for item in items)
    assert items[0].ts == 1767225621000
