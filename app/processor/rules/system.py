"""How a site's installation does: its clock, its rhythm, what never arrived."""

from collections.abc import Mapping
from typing import Any

from .base import ABOVE, NOT_KNOWN, WHOLE, Finding, Kind, Parameter, beyond
from .sample import Sample
from .threshold import check as check_clear

FIGURES = ("late", "clock_skew", "missing_blocks")


def judge(params: Mapping[str, Any], sample: Sample) -> Mapping[str, Finding]:
    """One figure of a collector against its limit."""
    value = sample.value(params["figure"])
    if value is None:
        return NOT_KNOWN
    verdict = beyond(ABOVE, abs(value), params["limit"], params["clear"])
    return {WHOLE: Finding(verdict, value, None, params["limit"])}


RULE = Kind(
    code="system",
    label=("Installation", "Installation"),
    parameters=(
        Parameter(code="figure", label=("Grandeur", "Figure"), default="late", choices=FIGURES),
        Parameter(code="limit", label=("Seuil", "Limit"), default=2, low=0, tighter="lower"),
        Parameter(
            code="clear",
            label=("Retour à la normale", "Clear value"),
            default=1,
            low=0,
            tighter="lower",
        ),
    ),
    judge=judge,
    check=lambda params: check_clear({**params, "side": ABOVE}),
    sentence=("{quantity} : {value} (seuil {limit}).", "{quantity}: {value} (limit {limit})."),
)
