"""Whatever the bytes, nothing escapes, and what follows is read."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from collector.drivers.base import Bytes, load
from collector.protocols.thingset import seal
from collector.wire.reading import from_json, tidy

CASES = sorted((Path(__file__).parents[3] / "data/frames/libresolar").glob("*/input.serial"))
RECORDED = b"".join(path.read_bytes() for path in CASES)
GOOD = seal('#mLive {"Meas":{"rSOC_pct":55.0}}') + b"\r\n"


def survive(data):
    decoder = load("libresolar").decoder("a", {})
    for reading in [*decoder.feed(Bytes(data, 1)), *decoder.finish()]:
        from_json(tidy(reading)[0].to_json())
    assert decoder.tally.bad <= data.count(b"\n") + 1
    readings = list(decoder.feed(Bytes(b"\r\n" + GOOD, 2)))
    assert readings[-1].values["soc"] == 55.0


@given(st.binary(max_size=600))
def test_noise(data):
    survive(data)


@given(st.lists(st.tuples(st.integers(0, len(RECORDED) - 1), st.integers(0, 255)), max_size=30))
def test_altered_bytes(changes):
    data = bytearray(RECORDED)
    for at, value in changes:
        data[at] = value
    survive(bytes(data))


@given(st.integers(0, len(RECORDED)), st.integers(0, 400))
def test_lost_bytes(at, length):
    survive(RECORDED[:at] + RECORDED[at + length :])


def test_an_endless_line_costs_one_count():
    decoder = load("libresolar").decoder("a", {})
    for _ in range(100):
        assert list(decoder.feed(Bytes(b"#mLive {" * 100, 1))) == []
    assert list(decoder.feed(Bytes(b"\n" + GOOD, 2)))
    assert decoder.tally.reasons == {"too_long": 1}
