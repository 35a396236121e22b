"""Whatever the registers hold, and whoever sends them, nothing escapes the decoder."""

from hypothesis import given
from hypothesis import strategies as st

from collector.decoding import tidied
from collector.drivers.base import Bytes, Garbage, Registers
from collector.simulators.modbus import reading_of
from collector.simulators.pack import Pack, PackSpec
from collector.simulators.sunspec import SunSpecTable
from collector.wire.reading import from_json
from tests.collector.drivers.sunspec.device import T0, cycle, memory, opened

SOUND = memory(SunSpecTable(2, 16).encode(reading_of(Pack(PackSpec(strings=2, soc=50)))))
word = st.integers(0, 0xFFFF)
spoiled = st.dictionaries(st.sampled_from(sorted(SOUND)), word, max_size=30)
strangers = st.one_of(
    st.builds(Garbage, st.just("timeout"), st.integers(0, 1 << 40)),
    st.builds(Bytes, st.binary(max_size=8), st.integers(0, 1 << 40)),
    st.builds(
        Registers,
        unit=st.sampled_from([1, 2]),
        function=st.integers(0, 255),
        address=st.sampled_from([0, 40_000, 40_002, 40_070, 70_000]),
        values=st.lists(st.integers(-5, 70_000), max_size=130).map(tuple),
        ts=st.integers(-(1 << 50), 1 << 50),
    ),
)


def fit_for_the_wire(readings):
    for reading in tidied(readings):
        from_json(reading.to_json() | {"ts": 0})


@given(changed=spoiled, lost=st.sets(st.sampled_from(sorted(SOUND)), max_size=5))
def test_a_device_with_any_registers(changed, lost):
    held = {a: w for a, w in {**SOUND, **changed}.items() if a not in lost}
    decoder = opened()
    fit_for_the_wire(cycle(decoder, held))
    fit_for_the_wire(cycle(decoder, held, T0 + 1000))


@given(items=st.lists(strangers, max_size=12), polled=st.booleans())
def test_feed_never_raises(items, polled):
    decoder, readings = opened(), []
    for item in items:
        if polled:
            decoder.requests(0)
        readings += decoder.feed(item)
    readings += decoder.finish()
    fit_for_the_wire(readings)
    assert decoder.tally.frames + decoder.tally.bad >= len(items)
