"""LTO, 2.3 V a cell."""

from app.processor.rules.base import CRITICAL, WARNING

from . import topics
from .base import DefaultSet, above, below
from .lfp import LITHIUM
from .nmc import HEAT

DEFAULTS = DefaultSet(
    "lto",
    frozenset({"LTO"}),
    (
        above("T1", "cell_voltage_max", 2.80, 2.70, WARNING, topics.CELL_HIGH, for_s=60),
        above("T2", "cell_voltage_max", 2.85, 2.70, CRITICAL, topics.CELL_HIGH, for_s=10),
        below("T3", "cell_voltage_min", 2.00, 2.10, WARNING, topics.CELL_LOW, for_s=60),
        below("T4", "cell_voltage_min", 1.90, 2.10, CRITICAL, topics.CELL_LOW, for_s=10),
        *HEAT,
        *LITHIUM,
    ),
)
