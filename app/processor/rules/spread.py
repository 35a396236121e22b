"""Cells or sensors too far apart, judged in the phase in which that means something.

At rest a spread of voltages shows charge, near full and near empty it shows capacity and leaks;
between these it shows the load. Outside its phase a rule neither breaks nor clears.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .base import ABOVE, NOT_KNOWN, NOT_NOW, WHOLE, Finding, Kind, Parameter, beyond
from .sample import Sample
from .threshold import CLEAR_VALUE, LIMIT
from .threshold import check as check_clear

ANY, REST, FULL, EMPTY = PHASES = ("any", "rest", "full", "empty")
REST_RATE = 0.02
"""Times the capacity: less than this is rest."""
REST_SOC = (30.0, 90.0)
"""Where the voltage of a resting cell says little of its charge, so a spread is an imbalance."""


def judge(params: Mapping[str, Any], sample: Sample) -> Mapping[str, Finding]:
    """One finding for the battery, that names the element furthest from its fellows."""
    inside = _in_phase(params, sample)
    spread = sample.value(params["metric"])
    if inside is None or spread is None:
        return NOT_KNOWN
    if not inside:
        return NOT_NOW
    verdict = beyond(ABOVE, spread, params["limit"], params["clear"])
    return {WHOLE: Finding(verdict, spread, _outlier(params["metric"], sample), params["limit"])}


def _in_phase(params: Mapping[str, Any], sample: Sample) -> bool | None:
    phase = params["phase"]
    if phase == ANY:
        return True
    if phase == FULL:
        highest = sample.value("cell_voltage_max")
        return None if highest is None else highest >= params["knee"]
    rate = sample.value("charge_rate")
    if phase == REST:
        soc = sample.value("soc")
        if rate is None or soc is None:
            return None
        return abs(rate) < REST_RATE and REST_SOC[0] <= soc <= REST_SOC[1]
    lowest = sample.value("cell_voltage_min")
    if rate is None or lowest is None:
        return None
    return rate < -REST_RATE and lowest <= params["knee"]


def _outlier(metric: str, sample: Sample) -> int | None:
    """The element whose distance from the middle of all is greatest."""
    code = "cell_temperature" if metric == "temperature_spread" else "cell_voltage"
    ends = sample.extremes(code)
    if ends is None:
        return None
    known = sorted(value for value in sample.array(code) if value is not None)
    middle = known[len(known) // 2]
    (low, lowest), (high, highest) = ends
    return highest if high - middle > middle - low else lowest


RULE = Kind(
    code="spread",
    label=("Écart selon la phase", "Spread by phase"),
    parameters=(
        Parameter(
            code="metric",
            label=("Mesure", "Metric"),
            default="cell_voltage_spread",
            choices=("cell_voltage_spread", "temperature_spread"),
        ),
        Parameter(code="phase", label=("Phase", "Phase"), default=ANY, choices=PHASES),
        Parameter(
            code="knee",
            label=("Coude de la courbe (V)", "Knee of the curve (V)"),
            default=3.45,
            low=0,
            high=5,
        ),
        replace(LIMIT, tighter="lower"),
        replace(CLEAR_VALUE, tighter="lower"),
    ),
    judge=judge,
    check=lambda params: check_clear({**params, "side": ABOVE}),
    sentence=(
        "{quantity} : {value} (seuil {limit}) depuis {held} ; la plus éloignée est{cell}.",
        "{quantity}: {value} (limit {limit}) for {held}; the furthest is{cell}.",
    ),
)
