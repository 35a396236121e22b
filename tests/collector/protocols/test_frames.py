"""Frames out of bytes cut anywhere, with noise between them."""

from hypothesis import given
from hypothesis import strategies as st

from collector.protocols.checks import crc16, minus_sum16, sum8, with_crc16
from collector.protocols.frames import Frames

START = b"\xab\xcd"


def frame(content: bytes) -> bytes:
    return START + bytes((len(content),)) + content + bytes((sum8(content),))


def splitter() -> Frames:
    def size(head: bytearray) -> int | None:
        if len(head) < 3:
            return 0
        return 4 + head[2] if head[2] < 200 else None

    return Frames(START, size, lambda found: sum8(found[3:-1]) == found[-1])


contents = st.lists(st.binary(max_size=20), max_size=6)


@given(contents, st.lists(st.integers(0, 200), max_size=8))
def test_cuts_change_nothing(contents, cuts):
    stream = b"".join(frame(content) for content in contents)
    edges = [0, *sorted(cuts), max(len(stream), 200)]
    frames, found = splitter(), []
    for a, b in zip(edges, edges[1:], strict=False):
        found += frames.feed(stream[a:b])
    assert found == [frame(content) for content in contents]


@given(contents, st.binary(max_size=30))
def test_frames_come_out_of_noise(contents, noise):
    frames, found = splitter(), []
    for content in contents:
        found += frames.feed(noise + frame(content))
    found += frames.end()
    assert len([f for f in found if f is not None]) >= len(contents)
    assert {frame(content) for content in contents} <= set(found)


def test_a_damaged_frame_is_told_and_costs_only_itself():
    frames = splitter()
    damaged = bytearray(frame(b"hello"))
    damaged[5] ^= 1
    assert list(frames.feed(bytes(damaged) + frame(b"world"))) == [None, frame(b"world")]


def test_what_only_looked_like_a_beginning_gives_way_at_the_end():
    frames = splitter()
    assert list(frames.feed(START + b"\x90" + frame(b"x"))) == []
    assert list(frames.end()) == [frame(b"x")]


def test_half_a_beginning_is_kept_and_noise_is_not():
    frames = splitter()
    assert list(frames.feed(b"\x00" * 1000 + START[:1])) == []
    assert len(frames._rest) == 1
    assert list(frames.feed(frame(b"y")[1:])) == [frame(b"y")]


def test_checks_agree_with_published_frames():
    assert with_crc16(bytes.fromhex("810300000040")) == bytes.fromhex("8103000000405bfa")
    assert with_crc16(bytes.fromhex("81030041003e")) == bytes.fromhex("81030041003e8bce")
    assert minus_sum16(b"\x03\x00") == 0xFFFD
    assert minus_sum16(b"\xaa\x00") == 0xFF56
    assert sum8(bytes.fromhex("a540900800000000 00000000")) == 0x7D


@given(st.binary(max_size=40))
def test_a_frame_with_its_crc_has_none_left(data):
    assert crc16(with_crc16(data)) == 0
