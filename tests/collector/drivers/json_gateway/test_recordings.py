"""Documents of two bridges, recorded, and those of the reference with what they mean."""

import json
from pathlib import Path

import pytest

from collector.commands.decode import summary
from collector.decoding import decode, tidied
from collector.drivers.base import Document, load
from collector.formats import base as formats
from tests.requirement import shared

CASES = sorted((Path(__file__).parents[3] / "data/frames/json_gateway").iterdir())
DRIVER = load("json_gateway")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_recording(case):
    expected = json.loads((case / "expected.json").read_text())
    decoder = DRIVER.decoder("a", expected["options"])
    with (case / "input.json").open("rb") as stream:
        readings = [*decode(decoder, formats.load("json").read(stream)), *tidied(decoder.finish())]
    assert [reading.flat() for reading in readings] == expected["readings"]
    assert summary(decoder.tally) == expected["summary"]


REFERENCE = {
    "foxbms_flat": "flat-websocket-message.json",
    "foxbms_nested": "nested-rest-response.json",
}
OURS = {
    "pack_voltage_V": "pack_voltage",
    "current_A_charge_positive": "current",
    "soc_pct": "soc",
    "soh_pct": "soh",
    "cycles": "cycles",
    "cell_voltage_V": "cell_voltage",
    "cell_temp_degC": "cell_temperature",
    "ambient_temp_degC": "ambient_temperature",
}


@pytest.mark.parametrize("profile", REFERENCE)
def test_reference(profile):
    sample = json.loads(shared("reference/data/gateway-json", REFERENCE[profile]).read_text())
    decoder = DRIVER.decoder("a", {"profile": profile})
    (reading,) = tidied(decoder.feed(Document(sample["message"], 1_767_225_600_300)))
    flat, expected = reading.flat(), sample["expected"]
    compared = {name: code for name, code in OURS.items() if name in expected}
    assert len(compared) >= 5
    for name, code in compared.items():
        assert flat[code] == pytest.approx(expected[name]), name
    if "state" in expected:
        assert flat["states"]["bms_state"] == expected["state"]
    if "active_alarms" in expected:
        assert len(flat["alarms"]) == len(expected["active_alarms"])
