"""A value at or beyond a limit, good again past another one; in the conditions it names.

For an array (every cell's voltage) each element is judged alone, so that its alert names it. For
an extreme (the highest cell) it is the extreme that is judged, whichever cell it is, and the cell
is named: noise that moves the extreme from one cell to another does not restart a timer.
"""

from collections.abc import Mapping
from typing import Any

from app.errors import sentence
from collector.wire.metrics import METRICS

from .base import (
    ABOVE,
    BELOW,
    BETWEEN,
    CLEAR,
    NOT_KNOWN,
    NOT_NOW,
    UNKNOWN,
    WHOLE,
    Finding,
    Kind,
    Parameter,
    beyond,
)
from .sample import Sample


def judge(params: Mapping[str, Any], sample: Sample) -> dict[str, Finding]:
    """One finding for a scalar, one per element for an array."""
    if "when" in params:
        holds = in_conditions(params["when"], sample)
        if holds is None:
            return NOT_KNOWN
        if not holds:
            lapsed = params.get("lapsed", BETWEEN)
            return NOT_NOW if lapsed == BETWEEN else {WHOLE: Finding(CLEAR)}
    code = params["metric"]
    if (metric := METRICS.get(code)) and metric.is_array:
        return _elements(params, sample.array(code))
    value = sample.value(code)
    if value is None:
        return NOT_KNOWN
    return {WHOLE: _finding(params, abs(value) if params.get("absolute") else value, sample, code)}


def _elements(params: Mapping[str, Any], array: tuple[float | None, ...]) -> dict[str, Finding]:
    side, limit, clear = params["side"], params["limit"], params["clear"]
    return {
        f"cell:{index}": Finding(UNKNOWN, None, index)
        if value is None
        else Finding(beyond(side, value, limit, clear), value, index, limit)
        for index, value in enumerate(array)
    }


def _finding(params: Mapping[str, Any], value: float, sample: Sample, code: str) -> Finding:
    verdict = beyond(params["side"], value, params["limit"], params["clear"])
    cell = None if verdict == CLEAR else sample.cell(code)
    return Finding(verdict, value, cell, params["limit"])


def in_conditions(conditions: tuple[tuple[str, str, float], ...], sample: Sample) -> bool | None:
    """Whether all `(quantity, side, value)` hold, strictly; None when one cannot be known."""
    holds = True
    for code, side, bound in conditions:
        value = sample.value(code)
        if value is None:
            return None
        holds = holds and (value > bound if side == ABOVE else value < bound)
    return holds


def check(params: Mapping[str, Any]) -> dict[str, str]:
    """The clear value lies on the good side of the limit, and is not the limit: else it rings for
    every tremor of a value that stands at it."""
    limit, clear = params["limit"], params["clear"]
    good = clear < limit if params["side"] == ABOVE else clear > limit
    return {} if good else {"clear": sentence("This is not on the good side of the limit.")}


LIMIT = Parameter(code="limit", label=("Seuil", "Limit"), tighter="side")
CLEAR_VALUE = Parameter(code="clear", label=("Retour à la normale", "Clear value"), tighter="side")

RULE = Kind(
    code="threshold",
    label=("Seuil", "Threshold"),
    parameters=(
        Parameter(code="metric", label=("Mesure", "Metric"), default="cell_voltage_max"),
        Parameter(code="side", label=("Côté", "Side"), default=ABOVE, choices=(ABOVE, BELOW)),
        LIMIT,
        CLEAR_VALUE,
    ),
    judge=judge,
    check=check,
    sentence=(
        "{quantity}{cell} : {value} (seuil {limit}) depuis {held}.",
        "{quantity}{cell}: {value} (limit {limit}) for {held}.",
    ),
)
