"""A Libre Solar charge controller as ThingSet shows it: panels, the battery, a load; no I/O.

The panels follow the pack's clock; what they do not give, the battery does or takes. Values are
written with the decimals the firmware uses, and its sign: positive where current leaves the device.
"""

from math import pi, sin

from ._thingset_device import Device, Items, written
from .pack import Pack

REPORTED = ("rMeas_V", "rMeas_A", "rSOC_pct", "rState", "rErrorFlags", "rDCDCState")
"""In each group, with what is counted by the day."""
DAWN, DUSK = 6.0, 18.0
PANEL_V = 1.6
"""Voltage of the panels at work, in voltages of the battery."""
LOAD_C = 0.05
"""Current of the load, in capacities of the battery an hour."""
CHARGE_STATES = {False: 0, True: 1}
MPPT_AT_WORK, CONVERTER_OFF, LOAD_ON = 1, 0, 1
FLAGS = {"cell_undervoltage": 0, "cell_overvoltage": 1}


def groups(pack: Pack) -> dict[str, Items]:
    """Everything it shows of itself, by group."""
    volts, amperes = pack.voltage, pack.current
    load = pack.spec.capacity_ah * LOAD_C
    solar = max(0.0, amperes + load) * volts if DAWN < pack.hour < DUSK else 0.0
    panels = volts * PANEL_V * (0.7 + 0.3 * _sun(pack.hour))
    hot = 9 if pack.charging else 7
    return {
        "Device": {
            "cManufacturer": '"Libre Solar"',
            "cType": '"MPPT 2420 HC"',
            "cFirmwareVersion": '"v22.0"',
            "rUptime_s": str(int(pack.time)),
            "rErrorFlags": str(sum(1 << bit for code, bit in FLAGS.items() if code in pack.alarms)),
            "rInt_degC": f"{pack.ambient + hot:.1f}",
        },
        "Battery": {
            "rMeas_V": f"{volts:.2f}",
            "rMeas_A": f"{amperes:.2f}",
            "rCalc_W": f"{volts * amperes:.2f}",
            "rMeas_degC": f"{max(pack.temperatures, default=25.0):.1f}",
            "rTempExt": "true" if pack.temperatures else "false",
            "rSOC_pct": str(round(pack.soc)),
            "sNom_Ah": f"{pack.spec.capacity_ah:.1f}",
        },
        "Charger": {
            "rState": str(CHARGE_STATES[pack.charging]),
            "rControlTarget_V": f"{pack.chemistry.charge * pack.spec.cells:.2f}",
            "rDCDCState": str(MPPT_AT_WORK if solar else CONVERTER_OFF),
        },
        "Solar": {
            "rMeas_V": f"{panels:.2f}",
            "rMeas_A": f"{-solar / panels:.2f}" if panels else "0.00",
            "rCalc_W": f"{-solar:.2f}",
            "pInDay_Wh": f"{solar:.2f}",
        },
        "Load": {
            "rMeas_A": f"{load:.2f}",
            "rCalc_W": f"{load * volts:.2f}",
            "rState": str(LOAD_ON),
            "pOutDay_Wh": f"{load * volts:.2f}",
        },
    }


class ChargeController(Device):
    """It talks like a BMS of v23.1, of other things."""

    def __init__(self, pack: Pack) -> None:
        super().__init__(pack, "v23.1", 0)
        self.name = "mppt"

    def groups(self) -> dict[str, Items]:
        return groups(self.pack)

    def reported(self) -> dict[str, Items]:
        """What it says unasked, on a line and on CAN."""
        return {
            group: {k: v for k, v in items.items() if k in REPORTED or k.endswith("Day_Wh")}
            for group, items in self.groups().items()
        }

    def report(self) -> bytes:
        told = ",".join(f'"{name}":{written(items)}' for name, items in self.reported().items())
        return self.line(f"#mSerial {{{told}}}")


def _sun(hour: float) -> float:
    """0 at dawn and dusk, 1 at noon."""
    return max(0.0, sin(pi * (hour - DAWN) / (DUSK - DAWN)))
