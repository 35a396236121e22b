"""What a kind of rule is: parameters that forms are made from, a pure `judge`, and its sentence.

A judge looks at one sample and says, for each subject it watches, whether the rule is broken. How
long that lasts, what fires and what resolves is the state machine's business, for all kinds alike.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .sample import Sample

Pair = tuple[str, str]
"""A text in French and in English."""

INFO, WARNING, CRITICAL, URGENT = SEVERITIES = ("info", "warning", "critical", "urgent")
"""In order. Info is shown; a warning is told once; critical at once; urgent wakes people up."""

UNKNOWN, CLEAR, BETWEEN, BREACH = "unknown", "clear", "between", "breach"
"""What a judge can say. BETWEEN: not broken, and not yet good again, or not to be judged now."""

ABOVE, BELOW = "above", "below"
WHOLE = ""
"""The subject of a rule that watches the battery as a whole."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one sample says of one subject. `severity` where the BMS decides it."""

    verdict: str
    value: float | None = None
    cell: int | None = None
    limit: float | None = None
    severity: str | None = None


NOT_KNOWN = {WHOLE: Finding(UNKNOWN)}
NOT_NOW = {WHOLE: Finding(BETWEEN)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One number or choice of a kind. `tighter` says which way a limit gets stricter: `lower`,
    `higher`, or `side`, where the rule's `side` decides; empty: it is no limit."""

    code: str
    label: Pair
    default: Any = None
    choices: tuple[str, ...] = ()
    low: float = -1e9
    high: float = 1e9
    tighter: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule as it applies to one battery: everything the engine and its text need.

    It fires once broken for `for_s` seconds and `samples` readings in a row, whichever is longer,
    and resolves once good for `clear_for_s`; with `needs_ack` not before somebody has seen it. A
    `floor` may be tightened by a client and never loosened. `source`: what is judged by it, the
    battery's `reading`s, its nightly `figures`, or the `site` it stands at.
    """

    code: str
    kind: str
    severity: str
    params: Mapping[str, Any]
    for_s: float = 0
    samples: int = 3
    clear_for_s: float = 60
    needs_ack: bool = False
    floor: bool = False
    enabled: bool = True
    source: str = "reading"
    title: Pair
    cause: Pair
    advice: Pair


Judge = Callable[[Mapping[str, Any], Sample], Mapping[str, Finding]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of rule. `judge(params, sample)` is pure; it returns a finding per subject.

    `silent`: what it means when a subject once found is not among the findings. `check` says what
    is contradictory in parameters, as a message id, or nothing. `sentence` is what the alert says
    was measured, in French and English, with the names in `app.processor.alerts.text`.
    """

    code: str
    label: Pair
    parameters: tuple[Parameter, ...]
    judge: Judge
    sentence: Pair
    silent: str = UNKNOWN
    check: Callable[[Mapping[str, Any]], dict[str, str]] = lambda params: {}


def beyond(side: str, value: float, limit: float, clear: float) -> str:
    """The verdict on a value: at its limit it is broken, past its clear value it is good again."""
    if side == ABOVE:
        return BREACH if value >= limit else CLEAR if value < clear else BETWEEN
    return BREACH if value <= limit else CLEAR if value > clear else BETWEEN
