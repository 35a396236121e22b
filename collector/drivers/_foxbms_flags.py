"""What foxBMS complains about: its error bits as alarms.

foxBMS has three levels of limits. Past the maximum safety limit (MSL) it opens the contactors: such
bits are critical. The recommended safety limit (RSL) is a warning, and the maximum operating limit
(MOL), crossed in the ordinary course of a day, an information.
"""

from dataclasses import dataclass

from ..signals.signal import Signal
from ..wire.alarms import Alarm, alarm, vendor_alarm


@dataclass(frozen=True, slots=True)
class Flag:
    """A field that is zero while all is well. `code` is canonical, or None for foxBMS's own."""

    name: str
    signal: Signal
    code: str | None = None
    severity: str | None = None

    def alarm(self, index: int | None) -> Alarm:
        if self.code:
            return alarm(self.code, index, self.severity)
        return vendor_alarm("foxbms", self.name, index, self.severity or "warning")


def _bits(*rows: tuple) -> tuple[Flag, ...]:
    return tuple(Flag(name, Signal(bit, 1), *rest) for bit, name, *rest in rows)


_LIMITS = (
    ("OvertemperatureCharge", "overtemperature_charge"),
    ("UndertemperatureCharge", "undertemperature_charge"),
    ("OvertemperatureDischarge", "overtemperature_discharge"),
    ("UndertemperatureDischarge", "undertemperature_discharge"),
    ("CellOvercurrentCharge", "overcurrent_charge"),
    ("CellOvercurrentDischarge", "overcurrent_discharge"),
    ("Overvoltage", "cell_overvoltage"),
    ("Undervoltage", "cell_undervoltage"),
)


def _limits(first: int, suffix: str, severity: str) -> tuple[Flag, ...]:
    return tuple(
        Flag(name + suffix, Signal(first + i, 1), code, severity)
        for i, (name, code) in enumerate(_LIMITS)
    )


STATE_DETAILS = _bits(
    (0, "TimingViolationEngineTask"),
    (1, "TimingViolation1msTask"),
    (2, "TimingViolation10msTask"),
    (3, "TimingViolation100msTask"),
    (4, "TimingViolation100msAlgoTask"),
    (8, "TimingViolationEngineTaskRecorded"),
    (9, "TimingViolation1msTaskRecorded"),
    (10, "TimingViolation10msTaskRecorded"),
    (11, "TimingViolation100msTaskRecorded"),
    (12, "TimingViolation100msAlgoTaskRecorded"),
)

BMS_STATE_G1 = _bits(
    (9, "GeneralWarning", "general_warning"),
    (10, "GeneralError", "general_error"),
    (11, "EmergencyShutoff", "emergency_stop"),
    (12, "SystemMonitoringError", "system_fault"),
    (16, "PrechargeVoltageError", "precharge_fault"),
    (17, "PrechargeCurrentError", "precharge_fault"),
    (18, "McuDieTemperatureError", "overtemperature_bms"),
    (19, "BmsMasterPcbOvertemperatureError", "overtemperature_bms"),
    (20, "BmsMasterPcbUndertemperatureError", "undertemperature_bms"),
    (21, "MainFuseBlown", "fuse_blown"),
    (22, "InterlockState", "interlock_open"),
    (23, "InsulationError", "insulation_fault"),
    (24, "CanTimingError", "communication_fault"),
    (25, "PackOvercurrentChargeError", "overcurrent_charge"),
    (26, "PackOvercurrentDischargeError", "overcurrent_discharge"),
    (27, "AlertFlag", None, "critical"),
    (28, "NvramCrcError", "memory_fault"),
) + (Flag("StringsDeactivated", Signal(51, 4)),)

BMS_STATE = BMS_STATE_G1 + _bits((30, "Clamp30cError", None, "critical"))

_STRING_STATE = (
    _limits(8, "MslError", "critical")
    + _limits(16, "MolWarning", "info")
    + _limits(24, "RslWarning", "warning")
    + _bits(
        (6, "IsStringFuseBlown", "fuse_blown"),
        (7, "DeepDischargeError", "deep_discharge"),
        (32, "PositiveContactorError", "contactor_fault"),
        (33, "NegativeContactorError", "contactor_fault"),
        (34, "SlaveHardwareError", "system_fault"),
        (35, "DaisyChainBaseCommunicationError", "communication_fault"),
        (37, "DaisyChainBaseCrcError", "communication_fault"),
        (39, "DaisyChainBaseVoltMeasOorError", "voltage_sensor_fault"),
        (41, "DaisyChainBaseTempMeasOorError", "temperature_sensor_fault"),
        (43, "StringCurrentMeasurementError", "current_sensor_fault"),
        (44, "CoulombCountingMeasurementError", "current_sensor_fault"),
        (45, "EnergyCountingMeasurementError", "current_sensor_fault"),
        (46, "StringVoltageMeasurementError", "voltage_sensor_fault"),
        (47, "FusedStringVoltageMeasurementError", "voltage_sensor_fault"),
        (48, "PackVoltageMeasurementError", "voltage_sensor_fault"),
        (49, "OpenWireError", "open_wire"),
        (51, "CellTemperaturePlausibilityError", "temperature_sensor_fault"),
        (52, "CellVoltagePlausibilityError", "voltage_sensor_fault"),
        (53, "StringVoltagePlausibilityError", "voltage_sensor_fault"),
        (54, "TemperatureSpreadPlausibilityError", "temperature_spread"),
        (55, "VoltageSpreadPlausibilityError", "cell_imbalance"),
    )
)
STRING_STATE_G1 = _STRING_STATE + _bits(
    (36, "DaisyChainRedundantCommunicationError", "communication_fault"),
    (38, "DaisyChainRedundantCrcError", "communication_fault"),
    (40, "DaisyChainRedundantVoltMeasOorError", "voltage_sensor_fault"),
    (42, "DaisyChainRedundantTempMeasOorError", "temperature_sensor_fault"),
)
STRING_STATE = _STRING_STATE + _bits((63, "StringOvercurrentError", None, "critical"))

NO_FATAL_ERROR = 85
_FATAL = {
    0: "system_fault",
    1: "communication_fault",
    2: "communication_fault",
    3: "communication_fault",
    4: "system_fault",
    5: "communication_fault",
    8: "current_sensor_fault",
    9: "current_sensor_fault",
    10: "current_sensor_fault",
    17: "cell_overvoltage",
    18: "cell_overvoltage",
    20: "cell_undervoltage",
    23: "overtemperature_charge",
    26: "overtemperature_discharge",
    29: "undertemperature_charge",
    32: "undertemperature_discharge",
    35: "overcurrent_charge",
    38: "overcurrent_discharge",
    41: "overcurrent_charge",
    44: "overcurrent_discharge",
    47: "overcurrent_charge",
    48: "overcurrent_discharge",
    50: "deep_discharge",
    52: "voltage_sensor_fault",
    53: "interlock_open",
    54: "contactor_fault",
    55: "contactor_fault",
    56: "precharge_fault",
    **dict.fromkeys(range(65, 72), "current_sensor_fault"),
}
"""As v1.11 counts them. v1.10 has one more in front, older releases about two."""


def fatal_alarm(code: int, version: tuple[int, int]) -> Alarm | None:
    """The alarm of a fatal error code; where the list is not known, one with the bare number."""
    if code == NO_FATAL_ERROR:
        return None
    known = None
    if version >= (1, 10):
        known = _FATAL.get(code if version >= (1, 11) else code - 1)
    if known:
        return alarm(known, severity="critical")
    return vendor_alarm("foxbms", f"FatalError{code}", severity="critical")
