"""Recordings of every firmware on CAN and of a charge controller; and CAN read like a line."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.commands.decode import summary
from collector.decoding import decode, tidied
from collector.drivers.base import CanFrame, load
from collector.formats import base as formats
from collector.wire.reading import from_json, tidy
from tests.requirement import shared

CASES = sorted((Path(__file__).parents[3] / "data/frames/libresolar_can").iterdir())
DRIVER = load("libresolar_can")


def recorded(case):
    with (case / "input.candump").open("rb") as stream:
        return list(formats.load("candump").read(stream))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_recording(case):
    expected = json.loads((case / "expected.json").read_text())
    decoder = DRIVER.decoder("a", expected["options"])
    readings = [*decode(decoder, recorded(case)), *tidied(decoder.finish())]
    assert [reading.flat() for reading in readings] == expected["readings"]
    assert summary(decoder.tally) == expected["summary"]


def test_the_reference_report_means_what_its_numbers_say():
    cases = json.loads(shared("reference/data/thingset/can-binary-vectors.json").read_text())[
        "cases"
    ]
    reports = [
        case for case in cases if "values" in case["expected"] and "code" not in case["expected"]
    ]
    named = [case for case in cases if "values_by_id" in case["expected"]]
    assert reports and named
    for case in reports + named:
        decoder = DRIVER.decoder("a", {})
        found = [
            reading
            for f in case["frames"]
            for reading in decoder.feed(
                CanFrame(int(f["id"], 16), bytes.fromhex(f["data"]), 0, extended=True)
            )
        ]
        (reading,) = tidied(found)
        values = case["expected"].get("values") or case["expected"]["values_by_id"]
        assert reading.values["pack_voltage"] == pytest.approx(values["0x71"])
        assert reading.values["current"] == pytest.approx(values["0x73"])
        assert reading.values["soc"] == pytest.approx(values["0x7C"])
        cells = [volt for volt in values["0x80"] if volt > 0.5]
        assert reading.arrays["cell_voltage"] == pytest.approx(cells)
        assert reading.arrays["cell_temperature"] == pytest.approx(values["0x74"])


@pytest.mark.parametrize("device", ["bms", "mppt"])
@given(data=st.data())
def test_altered_recordings(device, data):
    items = recorded(data.draw(st.sampled_from(CASES)))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(items) - 1))
        changed = data.draw(st.binary(max_size=8))
        identifier = items[at].id ^ data.draw(st.sampled_from([0, 1, 0x100, 0x1000, 0x1000000]))
        items[at] = CanFrame(identifier, changed, items[at].ts, extended=True)
    decoder = DRIVER.decoder("a", {"device": device, "transmit": "yes"})
    for item in items:
        for reading in decoder.feed(item):
            from_json(tidy(reading)[0].to_json())
        assert set(decoder.requests(item.ts)) <= DRIVER.sends
        assert set(decoder.follow_up(item.ts)) <= DRIVER.sends
