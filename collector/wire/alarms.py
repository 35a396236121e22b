"""Canonical alarm codes: what a BMS itself complains about, whatever its make.

A driver maps its fault bits to these; a bit without a counterpart stays visible as
`vendor:<driver>:<code>` and is never dropped.
"""

from dataclasses import dataclass

SEVERITIES = ("info", "warning", "critical")

ALARMS: dict[str, str] = {
    "cell_overvoltage": "critical",
    "cell_undervoltage": "critical",
    "pack_overvoltage": "critical",
    "pack_undervoltage": "critical",
    "deep_discharge": "critical",
    "overcurrent_charge": "critical",
    "overcurrent_discharge": "critical",
    "short_circuit": "critical",
    "overtemperature": "critical",
    "overtemperature_charge": "critical",
    "overtemperature_discharge": "critical",
    "overtemperature_mosfet": "critical",
    "overtemperature_bms": "critical",
    "undertemperature": "warning",
    "undertemperature_charge": "warning",
    "undertemperature_discharge": "warning",
    "undertemperature_bms": "warning",
    "cell_imbalance": "warning",
    "temperature_spread": "warning",
    "soc_low": "warning",
    "open_wire": "critical",
    "voltage_sensor_fault": "critical",
    "temperature_sensor_fault": "critical",
    "current_sensor_fault": "critical",
    "communication_fault": "critical",
    "contactor_fault": "critical",
    "precharge_fault": "critical",
    "fuse_blown": "critical",
    "insulation_fault": "critical",
    "interlock_open": "critical",
    "emergency_stop": "critical",
    "balancing_fault": "warning",
    "memory_fault": "warning",
    "system_fault": "critical",
    "general_warning": "warning",
    "general_error": "critical",
}
"""Code to default severity; a driver that knows better says so in the alarm."""

VENDOR = "vendor:"


@dataclass(frozen=True, slots=True, order=True)
class Alarm:
    """One complaint. `index` counts cells, sensors or strings from 0; None concerns the pack."""

    code: str
    severity: str = "warning"
    index: int | None = None

    def to_json(self) -> dict:
        return {"code": self.code, "severity": self.severity, "index": self.index}


def alarm(code: str, index: int | None = None, severity: str | None = None) -> Alarm:
    """A canonical alarm with its default severity unless the BMS states one."""
    return Alarm(code, severity or ALARMS[code], index)


def vendor_alarm(
    driver: str, code: str | int, index: int | None = None, severity: str = "warning"
) -> Alarm:
    """An alarm that only this make of BMS has."""
    return Alarm(f"{VENDOR}{driver}:{code}", severity, index)
