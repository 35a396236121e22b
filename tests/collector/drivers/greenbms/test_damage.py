"""Whatever the bytes, nothing escapes, and what follows is read."""

from hypothesis import given
from hypothesis import strategies as st

from collector.drivers.base import Bytes, CanFrame, load
from collector.wire.reading import from_json, tidy

RECORDED = (
    b"$#i00041$#i0011$\r\n$#p012100$#p0144$\r\n$#m000$\r\n"
    b"$#g00112.8$#g00216$#g00331$#g0043.33$#g0052.85$#g0061$\r\n"
    b"$#v0013.33$#t00122$#u00129$#z001000000$#v0023.31$#t00214$#u00225$#z002000000$\r\n"
    b"$#v0032.85$#t00320$#u00320$#z003001000$#v0043.33$#t00424$#u004-1$#z004000000$\r\n"
) * 3
GOOD = b"\r\n$#g00152.5$#g0061$\r\n"


def survive(data):
    decoder = load("greenbms").decoder("a", {})
    readings = list(decoder.feed(Bytes(data, 1)))
    readings += decoder.feed(Bytes(GOOD, 2))
    assert readings[-1].values["pack_voltage"] == 52.5
    for now in range(0, 9000, 1000):
        assert set(decoder.requests(now)) <= load("greenbms").sends
    for reading in [*readings, *decoder.finish()]:
        from_json(tidy(reading)[0].to_json())


@given(st.binary(max_size=600))
def test_noise(data):
    survive(data)


@given(st.text("$#gvtuzpim0123456789.-\r\n", max_size=400))
def test_noise_that_looks_like_items(text):
    survive(text.encode())


@given(st.lists(st.tuples(st.integers(0, len(RECORDED) - 1), st.integers(0, 255)), max_size=30))
def test_altered_bytes(changes):
    data = bytearray(RECORDED)
    for at, value in changes:
        data[at] = value
    survive(bytes(data))


@given(st.integers(0, len(RECORDED)), st.integers(0, 200))
def test_lost_bytes(at, length):
    survive(RECORDED[:at] + RECORDED[at + length :])


def test_an_endless_line_costs_one_count():
    decoder = load("greenbms").decoder("a", {})
    for _ in range(100):
        assert list(decoder.feed(Bytes(b"$#g00112.8" * 20, 1))) == []
    assert list(decoder.feed(Bytes(GOOD, 2)))
    assert decoder.tally.reasons == {"too_long": 1}


def test_other_inputs_are_counted():
    decoder = load("greenbms").decoder("a", {})
    assert list(decoder.feed(CanFrame(1, b"", 0))) == []
    assert decoder.tally.reasons == {"not_serial": 1}
