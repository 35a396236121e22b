"""A value that changes too fast between two readings; where told, while the cells sag as well."""

from collections.abc import Mapping
from typing import Any

from app.errors import sentence

from .base import BREACH, CLEAR, NOT_KNOWN, WHOLE, Finding, Kind, Parameter
from .sample import Sample


def judge(params: Mapping[str, Any], sample: Sample) -> Mapping[str, Finding]:
    """Compares with the reading before, if that is near enough to say anything of a rate."""
    before = sample.before
    if before is None or not 0 < sample.reading.ts - before.ts <= params["within_s"] * 1000:
        return NOT_KNOWN
    earlier = Sample(before, sample.facts)
    rise = _change(sample, earlier, params["metric"])
    if rise is None:
        return NOT_KNOWN
    broken = rise >= params["limit"]
    if broken and params["sag_percent"]:
        sag = _sag_percent(sample, earlier)
        if sag is None:
            return NOT_KNOWN
        broken = sag >= params["sag_percent"]
    cell = sample.cell(params["metric"]) if broken else None
    return {WHOLE: Finding(BREACH if broken else CLEAR, rise, cell, params["limit"])}


def _change(sample: Sample, earlier: Sample, code: str) -> float | None:
    value, was = sample.value(code), earlier.value(code)
    return None if value is None or was is None else value - was


def _sag_percent(sample: Sample, earlier: Sample) -> float | None:
    value, was = sample.value("cell_voltage_min"), earlier.value("cell_voltage_min")
    return (was - value) / was * 100 if value is not None and was else None


def check(params: Mapping[str, Any]) -> dict[str, str]:
    """A rise that is none would ring at every reading."""
    return {} if params["limit"] > 0 else {"limit": sentence("This is more than zero.")}


RULE = Kind(
    code="rate",
    label=("Vitesse de variation", "Rate of change"),
    parameters=(
        Parameter(code="metric", label=("Mesure", "Metric"), default="temperature_max"),
        Parameter(code="limit", label=("Hausse", "Rise"), tighter="lower"),
        Parameter(
            code="within_s", label=("En secondes", "Within seconds"), default=10, low=1, high=3600
        ),
        Parameter(
            code="sag_percent",
            label=("Chute d’une cellule (%)", "Sag of a cell (%)"),
            default=0,
            low=0,
            high=100,
            tighter="lower",
        ),
    ),
    judge=judge,
    check=check,
    sentence=(
        "{quantity}{cell} : hausse de {value} entre deux lectures (seuil {limit}).",
        "{quantity}{cell}: up by {value} between two readings (limit {limit}).",
    ),
)
