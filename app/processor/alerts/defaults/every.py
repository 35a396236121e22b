"""What holds for every battery, whatever it is made of."""

from app.processor.rules.base import CRITICAL, INFO, WARNING

from . import topics
from .base import MINUTE, DefaultSet, rule

DEFAULTS = DefaultSet(
    "every",
    frozenset(),
    (
        rule(
            "F1", "fault", INFO, topics.BMS_ALARM, {"least": "info"},
            samples=1, clear_for_s=60, floor=True,
        ),
        rule(
            "Q1", "quality", WARNING, topics.BLIND,
            {"array": "cell_voltage", "limit": 5, "clear": 1}, for_s=10 * MINUTE,
        ),
        rule(
            "Q2", "quality", WARNING, topics.BLIND,
            {"array": "cell_temperature", "limit": 30, "clear": 5}, for_s=30 * MINUTE,
        ),
        rule(
            "S4a", "silence", WARNING, topics.BMS_SILENT, {"limit_s": 60},
            source="silence", samples=1, clear_for_s=0,
        ),
        rule(
            "S4b", "silence", CRITICAL, topics.BMS_SILENT, {"limit_s": 5 * MINUTE},
            source="silence", samples=1, clear_for_s=0,
        ),
    ),
)  # fmt: skip
