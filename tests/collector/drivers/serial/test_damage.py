"""Whatever the bytes, nothing escapes, and what follows is read."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.decoding import tidied
from collector.drivers.base import Bytes, CanFrame, load
from collector.wire.reading import from_json
from tests.collector.drivers.serial.test_recordings import CASES, FAMILIES, name, recorded

cases = pytest.mark.parametrize("case", CASES, ids=name)


def opened(case):
    options = json.loads((case / "expected.json").read_text())["options"]
    return load(case.parent.name).decoder("a", options)


def survive(case, data, polled):
    decoder = opened(case)
    sends = load(case.parent.name).sends
    found = []
    for i in range(0, len(data), 50):
        if polled:
            assert set(decoder.requests(i)) | set(decoder.follow_up(i)) <= sends
        found += decoder.feed(Bytes(data[i : i + 50], i))
    found += decoder.finish()
    for reading in tidied(found):
        from_json(reading.to_json())
    return decoder


@cases
@given(data=st.data(), polled=st.booleans())
@settings(max_examples=40)
def test_altered_bytes(case, data, polled):
    stream = bytearray(b"".join(item.data for item in recorded(case)) * 2)
    places = st.tuples(st.integers(0, len(stream) - 1), st.integers(0, 255))
    for at, value in data.draw(st.lists(places, max_size=30)):
        stream[at] = value
    survive(case, bytes(stream), polled)


@cases
@given(data=st.data(), noise=st.binary(max_size=40))
@settings(max_examples=40)
def test_lost_and_added_bytes(case, data, noise):
    stream = b"".join(item.data for item in recorded(case))
    at = data.draw(st.integers(0, len(stream)))
    gone = data.draw(st.integers(0, 300))
    survive(case, stream[:at] + noise + stream[at + gone :], False)


@pytest.mark.parametrize("code", FAMILIES)
@given(data=st.binary(max_size=600))
@settings(max_examples=40)
def test_noise(code, data):
    decoder = load(code).decoder("a", {})
    list(decoder.feed(Bytes(data, 1)))
    for reading in tidied(decoder.finish()):
        from_json(reading.to_json())


@cases
def test_after_a_page_of_noise_it_is_all_there_again(case):
    decoder = opened(case)
    list(decoder.feed(Bytes(bytes(range(256)) * 20, 1)))
    stream = b"".join(item.data for item in recorded(case)) * 3
    found = [*decoder.feed(Bytes(stream, 2)), *decoder.finish()]
    assert len(found) >= 2
    assert decoder._frames is not None


@pytest.mark.parametrize("code", FAMILIES)
def test_other_inputs_are_counted(code):
    decoder = load(code).decoder("a", {})
    assert list(decoder.feed(CanFrame(1, b"", 0))) == []
    assert decoder.tally.reasons == {"not_serial": 1}


@pytest.mark.parametrize("code", FAMILIES)
def test_an_endless_frame_takes_no_memory(code):
    decoder = load(code).decoder("a", {})
    starts = {
        "jbd": b"\xdd\x03\x00\xff",
        "daly": b"\xa5\x01\x90\x08",
        "jk": b"\x55\xaa\xeb\x90\x02\x00",
        "eg4_lifepower": b"\x7e\x01\x01\xff",
    }
    for _ in range(200):
        list(decoder.feed(Bytes(starts.get(code, b"~2002") + b"41" * 300, 1)))
        assert len(decoder._frames._rest) < 5000
