"""Recordings of foxBMS traffic and what they say, as the files beside them have it."""

import json
from dataclasses import dataclass, field
from typing import Any

from tests.requirement import shared

NOT_ALARMS = {"InsulationMonitoring", "IsBalancingActive"}
ALARM_BITS = ("SystemMonitoringError", "EmergencyShutoff", "GeneralError", "AlertFlag", "CanTimingError")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Facts:
    """What a recording says. Volts, amperes (charging positive), percent, °C; unknown is None."""

    voltage: float
    current: float
    soc: float | None
    state: str
    cells: list[float | None]
    sensors: list[float | None]
    alarms: int


@dataclass(frozen=True, slots=True)
class Capture:
    """A recording, the battery it stands for, and how a driver is told to read it."""

    uid: str
    file: str
    generation: str
    options: dict[str, Any] = field(default_factory=dict)

    def facts(self) -> Facts:
        path = shared("reference/data/foxbms", self.file.rsplit(".", 1)[0] + ".expected.json")
        document = json.loads(path.read_text())
        return _of_frames(document, self.options) if self.file.endswith("trc") else _whole(document)


CAPTURES = (
    Capture("FOX-2-0111", "traffic-v1.11-1string.log", "1.11"),
    Capture("FOX-2-0110", "traffic-v1.10-error.log", "1.10"),
    Capture("FOX-2-0016", "traffic-v1.6.log", "1.6", {"cells": 14}),
    Capture(
        "FOX-2-2025", "capture-bench-2025.trc", "1.10",
        {"invalid_when": "1", "cells": 18, "temperatures": 12},
    ),
)  # fmt: skip


def _whole(document: dict[str, Any]) -> Facts:
    strings = document["string_soc_pct"]
    soc = strings["avg"] if isinstance(strings, dict) else sum(strings[0].values()) / 2
    given = document.get("flags_set") or {
        "bms": document["bms_flags_set"],
        "string0": document["string_flags_set"]["0"],
    }
    return Facts(
        voltage=document["pack_voltage_V"],
        current=document["pack_current_A_charge_positive"],
        soc=soc,
        state=document["bms_state"].removeprefix("BMS_"),
        cells=_with_unknown(document["cells_mV"], document["cells_invalid"], 1000),
        sensors=_with_unknown(document["temps_degC"], document.get("temps_invalid", ()), 1),
        alarms=len({*given["bms"], *given["string0"]} - NOT_ALARMS),
    )


def _of_frames(document: dict[str, Any], options: dict[str, Any]) -> Facts:
    """A capture too short to hold everything: what its single frames say."""
    said: dict[str, Any] = {}
    for frame in document["frames"]:
        said |= frame["values"]
    volts = [said.get(f"CellVoltage_{i:03}") for i in range(options["cells"])]
    warmth = [said.get(f"CellTemperature_{i:03}") for i in range(options["temperatures"])]
    return Facts(
        voltage=said["Voltage"],
        current=-said["Current"],
        soc=None,
        state="ERROR",
        cells=[None if v is None else v / 1000 for v in volts],
        sensors=warmth,
        alarms=sum(said[name] for name in ALARM_BITS),
    )


def _with_unknown(values: list[int], unknown: Any, divisor: int) -> list[float | None]:
    return [None if i in unknown else value / divisor for i, value in enumerate(values)]
