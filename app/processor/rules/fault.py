"""The BMS itself complains: one alert per alarm and cell, as grave as the BMS says it is."""

from collections.abc import Mapping
from typing import Any

from collector.wire.alarms import SEVERITIES

from .base import BREACH, CLEAR, Finding, Kind, Parameter
from .sample import Sample


def judge(params: Mapping[str, Any], sample: Sample) -> dict[str, Finding]:
    """A finding per alarm that is at least as grave as asked for; others are over."""
    least = SEVERITIES.index(params["least"])
    return {
        alarm.code if alarm.index is None else f"{alarm.code}:{alarm.index}": Finding(
            BREACH, cell=alarm.index, severity=alarm.severity
        )
        for alarm in sample.reading.alarms
        if SEVERITIES.index(alarm.severity) >= least
    }


RULE = Kind(
    code="fault",
    label=("Alarme du BMS", "BMS alarm"),
    parameters=(
        Parameter(
            code="least",
            label=("À partir de", "From"),
            default="info",
            choices=SEVERITIES,
        ),
    ),
    judge=judge,
    silent=CLEAR,
    sentence=("Le BMS signale : {alarm}, depuis {held}.", "The BMS reports: {alarm}, for {held}."),
)
