"""What holds for collectors and the sites they stand at; judged by the clock."""

from app.processor.rules.base import CRITICAL, INFO, WARNING

from . import topics
from .base import AT_ONCE, DAY, MINUTE, DefaultSet, rule

SITE = {"source": "site", **AT_ONCE}

LATE = rule(
    "S1",
    "system",
    INFO,
    topics.COLLECTOR_LATE,
    {"figure": "late", "limit": 2, "clear": 1.5},
    **SITE,
)
SILENT = rule("S2", "silence", WARNING, topics.COLLECTOR_SILENT, {"limit_s": 15 * MINUTE}, **SITE)
LOST = rule("S3", "silence", CRITICAL, topics.COLLECTOR_SILENT, {"limit_s": DAY}, **SITE)
CLOCK = (
    rule(
        "S5a", "system", INFO, topics.CLOCK_WRONG,
        {"figure": "clock_skew", "limit": 30, "clear": 10}, **SITE,
    ),
    rule(
        "S5b", "system", WARNING, topics.CLOCK_WRONG,
        {"figure": "clock_skew", "limit": 300, "clear": 30}, **SITE,
    ),
)  # fmt: skip
OFFLINE = rule("S7", "silence", CRITICAL, topics.SITE_SILENT, {"limit_s": 15 * MINUTE}, **SITE)

CRUCIAL = {"S2": 5 * MINUTE, "S3": 30 * MINUTE, "S7": 5 * MINUTE}
"""Seconds of silence where batteries back something up or drive it."""

DEFAULTS = DefaultSet("site", frozenset(), (LATE, SILENT, LOST, *CLOCK, OFFLINE))
