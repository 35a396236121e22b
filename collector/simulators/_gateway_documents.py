"""A pack as bridges in front of a foxBMS write it: one shape per document map of ours."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .pack import Pack

STATES = {False: (5, "STANDBY"), True: (7, "NORMAL")}
LEVELS = {
    "cell_undervoltage": "UNDERVOLTAGE_MSL",
    "cell_overvoltage": "OVERVOLTAGE_MSL",
    "overtemperature": "OVERTEMPERATURE_DISCHARGE_MSL",
}
"""What the pack complains about, in the words of a foxBMS; the rest it does not say."""


def flat(pack: Pack, ts: int) -> dict[str, Any]:
    """As pushed by a small bridge: mV, mA, tenths of a degree, discharge positive."""
    state, name = STATES[pack.current != 0]
    cells = [round(1000 * volt) for volt in pack.cell_voltages]
    return {
        "timestamp": ts / 1000,
        "bms_state": state,
        "bms_state_name": name,
        "connected_strings": pack.spec.strings,
        "soc_pct": round(pack.soc, 2),
        "pack_voltage_mv": round(1000 * pack.voltage),
        "pack_current_ma": round(-1000 * pack.current),
        "cell_voltages": cells,
        "cell_temps_ddegc": [round(10 * degrees) for degrees in pack.temperatures],
        "cell_v_min": min(cells),
        "cell_v_max": max(cells),
        "diag_fault_count": len(pack.alarms),
        "diag_bitmap": sum(1 << i for i, code in enumerate(LEVELS) if code in pack.alarms),
        "event_log": [],
    }


def nested(pack: Pack, ts: int) -> dict[str, Any]:
    """As answered by a REST gateway: strings and cells with their numbers and validity."""
    return {
        "device": {"id": f"fox-{pack.spec.seed}", "fw": "1.10.0"},
        "data": {
            "pack": {
                "voltage": round(pack.voltage, 2),
                "current": round(pack.current, 2),
                "soc": round(pack.soc, 1),
                "soh": round(pack.soh, 1),
            },
            "strings": [_string(pack, number) for number in range(pack.spec.strings)],
            "ambient": {"temp": round(pack.ambient, 1)},
            "cycles": int(pack.cycles),
            "alarms": [
                {"code": code, "active": ours in pack.alarms, "level": "error"}
                for ours, code in LEVELS.items()
            ],
        },
    }


def _string(pack: Pack, number: int) -> dict[str, Any]:
    cells = _share(pack.cell_voltages, number, pack.spec.cells)
    sensors = _share(pack.temperatures, number, pack.spec.temperatures)
    return {
        "id": number,
        "cells": [{"n": n, "u": round(u, 3), "valid": True} for n, u in enumerate(cells)],
        "temperatures": [{"n": n, "t": round(t, 1)} for n, t in enumerate(sensors)],
    }


def _share(values: Sequence[float], number: int, length: int) -> Sequence[float]:
    return values[number * length : (number + 1) * length]


DOCUMENTS: Mapping[str, Callable[[Pack, int], dict[str, Any]]] = {
    "foxbms_flat": flat,
    "foxbms_nested": nested,
}
"""By the name of the document map that reads them."""
