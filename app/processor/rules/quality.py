"""Part of what should be measured is missing: sensors or cells that say nothing."""

from collections.abc import Mapping
from typing import Any

from .base import ABOVE, NOT_KNOWN, WHOLE, Finding, Kind, Parameter, beyond
from .sample import Sample
from .threshold import check as check_clear


def judge(params: Mapping[str, Any], sample: Sample) -> Mapping[str, Finding]:
    """The share (%) of an array that is unknown; an array the BMS does not send at all says
    nothing: many do not."""
    array = sample.array(params["array"])
    if not array:
        return NOT_KNOWN
    missing = [index for index, value in enumerate(array) if value is None]
    share = 100 * len(missing) / len(array)
    verdict = beyond(ABOVE, share, params["limit"], params["clear"])
    return {WHOLE: Finding(verdict, share, missing[0] if missing else None, params["limit"])}


RULE = Kind(
    code="quality",
    label=("Qualité des données", "Data quality"),
    parameters=(
        Parameter(
            code="array",
            label=("Mesures", "Measurements"),
            default="cell_voltage",
            choices=("cell_voltage", "cell_temperature"),
        ),
        Parameter(
            code="limit",
            label=("Part inconnue (%)", "Unknown part (%)"),
            default=5,
            low=0.1,
            high=100,
            tighter="lower",
        ),
        Parameter(
            code="clear",
            label=("Retour à la normale (%)", "Clear value (%)"),
            default=1,
            low=0,
            high=100,
            tighter="lower",
        ),
    ),
    judge=judge,
    check=lambda params: check_clear({**params, "side": ABOVE}),
    sentence=(
        "{value} des mesures manquent{cell}, depuis {held}.",
        "{value} of the measurements are missing{cell}, for {held}.",
    ),
)
