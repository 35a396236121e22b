"""What items mean: flags, states, cells that are not there, two voltages, several nodes."""

import json

import pytest

from collector.drivers.base import Bytes, OptionError, load
from collector.wire.alarms import ALARMS

DRIVER = load("libresolar")


def report(items, path="mLive"):
    return f"#{path} {json.dumps({'Meas': items})}\r\n".encode()


def read(items, decoder=None, **options):
    decoder = decoder or DRIVER.decoder("a", options)
    (reading,) = decoder.feed(Bytes(report(items), 7))
    return reading


@pytest.mark.parametrize(
    ("bit", "code"),
    [
        (0, "cell_undervoltage"),
        (1, "cell_overvoltage"),
        (2, "short_circuit"),
        (3, "overcurrent_discharge"),
        (4, "overcurrent_charge"),
        (5, "open_wire"),
        (6, "undertemperature_discharge"),
        (7, "overtemperature_discharge"),
        (8, "undertemperature_charge"),
        (9, "overtemperature_charge"),
        (10, "overtemperature_bms"),
        (11, "cell_imbalance"),
        (12, "contactor_fault"),
        (13, "contactor_fault"),
        (14, "overtemperature_mosfet"),
    ],
)
def test_error_flag(bit, code):
    (alarm,) = read({"rErrorFlags": 1 << bit, "rBmsState": 3}).alarms
    severity = "critical" if code == "cell_imbalance" else ALARMS[code]
    assert (alarm.code, alarm.severity, alarm.index) == (code, severity, None)
    (old,) = DRIVER.decoder("a", {}).feed(
        Bytes(b'# {"ErrorFlags":%d,"BmsState":3}\n' % (1 << bit), 7)
    )
    assert old.alarms == (alarm,)


@pytest.mark.parametrize("bit", range(15, 32))
def test_undocumented_flags_stay_visible(bit):
    (alarm,) = read({"rErrorFlags": 1 << bit, "rBmsState": 3}).alarms
    assert alarm.code == f"vendor:libresolar:error_bit_{bit}"


@pytest.mark.parametrize(
    ("state", "flags", "word", "charge", "discharge"),
    [
        (0, 0, "OFF", False, False),
        (1, 0, "CHG", True, False),
        (2, 0, "DIS", False, True),
        (3, 0, "NORMAL", True, True),
        (4, 0, "SHUTDOWN", False, False),
        (3, 1 << 12, "NORMAL", True, False),
        (3, 1 << 13, "NORMAL", False, True),
        (9, 0, "9", False, False),
    ],
)
def test_state(state, flags, word, charge, discharge):
    states = read({"rBmsState": state, "rErrorFlags": flags}).states
    assert states["bms_state"] == word
    assert (states["contactor_charge"], states["contactor_discharge"]) == (charge, discharge)


@pytest.mark.parametrize(
    ("amperes", "mode"), [(12.5, "charging"), (-0.06, "discharging"), (0.01, "idle")]
)
def test_current_is_positive_while_charging(amperes, mode):
    reading = read({"rPackCurrent_A": amperes, "rBmsState": 3})
    assert (reading.values["current"], reading.states["mode"]) == (amperes, mode)


def test_unknown_is_absent():
    reading = read(
        {
            "rPackVoltage_V": 51.2,
            "rPackCurrent_A": None,
            "rSOC_pct": "?",
            "rICTemp_degC": True,
            "rBatTemp_degC": None,
            "rErrorFlags": 1.5,
            "rBmsState": None,
            "rCellVoltages_V": "no",
        }
    )
    assert reading.values == {"pack_voltage": 51.2}
    assert reading.arrays == {"cell_temperature": (None,)}
    assert (reading.states, reading.alarms) == ({}, ())


def test_nothing_known_is_no_reading():
    decoder = DRIVER.decoder("a", {})
    assert list(decoder.feed(Bytes(report({"rPackCurrent_A": None}), 7))) == []
    assert list(decoder.feed(Bytes(b'#eLog {"rMessage":"hot"}\r\n', 8))) == []
    assert (decoder.tally.frames, decoder.tally.readings, decoder.tally.bad) == (2, 0, 0)


@pytest.mark.parametrize(
    ("cells", "shown"),
    [
        ("3", (3.3, None, 3.4)),
        ("1", (3.3,)),
        ("1,3", (3.3, 3.4)),
        ("1-2,6", (3.3, None, None)),
    ],
)
def test_only_inputs_with_a_cell_are_shown(cells, shown):
    reading = read({"rCellVoltages_V": [3.3, 0.02, 3.4, 0.01, None]}, cells=cells)
    assert reading.arrays["cell_voltage"] == shown


def test_inputs_without_a_cell_end_where_the_voltages_do():
    reading = read({"rCellVoltages_V": [3.3, 0.02, 3.4, 0.01, None]})
    assert reading.arrays["cell_voltage"] == (3.3, None, 3.4)


def test_a_cell_that_was_there_is_unknown_not_forgotten():
    decoder = DRIVER.decoder("a", {})
    read({"rCellVoltages_V": [3.3, 3.4, 0.0]}, decoder)
    assert not decoder.tally.warnings
    reading = read({"rCellVoltages_V": [3.3, 0.1, 0.0]}, decoder)
    assert reading.arrays["cell_voltage"] == (3.3, None)
    assert [text[:7] for text in decoder.tally.warnings] == ["input 2"]


@pytest.mark.parametrize("text", ["", "x", "0", "33", "1-", "-3", "3-1", "1,x", "²"])
def test_impossible_cells_are_refused(text):
    with pytest.raises(OptionError, match="cells"):
        DRIVER.decoder("a", {"cells": text})


def test_open_switches_hide_the_terminals_only():
    cells = [3.3, 3.3]
    for state, sent, shown in [(0, 0.4, 6.6), (4, 0.4, 6.6), (3, 0.4, 0.4), (0, 6.61, 6.61)]:
        items = {"rPackVoltage_V": sent, "rBmsState": state, "rCellVoltages_V": cells}
        assert read(items).values["pack_voltage"] == shown
    items = {"rPackVoltage_V": 0.4, "rBmsState": 0, "rCellVoltages_V": [3.3, 0.0, 3.3]}
    assert read(items).values["pack_voltage"] == 0.4, "no sum with a cell unknown"


def test_one_node_behind_a_gateway():
    one, two = (report({"rSOC_pct": n}, f"/NODE{n}/mLive") for n in (1, 2))
    for options, socs in [({}, [1, 1]), ({"node": "NODE2"}, [2, 2])]:
        decoder = DRIVER.decoder("a", options)
        readings = list(decoder.feed(Bytes(one + two + one + two, 7)))
        assert [reading.values["soc"] for reading in readings] == socs
        assert any("node" in text for text in decoder.tally.warnings)
    assert list(decoder.feed(Bytes(report({"rSOC_pct": 3}), 8))) == []


def test_other_inputs_are_counted():
    from collector.drivers.base import CanFrame

    decoder = DRIVER.decoder("a", {})
    assert list(decoder.feed(CanFrame(1, b"", 0))) == []
    assert decoder.tally.reasons == {"not_serial": 1}
