"""Nothing is heard of a battery or a collector. Judged by the clock, not by readings."""

from collections.abc import Mapping
from typing import Any

from .base import BREACH, CLEAR, NOT_KNOWN, WHOLE, Finding, Kind, Parameter
from .sample import Sample


def judge(params: Mapping[str, Any], sample: Sample) -> Mapping[str, Finding]:
    """The age of what was last heard, against the limit; hearing anything is the cure."""
    age = sample.value("silence")
    if age is None:
        return NOT_KNOWN
    verdict = BREACH if age > params["limit_s"] else CLEAR
    return {WHOLE: Finding(verdict, age, None, params["limit_s"])}


RULE = Kind(
    code="silence",
    label=("Silence", "Silence"),
    parameters=(
        Parameter(
            code="limit_s",
            label=("Secondes sans nouvelles", "Seconds without news"),
            default=300,
            low=30,
            high=604_800,
            tighter="lower",
        ),
    ),
    judge=judge,
    sentence=("Aucune nouvelle depuis {value}.", "Nothing heard for {value}."),
)
