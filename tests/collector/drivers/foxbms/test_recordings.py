"""Complete traffic ends up in the reading it was made from; a real capture in its real values."""

import json

import pytest

from tests.collector.drivers.foxbms.frames import recording
from tests.requirement import shared

FLAGS = {
    "AlertFlag": ("vendor:foxbms:AlertFlag", "critical"),
    "GeneralError": ("general_error", "critical"),
    "SystemMonitoringError": ("system_fault", "critical"),
    "GeneralWarning": ("general_warning", "warning"),
    "foxBMS_generalWarning": ("general_warning", "warning"),
    "UndervoltageMslError": ("cell_undervoltage", "critical"),
    "OvervoltageMolWarning": ("cell_overvoltage", "info"),
    "String0_Err_openWire": ("open_wire", "critical"),
    "String0_Warning_overvoltage_MOL": ("cell_overvoltage", "info"),
    "String0_Wrng_chargeUnderTemp_RSL": ("undertemperature_charge", "warning"),
}
STATES = {
    "InsulationMonitoring": "x_insulation_monitoring",
    "IsBalancingActive": "balancing_active",
}


def expected(name: str) -> dict:
    return json.loads(shared(f"reference/data/foxbms/{name}.expected.json").read_text())


def with_unknown(values, unknown, factor):
    return [None if i in unknown else round(v * factor, 3) for i, v in enumerate(values)]


def flags_of(facts: dict) -> tuple[list[str], list[str]]:
    if "flags_set" in facts:
        return facts["flags_set"]["bms"], facts["flags_set"]["string0"]
    return facts["bms_flags_set"], facts["string_flags_set"]["0"]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("traffic-v1.6", {"generation": "1.6", "cells": 14}),
        ("traffic-v1.10-error", {"generation": "1.10"}),
        ("traffic-v1.11-1string", {}),
    ],
)
def test_traffic(name, options):
    facts = expected(name)
    tally, readings = recording(f"{name}.log", **options)
    reading = readings[-1]
    assert tally.frames == facts["frames"]
    assert tally.bad == 0
    assert not tally.warnings
    assert reading.arrays["cell_voltage"] == tuple(
        with_unknown(facts["cells_mV"], facts["cells_invalid"], 0.001)
    )
    assert reading.arrays["cell_temperature"] == tuple(
        with_unknown(facts["temps_degC"], facts.get("temps_invalid", ()), 1)
    )
    assert reading.values["pack_voltage"] == facts["pack_voltage_V"]
    assert reading.values["current"] == facts["pack_current_A_charge_positive"]
    assert "soh" not in reading.values
    assert reading.states["soh_provided"] is False
    assert reading.states["bms_state"] == facts["bms_state"].removeprefix("BMS_")
    strings = facts["string_soc_pct"]
    if isinstance(strings, dict):
        assert reading.values["soc"] == strings["avg"]
    else:
        assert reading.values["soc"] == pytest.approx((strings[0]["min"] + strings[0]["max"]) / 2)
        assert reading.states["strings_connected"] == facts["connected_strings"]
        assert reading.arrays["string_voltage"] == tuple(facts["string_voltage_V"])
        assert reading.arrays["string_current"] == tuple(
            -a for a in facts["string_current_A_on_wire"]
        )
    pack, string = flags_of(facts)
    assert {(a.code, a.severity, a.index) for a in reading.alarms} == {
        (*FLAGS[flag], None) for flag in pack if flag in FLAGS
    } | {(*FLAGS[flag], 0) for flag in string if flag in FLAGS}
    assert all(reading.states[STATES[f]] for f in pack + string if f in STATES)


def test_traffic_is_shown_as_often_as_it_is_complete():
    _, readings = recording("traffic-v1.11-1string.log")
    times = [reading.ts for reading in readings]
    assert [b - a for a, b in zip(times, times[1:], strict=False)][:5] == [500] * 5


def test_a_real_capture_too_short_for_a_complete_reading():
    tally, (reading,) = recording("capture-bench-2025.trc", generation="1.10", invalid_when="1")
    assert (
        reading.arrays["cell_voltage"] == (None,) * 8 + (1.996, 2.005, 2.001, 1.999) + (None,) * 6
    )
    assert reading.arrays["cell_temperature"] == (None,) * 6 + (25, 25)
    assert reading.values["pack_voltage"] == 63.93
    assert reading.values["current"] == 0
    assert (reading.values["cell_voltage_min"], reading.values["cell_voltage_max"]) == (
        1.994,
        2.006,
    )
    assert (reading.values["temperature_min"], reading.values["temperature_max"]) == (25, 26)
    assert reading.values["charge_voltage_limit"] == 88
    assert reading.values["insulation_resistance"] == 1000
    assert "soc" not in reading.values
    assert "x_coolant_inlet_temperature" not in reading.values
    assert reading.states["bms_state"] == "ERROR"
    assert reading.states["mode"] == "fault"
    assert reading.states["contactor"] is False
    assert [alarm.code for alarm in reading.alarms] == [
        "communication_fault",
        "emergency_stop",
        "general_error",
        "system_fault",
        "vendor:foxbms:AlertFlag",
    ]
    assert not tally.warnings
