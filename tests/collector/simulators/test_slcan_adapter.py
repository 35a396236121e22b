"""The simulated adapter answers like a real one."""

import pytest

from collector.drivers.base import CanFrame
from collector.simulators._slcan_adapter import Adapter

FRAME = CanFrame(0x220, b"\x01\x02", 0)


def adapter(*commands: bytes) -> Adapter:
    made = Adapter(500_000)
    for command in commands:
        assert made.receive(command) == b"\r"
    return made


@pytest.mark.parametrize(
    ("before", "command", "answer"),
    [
        ([], b"V\r", b"V1013\r"),
        ([], b"N\r", b"NS001\r"),
        ([], b"F\r", b"\a"),
        ([], b"O\r", b"\a"),
        ([], b"S6\r", b"\r"),
        ([], b"S9\r", b"\a"),
        ([], b"?\r", b"\a"),
        ([b"S6\r", b"O\r"], b"F\r", b"F00\r"),
        ([b"S6\r", b"O\r"], b"S5\r", b"\a"),
        ([b"S6\r", b"O\r"], b"t2200\r", b"z\r"),
        ([b"S6\r", b"O\r"], b"T000002200\r", b"Z\r"),
        ([b"S6\r", b"O\r"], b"t22\r", b"\a"),
        ([b"S6\r", b"L\r"], b"t2200\r", b"\a"),
        ([b"S6\r", b"L\r"], b"C\r", b"\r"),
        ([b"S6\r", b"L\r", b"C\r"], b"O\r", b"\r"),
    ],
)
def test_answers(before, command, answer):
    assert adapter(*before).receive(command) == answer


def test_it_hears_only_when_open_at_the_right_rate():
    assert adapter().hear(FRAME, 0) == b""
    assert adapter(b"S5\r", b"L\r").hear(FRAME, 0) == b""
    assert adapter(b"S6\r", b"L\r").hear(FRAME, 0) == b"t22020102\r"
    assert adapter(b"Z1\r", b"S6\r", b"L\r").hear(FRAME, 61_000) == b"t2202010203E8\r"


def test_a_command_may_come_in_pieces():
    made = adapter()
    assert [made.receive(piece) for piece in (b"S", b"6", b"\r\nL", b"\r")] == [
        b"",
        b"",
        b"\r",
        b"\r",
    ]


def test_what_it_was_asked_to_send_is_on_record():
    made = adapter(b"S6\r", b"O\r")
    made.receive(b"t22020102\r")
    assert made.sent == [FRAME]
