"""ThingSet lines, against the reference library's own."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.protocols.lines import Lines
from collector.protocols.thingset import LONGEST, LineError, flat, parse, seal
from tests.requirement import shared


def cases():
    return json.loads(shared("reference/data/thingset/text-lines.json").read_text())["cases"]


def test_every_recorded_line():
    assert len(cases()) > 60
    for case in cases():
        expected, line = case["expected"], case["line"].encode().removesuffix(b"\n")
        if expected["kind"] == "rejected":
            with pytest.raises(LineError) as failure:
                parse(line)
            assert failure.value.reason == expected["reason"], case["name"]
            continue
        message = parse(line)
        if expected["kind"] == "ignored":
            assert message is None, case["name"]
            continue
        assert message.is_report == (expected["kind"] == "report"), case["name"]
        assert message.data == expected["data"], case["name"]
        assert message.checked == (expected["crc"] == "ok"), case["name"]
        assert message.path == expected.get("path", ""), case["name"]
        assert message.node == expected.get("node"), case["name"]
        if not message.is_report:
            assert f"{message.code:02X}" == expected["code"], case["name"]
            assert message.is_error == (expected["code"] >= "A0"), case["name"]


def test_reference_library_lines_with_and_without_checksum():
    vectors = json.loads(
        shared("reference/data/thingset/reference-library-vectors.json").read_text()
    )
    lines = [pair["response"] for pair in vectors["text"]]
    reports = [pair["line"] for pair in vectors["text_reports"]]
    assert len(lines) > 50 and len(reports) == 4
    for line in lines + reports:
        plain, sealed = parse(line.encode()), parse(seal(line))
        assert plain.is_report == (line in reports)
        assert not plain.checked and sealed.checked
        assert (plain.code, plain.path, plain.data) == (sealed.code, sealed.path, sealed.data)
        if not plain.is_report:
            code, _, content = line[1:].partition(" ")
            assert plain.code == int(code, 16)
            assert plain.data == (json.loads(content) if content else None)
    for pair in vectors["text"]:
        assert parse(pair["request"].encode()) is None, "an echo of a request is no message"


@pytest.mark.parametrize(
    "line",
    [
        b":85{}",
        b":8 {}",
        b":zz {}",
        b"#mLive",
        b"#mLive {} {}",
        b"#mLive {}#mLive {}",
        b'#mLive {"a":1,"a":2}',
        b'#mLive {"a":NaN}',
        b"#mLive " + b"[" * 4000,
        b'#mLive {"a":"\xff"}',
        b":85 1e999",
        b":85 Content. {",
    ],
)
def test_what_is_not_one_complete_message_is_malformed(line):
    with pytest.raises(LineError, match="malformed"):
        parse(line)


def test_one_wrong_bit_is_noticed():
    line = seal('#mLive {"Meas":{"rSOC_pct":55.0}}')
    for i in range(1, line.index(b"}}")):
        damaged = bytearray(line)
        damaged[i] ^= 1
        with pytest.raises(LineError, match="crc"):
            parse(bytes(damaged))


def test_items_out_of_groups():
    assert flat({"Meas": {"a": 1, "x": {"b": [2]}}, "c": None}) == {"a": 1, "b": [2], "c": None}
    assert flat([1]) == {} and flat(None) == {}


@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_none_or_damaged(line):
    try:
        parse(line)
        parse(b"#mLive " + line)
        parse(b":85 " + line)
    except LineError as error:
        assert error.reason in ("crc", "malformed")


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_lines_do_not_depend_on_the_cuts(pieces):
    cut, whole = Lines(1000), Lines(1000)
    lines = [line for piece in pieces for line in cut.feed(piece)]
    assert lines == list(whole.feed(b"".join(pieces)))
    assert lines == b"".join(pieces).split(b"\n")[:-1]
    assert cut.rest() == b"".join(pieces).split(b"\n")[-1]


@given(st.lists(st.sampled_from([b"ab", b"\n", b"abcdefg", b"x\ny"]), max_size=40))
def test_a_line_too_long_is_dropped_once_and_the_next_is_whole(pieces):
    lines = Lines(8)
    got = [line for piece in pieces for line in lines.feed(piece)]
    wanted = [
        line if len(line) <= 8 else None for line in b"".join(pieces + [b"\n"]).split(b"\n")[:-1]
    ]
    got += list(lines.feed(b"\n"))
    assert got == wanted


def test_memory_is_bounded():
    lines = Lines(LONGEST)
    assert [line for _ in range(1000) for line in lines.feed(b"x" * 1000)] == [None]
    assert lines.rest() == b""
