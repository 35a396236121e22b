"""PEAK traces of every version give the same frames."""

from io import BytesIO

import pytest

from collector.drivers.base import CanFrame, Garbage
from collector.formats.trc import FORMAT
from tests.requirement import shared

DATA = CanFrame(0x300, b"\x01\x02", 1842)
EXTENDED = CanFrame(0x18EFC034, b"\x05", 1843, extended=True)
REMOTE = CanFrame(0x400, b"", 1844, remote=True)
VERSIONS = {
    "1.0": """
     1)      1842  0300  2  01 02
     2)      1843  18EFC034  1  05
     3)      1844  0400  8  RTR""",
    "1.1": """
     1)      1842.0  Rx         0300  2  01 02
     2)      1843.1  Tx     18EFC034  1  05
     3)      1844.2  Rx         0400  4  RTR
     4)      1844.3  Warng  FFFFFFFF  4  00 00 00 08  BUSHEAVY""",
    "1.2": """
     1)      1842.0 1  Rx         0300  2  01 02
     2)      1843.1 1  Rx     18EFC034  1  05
     3)      1844.2 1  Rx         0400  4  RTR""",
    "1.3": """
     1)      1842.000 1  Rx        0300 -  2    01 02
     2)      1843.100 1  Rx    18EFC034 -  1    05
     3)      1844.200 1  Rx        0400 -  4    RTR""",
    "2.0": """
      1      1842.000 DT     0300 Rx 2  01 02
      2      1843.100 DT 18EFC034 Rx 1  05
      3      1844.200 RR     0400 Rx 4
      4      1844.300 ST          Rx    00 00 00 08""",
    "2.1": """
;$COLUMNS=N,O,T,B,I,d,R,L,D
      1      1842.000 DT 1      0300 Rx -  2    01 02
      2      1843.100 DT 1  18EFC034 Rx -  1    05
      3      1844.200 RR 1      0400 Rx -  4""",
}


def read(text: str) -> list:
    return list(FORMAT.read(BytesIO(text.encode())))


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version(version):
    header = "" if version == "1.0" else f";$FILEVERSION={version}\n"
    assert read(header + VERSIONS[version]) == [DATA, EXTENDED, REMOTE]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1) 5.0 Rx 0300 3 01 02", "bad_length"),
        ("1) 5.0 Rx 0300 2 01 zz", "bad_length"),
        ("1) 5.0 Rx 0900 2 01 02", "bad_identifier"),
        ("1) five Rx 0300 2 01 02", "bad_trc_line"),
        ("1) nan Rx 0300 2 01 02", "bad_trc_line"),
        ("1) inf Rx 0300 2 01 02", "bad_trc_line"),
        ("1) 5.0 FD 0300 2 01 02", "fd_frame"),
        ("1) 5.0", "bad_trc_line"),
    ],
)
def test_a_damaged_line_costs_itself_only(line, reason):
    damaged, good = read(f";$FILEVERSION=1.1\n{line}\n2) 6.0 Rx 0300 2 01 02")
    assert damaged.reason == reason
    assert isinstance(damaged, Garbage)
    assert good == CanFrame(0x300, b"\x01\x02", 6)


def test_an_error_row_is_an_error_frame():
    (item,) = read(";$FILEVERSION=1.1\n1) 5.0 Error 0008 4 00 19 08 08")
    assert item.error


def test_a_capture_of_a_bench():
    with shared("reference/data/foxbms/capture-bench-2025.trc").open("rb") as stream:
        frames = list(FORMAT.read(stream))
    assert len(frames) == 9
    assert frames[0] == CanFrame(0x243, bytes.fromhex("00C7C80000000000"), 1740489946624)
    assert frames[-1].ts - frames[0].ts == 60
