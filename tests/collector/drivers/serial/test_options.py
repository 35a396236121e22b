"""Addresses, the sign of the current, and which driver may send what."""

import pytest

from collector.commands.drivers import described
from collector.drivers.base import Bytes, OptionError, load
from collector.drivers.daly import SENDS as DALY
from collector.protocols.checks import sum8
from collector.simulators.pack import Pack, PackSpec
from tests.collector.drivers.serial.line import FAMILIES, line
from tests.collector.drivers.serial.test_recordings import FAMILIES as CODES

WRITES = {
    "jbd": (b"\xdd\x5a",),
    "jbd_up16s": (b"\x79",),
    "daly": tuple(bytes((0xA5, 0x40, command)) for command in (0x21, 0xD8, 0xD9, 0xDA, 0x00)),
    "daly_p81": (b"\x81\x06", b"\x81\x10"),
    "pylontech": (b"4694", b"4695"),
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2", (2,)), ("2,4", (2, 4)), ("2-5,9", (2, 3, 4, 5, 9)), ("0x10", (16,))],
)
def test_addresses(text, expected):
    assert load("pylontech").decoder("a", {"address": text})._addresses == expected


@pytest.mark.parametrize("text", ["", "1", "2-1", "5-2", "x", "2,2", "2-3,3", "2-99999999999", "-"])
def test_impossible_addresses_are_refused(text):
    with pytest.raises(OptionError, match="must be addresses from 2 to 255, such as"):
        load("pylontech").decoder("a", {"address": text})


def test_a_default_is_shown_as_it_is_written():
    assert "default: 2\n" in described(load("pylontech"))


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.code)
def test_the_current_can_be_turned_round(family):
    pack = Pack(PackSpec(cells=15, duty="traction", hour=7))
    while not pack.discharging:
        pack.step(10)
    option, value = load(family.code).turned
    straight, turned = line(family, pack), line(family, pack, **{option: value})
    for talk, sign in ((straight, -1), (turned, 1)):
        assert talk.run(3000)[0].values["current"] * sign > 0


def test_a_daly_whose_sign_contradicts_it_is_told_of():
    decoder = load("daly").decoder("a", {})
    for command, data in (
        (0x93, b"\x01\x01\x01\0\0\0\0\0"),
        (0x90, b"\x02\x10\0\0\x74\xcc\x02\xfd"),
    ):
        frame = bytes((0xA5, 1, command, 8)) + data
        list(decoder.feed(Bytes(frame + bytes((sum8(frame),)), 1)))
    (reading,) = decoder.finish()
    assert reading.values["current"] == -10
    (warning,) = decoder.tally.warnings
    assert "try positive_current=discharge" in warning


@pytest.mark.parametrize("code", CODES)
def test_what_may_be_sent_is_a_constant_without_writes(code):
    sends = load(code).sends
    assert sends and all(isinstance(frame, bytes) for frame in sends)
    assert not any(write in frame for write in WRITES.get(code, ()) for frame in sends)


def test_the_triggers_of_jk_are_the_only_writes_and_are_not_sent_by_default():
    sends = load("jk").sends
    triggers = {frame for frame in sends if frame[1:3] == b"\x10\x16"}
    assert len(sends - triggers) == 1
    assert {frame[3] for frame in triggers} == {0x20, 0x1E, 0x1C}
    assert {frame[4:9] for frame in triggers} == {b"\0\x01\x02\0\0"}
    assert load("jk").decoder("a", {}).requests(0) == ()
    assert all("request" not in options.values() for options in load("jk").variants)


def test_daly_boards_are_asked_at_their_own_addresses():
    assert DALY[1, 0x90] == bytes.fromhex("a54090080000000000000000 7d")
    assert {frame[1] for frame in DALY.values()} == set(range(0x40, 0x50))
