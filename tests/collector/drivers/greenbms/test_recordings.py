"""Recordings and reference streams, whole and cut anywhere."""

import json
import pickle
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.commands.decode import summary
from collector.decoding import decode, tidied
from collector.drivers.base import Bytes, load
from collector.formats import base as formats
from tests.requirement import shared

FLAGS = {
    "low_voltage": "cell_undervoltage",
    "very_high_voltage": "cell_overvoltage",
    "high_pole_temperature": "overtemperature",
}


def readings(pieces, **options):
    decoder = load("greenbms").decoder("a", options)
    found = [*decode(decoder, pieces), *tidied(decoder.finish())]
    return found, decoder.tally


def agrees(reading, expected):
    assert reading.values["pack_voltage"] == expected["pack_voltage_V"]
    assert reading.values["current"] == expected["current_A_charge_positive"]
    assert reading.values["soc"] == expected["soc_pct"]
    assert reading.values["cell_voltage_max"] == expected["cell_max_V"]
    assert reading.values["cell_voltage_min"] == expected["cell_min_V"]
    assert reading.values["capacity_design"] == expected["capacity_Ah"]
    assert reading.states["bms_state"] == expected["charge_state"]
    assert list(reading.arrays["cell_voltage"]) == expected["cell_voltage_V"]
    assert list(reading.arrays["cell_temperature"]) == expected["pole_temp_degC"]
    assert list(reading.arrays["balancer_temperature"]) == expected["balance_resistor_temp_degC"]
    flags = expected["cell_flags"]
    assert list(reading.arrays["balancing"]) == ["balancing" in cell for cell in flags]
    assert {(a.code, a.index) for a in reading.alarms} == {
        (FLAGS[flag], i) for i, cell in enumerate(flags) for flag in cell if flag != "balancing"
    }
    assert bool(reading.alarms) == expected["alarm"]


CASES = sorted((Path(__file__).parents[3] / "data/frames/greenbms").iterdir())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_recording(case):
    expected = json.loads((case / "expected.json").read_text())
    with (case / "input.serial").open("rb") as stream:
        found, tally = readings(formats.load("serial").read(stream), **expected["options"])
    assert [reading.flat() for reading in found] == expected["readings"]
    assert summary(tally) == expected["summary"]


def sample():
    return shared("reference/data/greenbms/sample-stream.txt")


def test_sample_stream():
    expected = json.loads(sample().with_suffix(".expected.json").read_text())
    with sample().open("rb") as stream:
        found, tally = readings(formats.load("serial").read(stream))
    agrees(found[-1], expected)
    assert (tally.frames, tally.bad) == (10, 0)
    assert [r.ts for r in found] == sorted({r.ts for r in found})


@given(cuts=st.lists(st.integers(0, 420), max_size=12))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_cuts_change_nothing(cuts):
    data = sample().read_bytes()
    edges = [0, *sorted(cuts), len(data)]
    pieces = [Bytes(data[a:b], 0) for a, b in zip(edges, edges[1:], strict=False)]
    assert readings(pieces)[0] == readings([Bytes(data, 0)])[0]


def streams():
    text = shared("reference/data/greenbms/serial-streams.json").read_text()
    return json.loads(text)["cases"]


@pytest.mark.parametrize("options", [{}, {"poll": "no"}])
def test_streams(options):
    values = [case for case in streams() if "expected" in case]
    assert len(values) == 2
    for case in values:
        pieces = [Bytes(text.encode(), i) for i, text in enumerate(case["chunks"])]
        found, tally = readings(pieces, **options)
        agrees(found[-1], case["expected"])
        assert tally.bad == 0


def test_without_the_count_the_cells_end_where_the_voltages_do():
    for case in streams()[:2]:
        data = "".join(case["chunks"]).replace("$#p014", "$#p099").encode()
        agrees(readings([Bytes(data, 0)])[0][-1], case["expected"])


def test_settings_page_shows_no_values_and_never_the_password():
    (case,) = (case for case in streams() if "expected_parameters" in case)
    data = "".join(case["chunks"]).encode()
    decoder = load("greenbms").decoder("a", {})
    assert list(decoder.feed(Bytes(data, 0))) == []
    assert (decoder.tally.frames, decoder.tally.bad) == (9, 0)
    assert b"1234" in data and b"1234" not in pickle.dumps(decoder)
    (reading,) = decoder.feed(Bytes(b"$#g00152.5$\r\n", 1))
    assert reading.values["capacity_design"] == case["expected_parameters"]["p012"]
