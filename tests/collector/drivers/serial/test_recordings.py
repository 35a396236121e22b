"""Recorded conversations of every serial family, whole and cut anywhere."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.commands.decode import summary
from collector.decoding import decode, tidied
from collector.drivers.base import Bytes, load
from collector.formats import base as formats
from tests.requirement import shared

ROOT = Path(__file__).parents[3] / "data" / "frames"
FAMILIES = (
    "jbd",
    "jbd_up16s",
    "daly",
    "daly_p81",
    "jk",
    "pylontech",
    "seplos",
    "pace",
    "eg4_lifepower",
)
CASES = [case for code in FAMILIES for case in sorted((ROOT / code).iterdir())]


def recorded(case):
    with (case / "input.jsonl").open("rb") as stream:
        return list(formats.load("transcript").read(stream))


def readings(case, items):
    options = json.loads((case / "expected.json").read_text())["options"]
    decoder = load(case.parent.name).decoder("a", options)
    return [*decode(decoder, items), *tidied(decoder.finish())], decoder.tally


def name(case):
    return f"{case.parent.name}/{case.name}"


@pytest.mark.parametrize("case", CASES, ids=name)
def test_recording(case):
    expected = json.loads((case / "expected.json").read_text())
    found, tally = readings(case, recorded(case))
    shown = [{"asset": r.asset, "ts": r.ts, **r.flat()} for r in found]
    assert shown == expected["readings"]
    assert summary(tally) == expected["summary"]


@pytest.mark.parametrize("case", CASES, ids=name)
@given(data=st.data())
@settings(max_examples=20)
def test_cuts_change_nothing(case, data):
    whole = b"".join(item.data for item in recorded(case))
    cuts = data.draw(st.lists(st.integers(0, len(whole)), max_size=12))
    edges = [0, *sorted(cuts), len(whole)]
    pieces = [Bytes(whole[a:b], 1) for a, b in zip(edges, edges[1:], strict=False)]
    found, _ = readings(case, pieces)
    expected = json.loads((case / "expected.json").read_text())["readings"]
    assert [{"asset": r.asset, **r.flat()} for r in found] == [
        {code: value for code, value in reading.items() if code != "ts"} for reading in expected
    ]


def reference(file):
    return json.loads(shared(f"reference/data/ecosystem/{file}").read_text())["vectors"]


def only(code, frame):
    decoder = load(code).decoder("a", {})
    found = [*decoder.feed(Bytes(frame, 1)), *decoder.finish()]
    (reading,) = tidied(found)
    return reading


def test_the_reference_frames_of_jbd():
    basic, cells = reference("jbd_uart.json")
    reading, expected = only("jbd", bytes.fromhex(basic["frame_hex"])), basic["expected"]
    assert reading.values["pack_voltage"] == expected["pack_voltage_v"]
    assert reading.values["current"] == expected["pack_current_a"]
    assert reading.values["capacity_remaining"] == expected["remaining_ah"]
    assert reading.values["capacity_design"] == expected["nominal_ah"]
    assert reading.values["cycles"] == expected["cycles"]
    assert reading.values["soc"] == expected["soc_pct"]
    assert list(reading.arrays["cell_temperature"]) == expected["temps_c"]
    assert reading.states["contactor_charge"] is expected["charge_mos"]
    assert reading.states["contactor_discharge"] is expected["discharge_mos"]
    assert list(reading.alarms) == expected["alarms"]
    reading = only("jbd", bytes.fromhex(cells["frame_hex"]))
    assert list(reading.arrays["cell_voltage"]) == cells["expected"]["cell_voltages_v"]


def test_the_reference_frame_of_daly():
    (vector,) = reference("daly_a5_uart.json")
    reading, expected = only("daly", bytes.fromhex(vector["frame_hex"])), vector["expected"]
    assert reading.values["pack_voltage"] == expected["pack_voltage_v"]
    assert reading.values["current"] == expected["current_magnitude_a"]
    assert reading.values["soc"] == expected["soc_pct"]


def test_the_reference_frame_of_pylontech():
    vector = reference("pylontech_rs485.json")[0]
    frame = vector["frame_ascii"].replace("\\r", "\r").encode()
    reading, expected = only("pylontech", frame), vector["expected"]
    assert list(reading.arrays["cell_voltage"]) == expected["cell_voltages_v"]
    board, *cells = expected["temps_c"]
    assert reading.values["bms_temperature"] == board
    assert list(reading.arrays["cell_temperature"]) == cells
    assert reading.values["current"] == expected["pack_current_a"]
    assert reading.values["pack_voltage"] == expected["pack_voltage_v"]
    assert reading.values["capacity_remaining"] == expected["remaining_ah"]
    assert reading.values["capacity_full"] == expected["full_ah"]
    assert reading.values["cycles"] == expected["cycles"]
    request = vector["request_ascii"].replace("\\r", "\r").encode()
    assert request in load("pylontech").sends
