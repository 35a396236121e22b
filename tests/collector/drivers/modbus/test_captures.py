"""Each shipped register table, on words written from the manufacturer's list, gives the values."""

import json
from pathlib import Path

import pytest

from collector.decoding import decode, tidied
from collector.drivers.base import load
from collector.formats.registers import FORMAT
from collector.registers.profile import names

ROOT = Path(__file__).parents[3] / "data" / "frames" / "modbus"
CASES = sorted(path.parent for path in ROOT.glob("*/*/expected.json"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_values(case):
    expected = json.loads((case / "expected.json").read_text())
    decoder = load("modbus").decoder("b1", expected["options"])
    with (case / "input.jsonl").open("rb") as stream:
        readings = list(decode(decoder, FORMAT.read(stream)))
    readings += tidied(decoder.finish())
    assert [{**r.to_json(), "asset": "b1"} for r in readings] == [
        {"asset": "b1", **reading} for reading in expected["readings"]
    ]
    assert not set(decoder.tally.reasons) - {"exception_2"}


def test_every_shipped_table_has_a_capture():
    assert {case.parent.name for case in CASES} == set(names())
