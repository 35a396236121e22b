"""A capture of an adapter's port gives the frames of the bus, at the adapter's clock if it has one."""

from io import BytesIO

from collector.drivers.base import CanFrame, Garbage
from collector.formats import candump
from collector.formats.slcan import FORMAT
from tests.requirement import shared


def read(data: bytes) -> list:
    return list(FORMAT.read(BytesIO(data)))


def test_the_same_traffic_as_the_candump_of_it():
    with shared("reference/data/slcan/foxbms-traffic-v1.11-1string.slcan").open("rb") as stream:
        captured = list(FORMAT.read(stream))
    with shared("reference/data/foxbms/traffic-v1.11-1string.log").open("rb") as stream:
        logged = list(candump.FORMAT.read(stream))
    assert [(f.id, f.data) for f in captured] == [(f.id, f.data) for f in logged]


def test_frames_without_stamp_are_a_millisecond_apart():
    assert [f.ts for f in read(b"t7FF0\rt7FF0\rt7FF0\r")] == [1, 2, 3]


def test_stamps_are_unwrapped():
    stamps = (59_000, 59_999, 10, 10, 58_000, 5)
    frames = read(b"".join(b"t7FF0%04X\r" % stamp for stamp in stamps))
    assert [f.ts for f in frames] == [59_000, 59_999, 60_010, 60_010, 118_000, 120_005]


def test_damage_carries_the_time_reached():
    frame, garbage = read(b"t7FF003E8\rt2508AABB\r")
    assert frame == CanFrame(0x7FF, b"", 1000)
    assert garbage == Garbage("bad_length", 1000)
