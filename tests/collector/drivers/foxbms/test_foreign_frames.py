"""Other traffic is normal; a damaged frame is counted and costs itself only."""

from hypothesis import given
from hypothesis import strategies as st

from collector.drivers.base import Bytes, CanFrame, Document, Registers
from collector.drivers.foxbms import DRIVER, LAYOUTS
from collector.wire.reading import tidy
from tests.collector.drivers.foxbms.frames import frame, run

KNOWN = sorted({number for layout in LAYOUTS.values() for number in layout.messages})

anything = st.builds(
    CanFrame,
    id=st.sampled_from(KNOWN) | st.integers(0, 0x1FFFFFFF),
    data=st.binary(max_size=8),
    ts=st.integers(0, 20_000),
    extended=st.sampled_from([False, False, False, True]),
    remote=st.sampled_from([False, False, False, True]),
    error=st.sampled_from([False, False, False, True]),
)


def test_foreign_frames_are_not_bad():
    others = [frame(number, "0102030405060708") for number in (0x037, 0x210, 0x3C4, 0x521, 0x7DF)]
    tally, readings = run(others)
    assert (tally.frames, tally.bad, readings) == (0, 0, [])


def test_other_kinds_of_frame_with_an_identifier_of_ours_are_not_ours():
    kinds = [{"extended": True}, {"remote": True}, {"error": True}]
    tally, readings = run(frame(0x233, "049E093C009204D2", **kind) for kind in kinds)
    assert (tally.frames, tally.bad, readings) == (0, 0, [])


def test_a_frame_shorter_than_its_signals_is_rejected():
    tally, readings = run([frame(0x233, "049E093C009204"), frame(0x250, "")])
    assert tally.reasons == {"short_frame": 2}
    assert readings == []


def test_a_frame_may_be_shorter_than_eight_bytes_if_its_signals_are_in_it():
    tally, (reading,) = run([frame(0x234, "1650")])
    assert tally.bad == 0
    assert reading.values["insulation_resistance"] == 4998


def test_what_is_no_frame_is_rejected():
    tally, _ = run([Bytes(b"x", 0), Document({}, 0), Registers(1, 3, 0, (), 0)])
    assert tally.reasons == {"not_a_can_frame": 3}


@given(
    st.lists(anything, max_size=60),
    st.sampled_from(sorted(LAYOUTS)),
    st.integers(1, 3),
    st.integers(1, 20),
    st.integers(0, 9),
)
def test_nothing_is_raised_whatever_is_on_the_bus(items, generation, strings, cells, sensors):
    options = {"generation": generation, "strings": strings}
    decoder = DRIVER.decoder("F-1", options | {"cells": cells, "temperatures": sensors})
    readings = [reading for item in items for reading in decoder.feed(item)]
    readings += decoder.finish()
    assert decoder.tally.readings == len(readings)
    for reading in readings:
        assert reading.ts in {item.ts for item in items}
        assert len(reading.arrays.get("cell_voltage", ())) in (0, strings * cells)
        tidy(reading)
    assert list(decoder.finish()) == []


def test_it_only_listens():
    assert not DRIVER.sends
    assert list(DRIVER.decoder("F-1", {}).requests(0)) == []
