"""Every firmware's recording, whole and cut anywhere, and every line the reference gives."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.commands.decode import summary
from collector.decoding import decode, tidied
from collector.drivers.base import Bytes, load
from collector.formats import base as formats
from tests.requirement import shared

CASES = sorted((Path(__file__).parents[3] / "data/frames/libresolar").iterdir())
DRIVER = load("libresolar")


def flats(decoder, items):
    readings = [*decode(decoder, items), *tidied(decoder.finish())]
    return [reading.flat() for reading in readings]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_recording(case):
    expected = json.loads((case / "expected.json").read_text())
    decoder = DRIVER.decoder("a", expected["options"])
    with (case / "input.serial").open("rb") as stream:
        assert flats(decoder, formats.load("serial").read(stream)) == expected["readings"]
    assert summary(decoder.tally) == expected["summary"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@given(cuts=st.lists(st.integers(0, 3000), max_size=12))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_cuts_change_nothing(case, cuts):
    expected = json.loads((case / "expected.json").read_text())
    data = (case / "input.serial").read_bytes()
    edges = [0, *sorted(cuts), len(data)]
    pieces = [Bytes(data[a:b], b) for a, b in zip(edges, edges[1:], strict=False)]
    decoder = DRIVER.decoder("a", expected["options"])
    assert flats(decoder, pieces) == expected["readings"]


NAMES = {
    "pack_voltage": ("rPackVoltage_V", "Bat_V"),
    "current": ("rPackCurrent_A", "Bat_A"),
    "soc": ("rSOC_pct", "SOC_pct"),
    "bms_temperature": ("rICTemp_degC",),
    "mosfet_temperature": ("rMOSFETTemp_degC",),
    "cell_voltage_min": ("rCellMinVoltage_V", "CellMin_V"),
    "cell_voltage_max": ("rCellMaxVoltage_V", "CellMax_V"),
    "cell_voltage_mean": ("rCellAvgVoltage_V", "CellAvg_V"),
}


def test_each_reference_line_alone():
    cases = json.loads(shared("reference/data/thingset/text-lines.json").read_text())["cases"]
    seen = 0
    for case in cases:
        expected = case["expected"]
        decoder = DRIVER.decoder("a", {})
        readings = flats(decoder, [Bytes(case["line"].encode(), 1)])
        rejected = expected["kind"] == "rejected"
        assert decoder.tally.bad == rejected, case["name"]
        assert not rejected or decoder.tally.reasons[expected["reason"]] == 1
        assert decoder.tally.frames == (expected["kind"] in ("report", "response"))
        data = expected.get("data")
        items = data.get("Meas", data) if isinstance(data, dict) else {}
        wanted = {
            metric: items[name]
            for metric, names in NAMES.items()
            for name in names
            if items.get(name) is not None
        }
        if not wanted:
            assert readings == [], case["name"]
            continue
        (reading,) = readings
        seen += 1
        assert {m: reading[m] for m in NAMES if m in reading} == wanted, case["name"]
        if cells := items.get("rCellVoltages_V"):
            assert reading["cell_voltage"] == [volt for volt in cells if volt > 0.5]
        if status := items.get("rBalancingStatus"):
            n = len(reading["cell_voltage"])
            assert reading["balancing"] == [status >> i & 1 for i in range(n)]
        if "rCellTemps_degC" in items:
            assert reading["cell_temperature"] == items["rCellTemps_degC"]
    assert seen > 15


def test_lines_of_other_devices_make_no_reading():
    vectors = json.loads(
        shared("reference/data/thingset/reference-library-vectors.json").read_text()
    )
    lines = [p["response"] for p in vectors["text"]] + [p["line"] for p in vectors["text_reports"]]
    decoder = DRIVER.decoder("a", {})
    assert flats(decoder, [Bytes("\r\n".join([*lines, ""]).encode(), 1)]) == []
    assert (decoder.tally.frames, decoder.tally.bad) == (len(lines), 0)
