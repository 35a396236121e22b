"""The ASCII family's frames: lengths, checksums, and bytes cut anywhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.protocols.ascii_hex import Message, Messages, encode, length_field, parse

messages = st.builds(
    Message,
    st.integers(0, 255),
    st.integers(0, 255),
    st.integers(0, 255),
    st.integers(0, 255),
    st.binary(max_size=80),
)


@pytest.mark.parametrize(
    ("message", "frame"),
    [
        (Message(0x20, 2, 0x46, 0x42, b"\x02"), b"~20024642E00202FD33\r"),
        (Message(0x20, 0, 0x46, 0x42, b"\x00"), b"~20004642E00200FD37\r"),
        (Message(0x25, 1, 0x46, 0x42, b"\x01"), b"~25014642E00201FD30\r"),
    ],
)
def test_published_questions(message, frame):
    assert encode(message) == frame
    assert parse(frame[1:-1]) == message


def test_the_length_carries_its_own_check():
    assert length_field(18) == 0xD012
    assert length_field(0) == 0


@given(st.lists(messages, max_size=5), st.lists(st.integers(0, 600), max_size=8))
def test_what_is_written_is_read_whatever_the_cuts(messages, cuts):
    stream = b"noise~20".join([b"", *map(encode, messages)])
    edges = [0, *sorted(cuts), max(600, len(stream))]
    splitter, found = Messages(), []
    for a, b in zip(edges, edges[1:], strict=False):
        found += splitter.feed(stream[a:b])
    assert found == messages


@given(messages, st.data())
def test_a_changed_character_is_noticed(message, data):
    frame = bytearray(encode(message)[1:-1])
    at = data.draw(st.integers(0, len(frame) - 1))
    other = data.draw(st.sampled_from([c for c in b"0123456789ABCDEF" if c != frame[at]]))
    frame[at] = other
    assert parse(bytes(frame)) is None


@pytest.mark.parametrize("frame", [b"", b"20", b"zz" * 10, b"2" * 17, b"20024642E002"])
def test_what_is_no_frame(frame):
    assert parse(frame) is None
