"""What an alert says, in French or English: which cell, the value, the limit, how long, the state
of charge, the current, the temperature, the probable cause and what to do.

The kind's sentence and the rule's texts are the only places where words are; this puts numbers
into them. Whoever has a catalogue hands over the name of a BMS alarm.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from app.plugins import load_plugins
from app.processor.rules.base import Pair, Rule
from app.processor.rules.sample import QUANTITIES, digits_of, unit_of
from collector.wire.metrics import METRICS

from .effective import kinds
from .models import Alert

FRENCH, ENGLISH = "fr", "en"
SPACE = "\u202f"
"""Narrow and unbreakable: between a number and its unit."""
CELL = {FRENCH: ", cellule {n}", ENGLISH: ", cell {n}"}
SENSOR = {FRENCH: ", sonde {n}", ENGLISH: ", sensor {n}"}
UNITS = {FRENCH: {"d": "j"}, ENGLISH: {}}
CONTEXT: tuple[tuple[str, str, Pair], ...] = (
    ("soc", "%", ("Charge", "State of charge")),
    ("current", "A", ("Courant", "Current")),
    ("temperature_max", "°C", ("Température", "Temperature")),
)


@dataclass(frozen=True, slots=True)
class Told:
    """An alert in words. `context` is empty where nothing else was measured."""

    title: str
    measured: str
    context: str
    cause: str
    advice: str


Named = Callable[[str, int | None], str]
"""A BMS alarm's code and cell to its name."""


def tell(row: Alert, language: str, alarm: Named = lambda code, index: code) -> Told:
    """The alert in a language, English for any that is not French."""
    language = FRENCH if language.startswith(FRENCH) else ENGLISH
    pick = 0 if language == FRENCH else 1
    rule = texts().get(row.rule)
    given = str(row.facts.get("title") or row.rule)
    return Told(
        title=rule.title[pick] if rule else given,
        measured=_measured(row, language, alarm),
        context=_context(row.facts, language),
        cause=rule.cause[pick] if rule else "",
        advice=rule.advice[pick] if rule else str(row.facts.get("advice") or ""),
    )


@cache
def texts() -> Mapping[str, Rule]:
    """A default rule of each code; rules of one code share their words in every chemistry."""
    sets = load_plugins("app.processor.alerts.defaults", "DEFAULTS").values()
    return {rule.code: rule for each in sets for rule in each.rules}


def _measured(row: Alert, language: str, alarm: Named) -> str:
    code = row.facts.get("metric") or row.facts.get("figure") or ""
    kind = kinds()[row.kind]
    unit = "%" if row.kind == "quality" else "s" if row.kind == "silence" else _unit(code)
    digits = 0 if row.kind in ("quality", "silence") else _digits(code)
    sentence = kind.sentence[0 if language == FRENCH else 1]
    return sentence.format(
        quantity=quantity_label(code, language),
        cell=_cell(row, code, language),
        value=amount(row.value, unit, digits, language),
        limit=amount(row.limit, unit, digits, language),
        held=duration(row.facts.get("held_ms", 0), language),
        alarm=alarm(*_alarm_named(row)) if row.kind == "fault" else "",
    )


def _alarm_named(row: Alert) -> tuple[str, int | None]:
    suffix = f":{row.cell}"
    named = row.cell is not None and row.subject.endswith(suffix)
    return (row.subject.removesuffix(suffix) if named else row.subject), row.cell


def _cell(row: Alert, code: str, language: str) -> str:
    if row.cell is None or row.kind == "fault":
        return ""
    of_sensors = "temperature" in (code or row.facts.get("array", ""))
    return (SENSOR if of_sensors else CELL)[language].format(n=row.cell + 1)


def _context(facts: Mapping[str, Any], language: str) -> str:
    pick = 0 if language == FRENCH else 1
    colon = " : " if language == FRENCH else ": "
    parts = [
        f"{label[pick]}{colon}{number(facts[code], 1, language)}{SPACE}{unit}"
        for code, unit, label in CONTEXT
        if code in facts
    ]
    return ", ".join(parts)


def quantity_label(code: str, language: str) -> str:
    """The name of a quantity of the rules; a metric that has none there keeps its code."""
    pick = 0 if language == FRENCH else 1
    return QUANTITIES[code].label[pick] if code in QUANTITIES else code


def _unit(code: str) -> str:
    return unit_of(code) if code in QUANTITIES or code in METRICS else ""


def _digits(code: str) -> int:
    return digits_of(code) if code in QUANTITIES or code in METRICS else 1


def amount(value: float | None, unit: str, digits: int, language: str) -> str:
    """A number with its unit; seconds as a duration, a dash for what is not known."""
    if value is None:
        return "—"
    if unit == "s":
        return duration(value * 1000, language)
    unit = UNITS[language].get(unit, unit)
    return (
        f"{number(value, digits, language)}{SPACE}{unit}"
        if unit
        else number(value, digits, language)
    )


def number(value: float, digits: int, language: str) -> str:
    """With the language's decimal mark and a true minus sign."""
    text = f"{value:.{digits}f}".replace("-", "−")
    return text.replace(".", ",") if language == FRENCH else text


def duration(ms: float, language: str) -> str:
    """`45 s`, `10 min`, `3 h 20 min`, `2 j 4 h`: two units at most."""
    day = "j" if language == FRENCH else "d"
    seconds = round(ms / 1000)
    if seconds < 120:
        return f"{seconds}{SPACE}s"
    sizes = ((86_400, day), (3_600, "h"), (60, "min"))
    parts: list[str] = []
    for size, unit in sizes:
        count, seconds = divmod(seconds, size)
        if count and len(parts) < 2:
            parts.append(f"{count}{SPACE}{unit}")
        elif parts:
            break
    return " ".join(parts)
