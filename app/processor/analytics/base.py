"""What a computation is, what it is given, and the two things it can answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .day import Day

Pair = tuple[str, str]
"""A text in French and in English."""

Evidence = Mapping[str, Any]
"""What a computation keeps of a day: JSON, small, with its units in its names (`charge_ah`)."""

GOOD, WATCH, BAD = LEVELS = ("good", "watch", "bad")
"""How a finding stands: nothing to do, to be looked at on occasion, to be dealt with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """What is known of a battery besides its readings. `chemistry`: LFP, NMC, NCA, LTO or LEAD.

    `application`: lighting, backup, traction or nothing. `terms` are what the contract and the
    warranty promise (`autonomy_h`, `reserve_percent`, …).
    """

    chemistry: str = "LFP"
    cells: int | None = None
    capacity_ah: float | None = None
    application: str = ""
    time_zone: str = "America/Toronto"
    terms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Observed:
    """The evidence of one day. `start`, `end`: epoch ms of the site's day; `quality`: 0 to 100."""

    start: int
    end: int
    evidence: Evidence
    samples: int = 0
    quality: float = 100.0


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit and, where it was estimated, its 95 % interval."""

    value: float
    unit: str = ""
    digits: int = 1
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a computation found. `text` names one of its sentences, filled from `values`.

    `values` hold what the sentence says and what else a page may show; `rows` a table, such as a
    ledger, each row a mapping of the same names.
    """

    level: str
    text: str
    values: Mapping[str, Quantity | str] = field(default_factory=dict)
    rows: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """Why nothing can be said: names one of the sentences; `values` as those of a finding."""

    text: str
    values: Mapping[str, Quantity | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Analytic:
    """One computation.

    needs      series without which a day says nothing (`cell_voltage`, `current`, …)
    version    of the method: evidence of another version is not mixed with it
    observe    a day's evidence, or None when the day says nothing
    conclude   from the evidence of all days, oldest first, at least one
    sentences  what it says, by name, with `{names}` of values; refusals too
    quality    below this score (0 to 100) a day is not looked at
    """

    code: str
    title: Pair
    version: int
    needs: frozenset[str]
    observe: Callable[[Pack, Day], Evidence | None]
    conclude: Callable[[Pack, Sequence[Observed]], Finding | Refused]
    sentences: Mapping[str, Pair]
    quality: float = 60.0


SENTENCES: Mapping[str, Pair] = {
    "no_data": (
        "Aucune journée de mesures complète n'a encore été analysée.",
        "No complete day of readings has been analysed yet.",
    ),
    "not_measured": (
        "Ce BMS ne fournit pas ce qu'il faut : {missing}.",
        "This BMS does not provide what it takes: {missing}.",
    ),
    "poor_data": (
        "La qualité des mesures est insuffisante (note {score} sur 100, il en faut {needed}).",
        "The readings are not good enough (score {score} of 100, {needed} needed).",
    ),
    "no_capacity": (
        "La capacité nominale de la batterie n'est pas inscrite.",
        "The battery's rated capacity is not on record.",
    ),
}
"""Refusals that any computation can give."""
