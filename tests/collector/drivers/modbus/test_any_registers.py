"""Whatever the registers hold, and whoever sends them, nothing escapes the decoder."""

from hypothesis import given
from hypothesis import strategies as st

from collector.decoding import tidied
from collector.drivers.base import Bytes, Document, Garbage, Registers, load
from collector.registers.map import Point
from collector.registers.profile import load as load_profile
from collector.registers.profile import names
from collector.wire.reading import Reading, from_json

word = st.integers(0, 0xFFFF)
strangers = st.one_of(
    st.builds(Garbage, st.just("timeout"), st.integers(0, 1 << 40)),
    st.builds(Bytes, st.binary(max_size=8), st.integers(0, 1 << 40)),
    st.builds(Document, st.none() | st.integers(), st.integers(0, 1 << 40)),
    st.builds(
        Registers,
        unit=st.integers(-1, 256),
        function=st.integers(0, 255),
        address=st.integers(-5, 70_000),
        values=st.lists(st.integers(-(1 << 20), 1 << 20), max_size=130).map(tuple),
        ts=st.integers(-(1 << 50), 1 << 50),
    ),
)


@st.composite
def conversations(draw):
    """A table, and answers to it that fit in shape and hold anything, among strangers."""
    profile = load_profile(draw(st.sampled_from(names())))
    answers = st.one_of(
        *(
            st.builds(
                Registers,
                unit=st.just(profile.unit),
                function=st.just(function),
                address=st.just(address),
                values=st.lists(word, min_size=count, max_size=count).map(tuple),
                ts=st.integers(0, 1 << 40),
            )
            for function, address, count in profile.blocks
        )
    )
    return profile, draw(st.lists(answers | strangers, max_size=6))


@given(conversation=conversations(), polled=st.booleans())
def test_feed_never_raises_and_readings_are_fit_for_the_wire(conversation, polled):
    profile, items = conversation
    decoder = load("modbus").decoder("b1", {"profile": profile.name})
    readings = []
    for item in items:
        if polled:
            decoder.requests(0)
        readings += decoder.feed(item)
    readings += decoder.finish()
    assert decoder.tally.readings == len(readings)
    assert decoder.tally.frames + decoder.tally.bad == len(items)
    for reading in tidied(readings):
        from_json(reading.to_json() | {"ts": 0})


@given(
    kind=st.sampled_from(["u16", "s16", "u32", "s32"]),
    low_first=st.booleans(),
    data=st.data(),
)
def test_a_number_comes_back_from_its_registers(kind, low_first, data):
    bits = int(kind[1:])
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if kind[0] == "s" else (0, (1 << bits) - 1)
    number = data.draw(st.integers(low, high))
    point = Point(3, (8, 7)[: bits // 16] if low_first else (7, 8)[: bits // 16], kind)
    words: dict[tuple[int, int], int] = {}
    point.put(words, number)
    assert point.number(words) == number
    point.put(words, high + 1)
    assert point.number(words) == high


@given(high=st.integers(-128, 127), low=st.integers(0, 255), bit=st.integers(0, 15))
def test_bytes_and_bits_of_a_register_leave_each_other_alone(high, low, bit):
    words: dict[tuple[int, int], int] = {}
    Point(3, (7,), "s8", 0).put(words, high)
    Point(3, (7,), "u8", 1).put(words, low)
    assert Point(3, (7,), "s8", 0).number(words) == high
    assert Point(3, (7,), "u8", 1).number(words) == low
    before = words[3, 7]
    Point(3, (7,), "bit", bit).put(words, 1)
    assert words[3, 7] == before | 1 << bit


def test_floats_that_are_no_numbers_are_absent():
    point = Point(3, (0, 1), "f32")
    for high, low in ((0x7FC0, 0), (0x7F80, 0), (0xFF80, 0)):
        assert point.number({(3, 0): high, (3, 1): low}) is None
    assert point.number({(3, 0): 0x4248, (3, 1): 0}) == 50


@given(
    name=st.sampled_from(names()),
    volts=st.lists(st.integers(2500, 3650), min_size=1, max_size=16),
    amps=st.integers(-1000, 1000),
)
def test_a_table_read_backwards_says_the_same(name, volts, amps):
    registers = load_profile(name).map
    said = Reading(
        "b1",
        1,
        values={"pack_voltage": sum(volts) / 1000, "current": amps / 10},
        arrays={"cell_voltage": tuple(v / 1000 for v in volts)},
    )
    heard = registers.decode(registers.encode(said))
    assert abs(heard["values"]["pack_voltage"] - said.values["pack_voltage"]) <= 0.0501
    assert abs(heard["values"]["current"] - said.values["current"]) < 0.001
    cells = [v for v in heard["arrays"].get("cell_voltage", ()) if v is not None]
    if any(array.code == "cell_voltage" for array in registers.arrays):
        assert [round(v, 3) for v in cells] == [v / 1000 for v in volts]
    assert heard["alarms"] == ()
