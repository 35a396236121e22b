"""LFP, 3.2 V a cell; and what all lithium cells share with it."""

from app.processor.rules.base import ABOVE, CRITICAL, INFO, URGENT, WARNING, Rule
from app.processor.rules.spread import EMPTY, FULL, REST

from . import topics
from .base import (
    AT_ONCE,
    HOUR,
    IN_CHARGE,
    IN_DISCHARGE,
    MINUTE,
    TWO_SAMPLES,
    DefaultSet,
    above,
    below,
    rule,
    spread,
)

SAFETY = {"for_s": 0, "samples": 2, "needs_ack": True}

COLD = (
    below(
        "L10", "temperature_min", 0, 2, CRITICAL, topics.COLD_CHARGE, (IN_CHARGE,),
        lapsed="clear", for_s=60,
    ),
    below(
        "L11", "temperature_min", 5, 7, WARNING, topics.COLD_CHARGE, (("charge_rate", ABOVE, 0.1),),
        lapsed="clear", for_s=5 * MINUTE,
    ),
    below(
        "L16", "temperature_min", -20, -17, WARNING, topics.COLD_DISCHARGE, (IN_DISCHARGE,),
        for_s=5 * MINUTE,
    ),
)  # fmt: skip

SUDDEN = rule(
    "L14b",
    "rate",
    URGENT,
    topics.RUNAWAY,
    {"metric": "temperature_max", "limit": 5, "within_s": 15, "sag_percent": 25},
    **SAFETY,
)

USE: tuple[Rule, ...] = (
    above("L17a", "load", 100, 97, WARNING, topics.OVERLOAD, for_s=60),
    above("L17b", "load", 110, 97, CRITICAL, topics.OVERLOAD, for_s=10),
    above("L18a", "mosfet_temperature", 80, 70, WARNING, topics.MOSFET_HOT, for_s=60),
    above("L18b", "mosfet_temperature", 90, 70, CRITICAL, topics.MOSFET_HOT, for_s=60),
    below("L19a", "soc", 20, 25, WARNING, topics.SOC_LOW, for_s=2 * MINUTE),
    below("L19b", "soc", 10, 15, CRITICAL, topics.SOC_LOW, for_s=2 * MINUTE),
)

AGEING: tuple[Rule, ...] = (
    above("L20a", "days_since_full", 10, 1, INFO, topics.NOT_FULL, source="figures", **AT_ONCE),
    above("L20b", "days_since_full", 21, 1, WARNING, topics.NOT_FULL, source="figures", **AT_ONCE),
    below(
        "L21a", "soh_low", 80, 82, WARNING, topics.AGED,
        source="figures", clear_for_s=0, **TWO_SAMPLES,
    ),
    below(
        "L21b", "soh_low", 70, 72, CRITICAL, topics.AGED,
        source="figures", clear_for_s=0, **TWO_SAMPLES,
    ),
    above("L22", "idle_loss", 3, 2, WARNING, topics.LEAK, source="figures", **AT_ONCE),
)  # fmt: skip

LITHIUM = (*COLD, SUDDEN, *USE, *AGEING)

DEFAULTS = DefaultSet(
    "lfp",
    frozenset({"LFP"}),
    (
        above("L1", "cell_voltage_max", 3.60, 3.45, WARNING, topics.CELL_HIGH, for_s=60),
        above("L2", "cell_voltage_max", 3.65, 3.50, CRITICAL, topics.CELL_HIGH, for_s=10),
        above("L3", "cell_voltage_max", 3.80, 3.50, URGENT, topics.CELL_OVERCHARGED, **SAFETY),
        below(
            "L4", "cell_voltage_min", 3.00, 3.10, WARNING, topics.CELL_LOW,
            for_s=60, clear_for_s=5 * MINUTE,
        ),
        below(
            "L5", "cell_voltage_min", 2.80, 3.00, CRITICAL, topics.CELL_LOW,
            for_s=10, clear_for_s=5 * MINUTE,
        ),
        below("L6", "cell_voltage_min", 2.50, 3.10, URGENT, topics.CELL_EMPTY, **SAFETY),
        spread(
            "L7", 0.030, 0.015, topics.IMBALANCE_REST,
            phase=REST, for_s=HOUR / 2, clear_for_s=HOUR / 2,
        ),
        spread(
            "L8a", 0.100, 0.060, topics.IMBALANCE_FULL, phase=FULL, knee=3.45, for_s=5 * MINUTE
        ),
        spread(
            "L8b", 0.300, 0.200, topics.IMBALANCE_FULL, CRITICAL,
            phase=FULL, knee=3.45, for_s=5 * MINUTE,
        ),
        spread(
            "L9", 0.250, 0.150, topics.IMBALANCE_EMPTY, phase=EMPTY, knee=3.10, for_s=2 * MINUTE
        ),
        above(
            "L12", "temperature_max", 45, 40, WARNING, topics.HOT,
            for_s=2 * MINUTE, clear_for_s=5 * MINUTE,
        ),
        above(
            "L13", "temperature_max", 55, 48, CRITICAL, topics.HOT,
            for_s=30, clear_for_s=10 * MINUTE,
        ),
        above("L14a", "temperature_max", 65, 60, URGENT, topics.RUNAWAY, **SAFETY),
        spread(
            "L15a", 5, 3, topics.UNEVEN_HEAT, metric="temperature_spread", for_s=15 * MINUTE
        ),
        spread(
            "L15b", 10, 7, topics.UNEVEN_HEAT, CRITICAL,
            metric="temperature_spread", for_s=15 * MINUTE,
        ),
        *LITHIUM,
    ),
)  # fmt: skip
