"""ThingSet on CAN, against the reference library's own frames, and with frames lost."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.drivers.base import CanFrame, Garbage
from collector.protocols import isotp, thingset_binary
from collector.protocols.thingset_binary import BinaryError
from collector.protocols.thingset_can import Bus, Told, Value, begins, go_on, question
from tests.requirement import shared

DATA = "reference/data/thingset"


def vectors(kind):
    cases = json.loads(shared(DATA, "can-binary-vectors.json").read_text())["cases"]
    found = [case for case in cases if case["expected"]["kind"] == kind]
    assert found
    return found


def frames(case, ts=0):
    return [
        CanFrame(int(f["id"], 16), bytes.fromhex(f["data"]), ts, extended=f["ext"])
        for f in case["frames"]
    ]


def heard(items, bus=None):
    bus = bus or Bus()
    return [said for item in items for said in bus.feed(item)]


def same(value, expected):
    if isinstance(expected, list):
        return len(value) == len(expected) and all(map(same, value, expected))
    return math.isclose(value, expected, rel_tol=1e-4, abs_tol=1e-6)


def test_reports_of_many_frames():
    for case in vectors("report"):
        (told,) = heard(frames(case))
        assert isinstance(told, Told) and told.message.is_report, case["name"]
        assert told.source == case["expected"]["source"]
        values = case["expected"].get("values")
        if values is None:
            assert told.message.path == "mLive" and "rPackVoltage_V" in told.message.data
            continue
        assert told.message.path == "31"
        assert told.message.data.keys() == {int(key, 16) for key in values}
        assert all(same(told.message.data[int(key, 16)], values[key]) for key in values)


def test_single_values():
    for case in vectors("item"):
        (said,) = heard(frames(case))
        expected = case["expected"]
        assert (said.source, said.number) == (expected["source"], int(expected["data_id"], 16))
        assert same(said.value, expected["value"]) and not said.is_old


def test_a_stamp_after_the_value_is_left_out():
    frame = CanFrame(0x1E007122, bytes.fromhex("FA419BC28F1234"), 0, extended=True)
    (said,) = heard([frame])
    assert said.value == pytest.approx(19.47, abs=1e-4)
    (old,) = heard([CanFrame(0x1F00710A, b"\x18\x21", 0, extended=True)])
    assert old == Value(0x0A, 0x71, 0x21, is_old=True)


def test_a_response_is_heard_whole_and_says_who_asked():
    for case in vectors("reqresp"):
        (told,) = heard(frames(case))
        assert (told.message.code, told.target) == (0x85, 0)
        values = case["expected"]["values"]
        assert all(same(told.message.data[int(key, 16)], values[key]) for key in values)
        asked, first, more = frames(case)[:3]
        assert question(told.source, 0x07) == asked
        assert go_on(told.source) == more
        assert begins(first) == told.source and begins(asked) is begins(more) is None


def test_every_part_that_is_lost_spoils_its_report_only():
    case = vectors("report")[0]
    whole = frames(case)
    for gone in range(len(whole)):
        bus = Bus()
        damaged = heard(whole[:gone] + whole[gone + 1 :], bus)
        assert not any(isinstance(said, Told) for said in damaged)
        assert [type(said) for said in heard(whole, bus) if isinstance(said, Told)] == [Told]


def test_reports_of_several_nodes_pass_between_each_other():
    first, second = (frames(case) for case in vectors("report")[:4:2])
    mixed = [frame for pair in zip(first, second, strict=False) for frame in pair]
    mixed += max(first, second, key=len)[min(len(first), len(second)) :]
    assert sorted(told.source for told in heard(mixed)) == [0x22, 0x6E]


def test_a_report_that_takes_too_long_is_none():
    parts = frames(vectors("report")[0])
    late = [CanFrame(f.id, f.data, i * 200, extended=True) for i, f in enumerate(parts)]
    assert heard(late) == [Garbage("part_lost", 1200)]


def test_an_endless_report_is_cut():
    parts = [CanFrame(0x1D000022, b"\x1f" * 8, 0, extended=True)]
    parts += [CanFrame(0x1D001022 | n % 16 << 8, bytes(8), 0, extended=True) for n in range(1, 600)]
    assert heard(parts) == [Garbage("too_long", 0)]


@pytest.mark.parametrize(
    "frame",
    [
        CanFrame(0x122, b"\0", 0),
        CanFrame(0x1E007122, b"", 0, extended=True, remote=True),
        CanFrame(0x1300FF22, bytes(8), 0, extended=True),
        CanFrame(0x18FEF100, b"\xff" * 8, 0, extended=True),
        CanFrame(0x1806E5F4, bytes(8), 0, extended=True),
    ],
)
def test_foreign_frames_say_nothing(frame):
    assert heard([frame]) == []


def test_the_reference_library():
    pairs = json.loads(shared(DATA, "reference-library-vectors.json").read_text())["binary"]
    assert len(pairs) > 20
    for pair in pairs:
        assert thingset_binary.parse(bytes.fromhex(pair["request"])) is None
        response = bytes.fromhex(pair["response"])
        assert thingset_binary.parse(response).code == response[0], pair["test"]


def test_a_response_of_an_older_version_has_no_node():
    assert thingset_binary.parse(b"\x85\xa1\x18\x71\x05").data == {0x71: 5}
    assert thingset_binary.parse(b"\x85\xf6\xa1\x18\x71\x05").data == {0x71: 5}
    assert thingset_binary.parse(b"\xa4").is_error


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ("F97E00", None),
        ("FB7FF0000000000000", None),
        ("F6", None),
        ("F7", None),
        ("C48221381F", -0.32),
        ("F93C00", 1.0),
        ("9F01F5FF", [1, True]),
        ("D82A01", None),
        ("C249FFFFFFFFFFFFFFFFFF", 0xFFFFFFFFFFFFFFFFFF),
    ],
)
def test_values(data, value):
    assert thingset_binary.value(bytes.fromhex(data)) == value


@pytest.mark.parametrize("data", ["", "9B0000010000000000", "BF00", "C1FB7E37E43C8800759C"])
def test_what_is_no_value(data):
    with pytest.raises(BinaryError):
        thingset_binary.value(bytes.fromhex(data))


def test_isotp_messages_of_any_length():
    for length in (1, 7, 8, 20, 300):
        message = bytes(n % 251 for n in range(length))
        transfers = isotp.Transfers()
        if length <= 7:
            assert transfers.feed("k", isotp.single(message), 0) == message
            continue
        first = (0x1000 | length).to_bytes(2, "big") + message[:6]
        pieces = [message[at : at + 7] for at in range(6, length, 7)]
        more = [bytes((0x20 | n % 16,)) + piece for n, piece in enumerate(pieces, 1)]
        found = [transfers.feed("k", data, 0) for data in (first, *more)]
        assert found == [None] * len(more) + [message]
        assert transfers.feed("k", first, 0) is None
        assert transfers.feed("k", more[-1] if len(more) > 1 else b"\x2f", 0) is None


FRAME = st.builds(
    lambda kind, rest, data, ts: CanFrame(kind << 24 | rest, data, ts, extended=True),
    st.sampled_from([0x18, 0x1A, 0x1D, 0x1E, 0x1F]),
    st.integers(0, 0xFFFFFF) | st.integers(0, 0xFFF).map(lambda n: n << 8 | 0x22),
    st.binary(max_size=8),
    st.integers(0, 3000),
)


@given(st.lists(FRAME, max_size=30))
def test_no_frame_is_too_strange(items):
    for said in heard(items):
        assert isinstance(said, Value | Told | Garbage)


@given(st.binary(max_size=60))
def test_no_message_is_too_strange(data):
    for first in (b"\x1f", b"\x85", b""):
        try:
            thingset_binary.parse(first + data)
        except BinaryError as error:
            assert error.reason in ("empty", "malformed")
