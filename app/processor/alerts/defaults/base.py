"""What default sets are made of: short ways to write a rule, and topics that share their texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.processor.rules.base import ABOVE, BELOW, CRITICAL, URGENT, WARNING, Pair, Rule
from app.processor.rules.spread import ANY

MINUTE, HOUR, DAY = 60, 3600, 86_400
TWO_SAMPLES = {"for_s": 0, "samples": 2}
AT_ONCE = {"for_s": 0, "samples": 1, "clear_for_s": 0}

Conditions = Sequence[tuple[str, str, float]]

IN_CHARGE = ("charge_rate", ABOVE, 0.02)
IN_DISCHARGE = ("charge_rate", BELOW, -0.02)


@dataclass(frozen=True, slots=True)
class Topic:
    """What rules of several severities have in common: name, probable cause, what to do."""

    title: Pair
    cause: Pair
    advice: Pair


@dataclass(frozen=True, slots=True)
class DefaultSet:
    """The rules of the chemistries named; none named: of every battery."""

    code: str
    chemistries: frozenset[str]
    rules: tuple[Rule, ...]


def rule(
    code: str, kind: str, severity: str, topic: Topic, params: dict[str, Any], **more: Any
) -> Rule:
    """A default rule; what is critical or worse is a floor."""
    more.setdefault("floor", severity in (CRITICAL, URGENT))
    return Rule(
        code=code,
        kind=kind,
        severity=severity,
        params=params,
        title=topic.title,
        cause=topic.cause,
        advice=topic.advice,
        **more,
    )


def above(
    code: str,
    metric: str,
    limit: float,
    clear: float,
    severity: str,
    topic: Topic,
    when: Conditions = (),
    **more: Any,
) -> Rule:
    """Broken at `limit` and higher, good again below `clear`."""
    return _threshold(code, metric, ABOVE, limit, clear, severity, topic, when, more)


def below(
    code: str,
    metric: str,
    limit: float,
    clear: float,
    severity: str,
    topic: Topic,
    when: Conditions = (),
    **more: Any,
) -> Rule:
    """Broken at `limit` and lower, good again above `clear`."""
    return _threshold(code, metric, BELOW, limit, clear, severity, topic, when, more)


def _threshold(
    code: str,
    metric: str,
    side: str,
    limit: float,
    clear: float,
    severity: str,
    topic: Topic,
    when: Conditions,
    more: dict[str, Any],
) -> Rule:
    params = {"metric": metric, "side": side, "limit": limit, "clear": clear}
    if when:
        params |= {"when": tuple(when), "lapsed": more.pop("lapsed", "between")}
    return rule(code, "threshold", severity, topic, params, **more)


def spread(
    code: str,
    limit: float,
    clear: float,
    topic: Topic,
    severity: str = WARNING,
    metric: str = "cell_voltage_spread",
    phase: str = ANY,
    knee: float = 0.0,
    **more: Any,
) -> Rule:
    """Elements too far apart in a phase."""
    params = {"metric": metric, "phase": phase, "knee": knee, "limit": limit, "clear": clear}
    return rule(code, "spread", severity, topic, params, **more)
