"""Lead acid (VRLA, AGM, OPzV): volts per 2 V cell; on charge, as they would be at 25 °C."""

from app.processor.rules.base import ABOVE, BELOW, CRITICAL, URGENT, WARNING

from . import topics
from .base import AT_ONCE, HOUR, IN_DISCHARGE, MINUTE, DefaultSet, above, below

ON_CHARGER = ("charge_rate", ABOVE, -0.005)
"""Not discharging, but for what measures badly near zero."""
IN_FLOAT = (ON_CHARGER, ("charge_rate", BELOW, 0.05))
NIGHTLY = {"source": "figures", **AT_ONCE}

DEFAULTS = DefaultSet(
    "lead",
    frozenset({"LEAD"}),
    (
        above(
            "P1", "compensated_volts", 2.30, 2.28, WARNING, topics.FLOAT_HIGH, IN_FLOAT,
            for_s=24 * HOUR, clear_for_s=HOUR,
        ),
        above("P2", "compensated_volts", 2.45, 2.40, CRITICAL, topics.FLOAT_HIGH, for_s=HOUR),
        below(
            "P3", "compensated_volts", 2.20, 2.23, WARNING, topics.FLOAT_LOW, (ON_CHARGER,),
            for_s=6 * HOUR,
        ),
        below(
            "P4a", "volts_per_cell", 1.95, 2.05, WARNING, topics.CELL_LOW, (IN_DISCHARGE,), for_s=60
        ),
        below(
            "P4b", "volts_per_cell", 1.85, 2.05, CRITICAL, topics.CELL_LOW, (IN_DISCHARGE,),
            for_s=30,
        ),
        below(
            "P4c", "volts_per_cell", 1.75, 2.05, URGENT, topics.CELL_EMPTY, (IN_DISCHARGE,),
            for_s=10,
        ),
        above("P5a", "temperature_max", 30, 27, WARNING, topics.HOT, for_s=6 * HOUR),
        above("P5b", "temperature_max", 40, 37, CRITICAL, topics.HOT, for_s=HOUR / 2),
        above("P5c", "temperature_max", 50, 47, URGENT, topics.RUNAWAY, for_s=5 * MINUTE),
        above("P6", "above_ambient", 10, 6, URGENT, topics.RUNAWAY, for_s=10 * MINUTE),
        above("P7a", "float_ratio", 2, 1.5, WARNING, topics.FLOAT_CURRENT, **NIGHTLY),
        above("P7b", "float_ratio", 4, 1.5, CRITICAL, topics.FLOAT_CURRENT, **NIGHTLY),
        above("P8", "deviation", 2, 1.5, WARNING, topics.BLOCK_APART, for_s=5 * MINUTE),
        above("P9a", "ohmic_rise", 20, 15, WARNING, topics.RESISTANCE, **NIGHTLY),
        above("P9b", "ohmic_rise", 50, 40, CRITICAL, topics.RESISTANCE, **NIGHTLY),
        below("P10a", "capacity_test", 80, 82, WARNING, topics.CAPACITY, **NIGHTLY),
        below("P10b", "capacity_test", 75, 77, CRITICAL, topics.CAPACITY, **NIGHTLY),
        above("P11", "hours_below_80", 24, 1, WARNING, topics.SULPHATION, **NIGHTLY),
    ),
)  # fmt: skip
