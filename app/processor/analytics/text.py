"""What a computation concluded, in French or English: its sentence with the numbers in it.

The computations hold all sentences; this only puts quantities into them, written as the texts of
alerts write theirs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.processor.alerts.text import (
    ENGLISH,
    FRENCH,
    SPACE,
    amount,
    duration,
    number,
    quantity_label,
)

from .base import SENTENCES, Analytic, Pair
from .models import AnalyticResult

MS = {"h": 3_600_000, "min": 60_000}
"""Units of time, which are written as durations."""
YEARS: Mapping[str, tuple[str, str]] = {FRENCH: ("an", "ans"), ENGLISH: ("year", "years")}
WORDS: Mapping[str, Pair] = {
    "soc_min": ("charge minimale", "lowest charge"),
    "soc_max": ("charge maximale", "highest charge"),
    "temperature_min": ("température minimale", "lowest temperature"),
    "temperature_max": ("température maximale", "highest temperature"),
    "charge_c": ("courant de charge", "charging current"),
    "discharge_c": ("courant de décharge", "discharging current"),
    "efc_max": ("nombre de cycles", "number of cycles"),
    "full_every_days": ("charge complète régulière", "regular full charge"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """An answer in words; `values` are those of the sentence and what else there is, by name."""

    title: str
    sentence: str
    values: Mapping[str, str]


def tell(row: AnalyticResult, analytic: Analytic, language: str) -> Told:
    """The answer in a language, English for any that is not French."""
    language = FRENCH if language.startswith(FRENCH) else ENGLISH
    pick = 0 if language == FRENCH else 1
    values = {name: written(each, language) for name, each in row.result["values"].items()}
    sentence = {**SENTENCES, **analytic.sentences}.get(row.result["text"])
    return Told(
        title=analytic.title[pick],
        sentence=sentence[pick].format_map(_Known(values)) if sentence else "",
        values=values,
    )


class _Known(dict[str, str]):
    """An answer of an earlier version may lack a value that its sentence has since come to name."""

    def __missing__(self, name: str) -> str:
        return "—"


def written(value: Any, language: str) -> str:
    """A value as it is kept: `[value, unit, digits, low, high]`, or words."""
    if not isinstance(value, list):
        return _words(str(value), language)
    size, unit, digits, _, _ = value
    return quantity(size, unit, digits, language)


def interval(value: Any, language: str) -> str:
    """`9 à 12 Ah`, the 95 % interval of a kept value; empty where it was not estimated."""
    if not isinstance(value, list) or value[3] is None or value[4] is None:
        return ""
    _, unit, digits, low, high = value
    between = " à " if language == FRENCH else " to "
    first = quantity(low, unit, digits, language) if unit in MS else number(low, digits, language)
    return first + between + quantity(high, unit, digits, language)


def quantity(size: float | None, unit: str, digits: int, language: str) -> str:
    """A number with its unit, as people write it: hours as `6 h 40 min`, years as `4,5 ans`."""
    if size is not None and unit in MS:
        return duration(size * MS[unit], language)
    if size is not None and unit == "a":
        plural = abs(size) >= 2 if language == FRENCH else round(size, digits) != 1
        return f"{number(size, digits, language)}{SPACE}{YEARS[language][plural]}"
    return amount(size, unit, digits, language)


def _words(text: str, language: str) -> str:
    """Codes in their words, separated by commas as they came; everything else as it is."""
    pick = 0 if language == FRENCH else 1
    parts = text.split(", ")
    return ", ".join(
        WORDS[part][pick] if part in WORDS else quantity_label(part, language) for part in parts
    )
