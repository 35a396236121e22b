"""Documents of a ThingSet gateway: recorded, asked for, damaged."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.commands.decode import summary
from collector.decoding import decode, tidied
from collector.drivers.base import Bytes, Document, Fetch, load
from collector.formats import base as formats
from collector.wire.reading import from_json, tidy

CASES = sorted((Path(__file__).parents[3] / "data/frames/libresolar_http").iterdir())
DRIVER = load("libresolar_http")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_recording(case):
    expected = json.loads((case / "expected.json").read_text())
    decoder = DRIVER.decoder("a", expected["options"])
    with (case / "input.json").open("rb") as stream:
        readings = [*decode(decoder, formats.load("json").read(stream)), *tidied(decoder.finish())]
    assert [reading.flat() for reading in readings] == expected["readings"]
    assert summary(decoder.tally) == expected["summary"]


def test_a_bms_is_asked_who_it_is_until_it_has_said_so():
    decoder = DRIVER.decoder("a", {})
    everything = (Fetch("Meas"), Fetch("Device"), Fetch("Conf"))
    assert [decoder.requests(0) for _ in range(4)] == [everything] * 3 + [everything[:1]]
    decoder = DRIVER.decoder("a", {})
    assert decoder.requests(0) == everything
    identity = {"cFirmwareVersion": "v1", "pNodeID": "A1", "sNominalCapacity_Ah": 9}
    assert list(decoder.feed(Document(identity, 1, "Device"))) == []
    assert decoder.requests(0) == everything[:1]
    assert DRIVER.sends == frozenset()


def test_v21_gives_its_cells_apart():
    decoder = DRIVER.decoder("a", {"firmware": "v21"})
    assert decoder.requests(0) == (Fetch("output"), Fetch("output/Cells_V"))
    assert list(decoder.feed(Document({"Bat_V": 6.6, "BmsState": 3}, 5, "output"))) == []
    assert list(decoder.feed(Document([3.3, 3.31, 0.01], 9, "output/Cells_V"))) == []
    (reading,) = decoder.finish()
    assert (reading.ts, reading.arrays["cell_voltage"]) == (5, (3.3, 3.31))
    assert list(decoder.finish()) == []


def test_a_charge_controller_is_read_group_by_group():
    decoder = DRIVER.decoder("a", {"device": "mppt"})
    for path, data in [
        ("Battery", {"rMeas_V": 13.2, "rMeas_A": -1.5, "rMeas_degC": 25.0, "rTempExt": False}),
        ("Solar", {"rMeas_V": 30.5, "rMeas_A": -0.5, "rCalc_W": -15.2}),
        ("Load", {"rMeas_A": 2.0, "rState": -9}),
        ("Charger", {"rState": 3, "rDCDCState": 9}),
        ("Device", {"rErrorFlags": 1 << 13 | 1 << 14 | 1 << 20}),
    ]:
        assert list(decoder.feed(Document(data, 7, path))) == []
    (reading,) = decoder.finish()
    assert reading.values == pytest.approx(
        {
            "pack_voltage": 13.2,
            "current": -1.5,
            "pv_voltage": 30.5,
            "pv_current": 0.5,
            "pv_power": 15.2,
            "load_current": 2.0,
            "load_power": 26.4,
        }
    )
    assert reading.arrays == {}, "without a sensor the firmware takes 25 °C"
    assert reading.states == {
        "bms_state": "float",
        "x_converter": "9",
        "load_on": False,
        "mode": "discharging",
    }
    assert {alarm.code for alarm in reading.alarms} == {
        "overtemperature_bms",
        "vendor:libresolar:mosfet_short",
        "vendor:libresolar:error_bit_20",
        "vendor:libresolar:load_shed",
        "short_circuit",
    }


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "rMeas_V",
                    "rErrorFlags",
                    "rState",
                    "Battery",
                    "rCellVoltages_V",
                    "Cells_V",
                    "rBmsState",
                    "cFirmwareVersion",
                    "Load/rState",
                    "/",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@pytest.mark.parametrize("device", ["bms", "mppt"])
@given(st.lists(st.tuples(VALUES, st.sampled_from(["", "Meas", "Battery", "Load", "x/y"]))))
def test_any_documents(device, documents):
    decoder = DRIVER.decoder("a", {"device": device})
    found = [r for data, path in documents for r in decoder.feed(Document(data, 1, path))]
    for reading in [*found, *decoder.finish(), *decoder.feed(Bytes(b"", 0))]:
        from_json(tidy(reading)[0].to_json())
