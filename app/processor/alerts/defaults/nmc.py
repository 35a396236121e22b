"""NMC and NCA, 3.6 V a cell."""

from app.processor.rules.base import ABOVE, CRITICAL, INFO, URGENT, WARNING
from app.processor.rules.spread import REST

from . import topics
from .base import DAY, HOUR, MINUTE, DefaultSet, above, below, spread
from .lfp import LITHIUM, SAFETY

HEAT = (
    above(
        "L12", "temperature_max", 45, 40, WARNING, topics.HOT,
        for_s=2 * MINUTE, clear_for_s=5 * MINUTE,
    ),
    above(
        "L13", "temperature_max", 55, 48, CRITICAL, topics.HOT, for_s=30, clear_for_s=10 * MINUTE
    ),
    above("L14a", "temperature_max", 60, 55, URGENT, topics.RUNAWAY, **SAFETY),
    spread("L15a", 3, 2, topics.UNEVEN_HEAT, metric="temperature_spread", for_s=15 * MINUTE),
    spread(
        "L15b", 6, 4, topics.UNEVEN_HEAT, CRITICAL,
        metric="temperature_spread", for_s=15 * MINUTE,
    ),
)  # fmt: skip
"""They bear less than LFP does: what LTO shares as well."""

DEFAULTS = DefaultSet(
    "nmc",
    frozenset({"NMC", "NCA"}),
    (
        above("N1", "cell_voltage_max", 4.21, 4.12, WARNING, topics.CELL_HIGH, for_s=60),
        above("N2", "cell_voltage_max", 4.25, 4.10, CRITICAL, topics.CELL_HIGH, for_s=10),
        above("N3", "cell_voltage_max", 4.30, 4.15, URGENT, topics.CELL_OVERCHARGED, **SAFETY),
        below("N4", "cell_voltage_min", 3.30, 3.45, WARNING, topics.CELL_LOW, for_s=60),
        below("N5", "cell_voltage_min", 3.00, 3.30, CRITICAL, topics.CELL_LOW, for_s=10),
        below("N6", "cell_voltage_min", 2.80, 3.30, URGENT, topics.CELL_EMPTY, **SAFETY),
        spread("N7a", 0.020, 0.012, topics.IMBALANCE_REST, phase=REST, for_s=HOUR / 2),
        spread("N7b", 0.050, 0.030, topics.IMBALANCE_REST, CRITICAL, phase=REST, for_s=HOUR / 2),
        above(
            "N8", "soc", 95, 90, INFO, topics.HOT_AND_FULL, (("temperature_max", ABOVE, 35),),
            for_s=DAY,
        ),
        *HEAT,
        *LITHIUM,
    ),
)  # fmt: skip
