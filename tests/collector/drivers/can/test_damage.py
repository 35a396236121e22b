"""Whatever is on the bus, nothing escapes the decoders, and what they yield fits the wire."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from collector.decoding import tidied
from collector.drivers.base import Bytes, CanFrame, Document, Garbage, load
from collector.drivers.lv_can import DIALECTS
from collector.formats.candump import FORMAT
from collector.signals.profile import load as load_profile
from collector.signals.profile import names
from collector.wire.reading import from_json

ROOT = Path(__file__).parents[3] / "data" / "frames"


def captured() -> list[CanFrame]:
    found = []
    for path in sorted(ROOT.glob("*can/*/input.candump")):
        with path.open("rb") as stream:
            found += FORMAT.read(stream)
    return found


CAPTURED = captured()
IDENTIFIERS = sorted(
    {
        (message.id + place * message.step, message.extended)
        for name in names()
        for message in load_profile(name).map.messages
        for place in range(message.count)
    }
)
times = st.integers(-(1 << 45), 1 << 46)
mutated = st.builds(
    lambda frame, at, byte, cut, ts: CanFrame(
        frame.id,
        (frame.data[:at] + byte + frame.data[at + 1 :])[:cut],
        ts,
        frame.extended,
    ),
    st.sampled_from(CAPTURED),
    st.integers(0, 7),
    st.binary(max_size=1),
    st.integers(0, 8),
    times,
)
random = st.builds(
    lambda place, data, ts: CanFrame(place[0], data, ts, place[1]),
    st.sampled_from(IDENTIFIERS),
    st.binary(max_size=8),
    times,
)
strangers = st.one_of(
    st.builds(Garbage, st.just("bad_frame"), times),
    st.builds(Bytes, st.binary(max_size=8), times),
    st.builds(Document, st.none(), times),
    st.builds(
        CanFrame,
        st.integers(-5, 1 << 30),
        st.binary(max_size=70),
        times,
        st.booleans(),
        st.booleans(),
        st.booleans(),
    ),
)
decoders = st.one_of(
    st.builds(lambda name: ("can", {"profile": name}), st.sampled_from(names())),
    st.builds(lambda dialect: ("lv_can", {"dialect": dialect}), st.sampled_from(list(DIALECTS))),
)


@given(which=decoders, items=st.lists(st.one_of(mutated, random, strangers), max_size=40))
def test_feed_never_raises_and_readings_are_fit_for_the_wire(which, items):
    code, options = which
    decoder = load(code).decoder("b1", options)
    readings = [reading for item in items for reading in decoder.feed(item)]
    readings += decoder.finish()
    assert decoder.tally.readings == len(readings)
    for reading in tidied(readings):
        from_json(reading.to_json() | {"ts": 0})
