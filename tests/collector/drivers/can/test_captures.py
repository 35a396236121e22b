"""Frames as batteries send them give the values of their descriptions, in both CAN drivers."""

import json
from pathlib import Path

import pytest

from collector.decoding import decode, tidied
from collector.drivers.base import CanFrame, load
from collector.formats.candump import FORMAT
from tests.requirement import shared

ROOT = Path(__file__).parents[3] / "data" / "frames"
CASES = sorted(
    path.parent for driver in ("can", "lv_can") for path in ROOT.glob(f"{driver}/*/expected.json")
)
NAMES = {
    "cvl_v": "charge_voltage_limit",
    "ccl_a": "charge_current_limit",
    "dcl_a": "discharge_current_limit",
    "dvl_v": "discharge_voltage_limit",
    "pack_voltage_v": "pack_voltage",
    "pack_current_a": "current",
    "min_cell_v": "cell_voltage_min",
    "max_cell_v": "cell_voltage_max",
}
STATES = {
    "charge_enable": "x_allow_charge",
    "discharge_enable": "x_allow_discharge",
    "force_charge_1": "x_force_charge_1",
    "force_charge_2": "x_force_charge_2",
    "full_charge_request": "x_full_charge_request",
    "text": "x_maker",
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_values(case):
    expected = json.loads((case / "expected.json").read_text())
    decoder = load(case.parent.name).decoder("b1", expected["options"])
    with (case / "input.candump").open("rb") as stream:
        readings = list(decode(decoder, FORMAT.read(stream)))
    readings += tidied(decoder.finish())
    assert [{**r.to_json(), "asset": "b1"} for r in readings] == [
        {"asset": "b1", **reading} for reading in expected["readings"]
    ]
    assert set(decoder.tally.reasons) <= {"bad_checksum"}


def test_published_frames():
    """Each of them alone says what its source says it does, in every dialect that has it."""
    for vector in json.loads(shared("reference/data/ecosystem/can_lv.json").read_text())["vectors"]:
        frame = CanFrame(vector["can_id"], bytes.fromhex(vector["data_hex"]), 1)
        for dialect in ("pylontech", "victron", "sma", "discover"):
            decoder = load("lv_can").decoder("b1", {"dialect": dialect})
            (reading,) = [*decode(decoder, [frame]), *tidied(decoder.finish())]
            for name, value in vector["expected"].items():
                if name in NAMES:
                    assert reading.values[NAMES[name]] == value
                elif name in STATES:
                    assert reading.states[STATES[name]] == value
                elif name == "temp_c":
                    assert reading.arrays["cell_temperature"] == (value,)
                else:
                    code = {"min_temp_k": "temperature_min", "max_temp_k": "temperature_max"}[name]
                    assert reading.values[code] == value - 273
