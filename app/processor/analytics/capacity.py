"""Capacity and state of health from full cycles: a ledger of measurements, each with its interval.

Between the moment a battery is full and the next at which it is empty (or the reverse), the charge
that flowed is its capacity: counting it is the most basic and the most accurate method. Each count
is corrected to 25 °C and carries its uncertainty: the current sensor's offset times the duration,
its gain, the gaps, the two ends. What disturbs a count is not hidden but named in the ledger.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from operator import itemgetter
from typing import Any

import numpy as np

from .base import BAD, GOOD, WATCH, Analytic, Evidence, Finding, Observed, Pack, Quantity, Refused
from .day import Array, Day
from .windows import c_rate, chemistry, held, highest, lowest, runs

FULL_C, FULL_MS = 0.05, 60_000
"""Full: a cell at its charging voltage and less than 5 % of the capacity an hour, for a minute."""
STILL_C = 0.005
"""Less than this is no current."""
OFFSET_C, GAIN, ANCHOR = 0.001, 0.005, 0.005
"""Standard uncertainties: of the offset, in parts of the capacity an hour; of the gain; of an end.
A Hall or shunt sensor of a commercial BMS keeps about 0.1 % of its range and 0.5 % of reading."""
GAP_RATE = 0.1
"""What flowed in a gap is known to a tenth of the capacity an hour, either way."""
LONGEST_GAP_S, GAP_PART = 300, 0.01
COLD, WARM = 10.0, 40.0
SLOW, FAST = 0.05, 0.7
PER_DEGREE, PER_DEGREE_SIGMA = 0.003, 0.001
"""Capacity lost for each °C below 25, and how well that is known."""
RECENT_MS = 90 * 86_400_000
WATCH_AT, BAD_AT = 80.0, 70.0
SIGMAS = 1.96


@dataclass(slots=True)
class Count:
    """What has flowed since an end of the battery: sums that add across days."""

    ah: float = 0.0
    hours: float = 0.0
    gap_s: float = 0.0
    longest_s: float = 0.0
    degree_hours: float = 0.0
    known_hours: float = 0.0
    through: int = 0


def observe(pack: Pack, day: Day) -> Evidence | None:
    """The day in order: ends (`full`, `empty`), and between them what flowed."""
    if not pack.capacity_ah or np.isnan(day.current).all():
        return None
    full = held(day, (highest(day) >= chemistry(pack).full) & _tapered(pack, day), FULL_MS)
    low = lowest(day)
    empty = ~np.isnan(low) & (low <= chemistry(pack).empty)
    flow = np.nan_to_num(c_rate(pack, day))
    ends = [(*run, "full", flow > STILL_C) for run in runs(full)]
    ends += [(*run, "empty", flow < -STILL_C) for run in runs(empty)]
    parts: list[Any] = []
    at = 0
    for first, last, name, flowing in sorted(ends, key=itemgetter(0)):
        # What still flows at an end belongs to what led there; resting there belongs to nothing.
        stop = first + max(np.flatnonzero(flowing[first:last]), default=-1) + 1
        parts += [_flowed(day, at, int(stop)), name]
        at = last
    return {"parts": [*parts, _flowed(day, at, len(day))]}


def _tapered(pack: Pack, day: Day) -> Array:
    return np.abs(c_rate(pack, day)) < FULL_C


def _flowed(day: Day, low: int, high: int) -> list[float]:
    """`[Ah, hours, seconds not measured, longest gap (s), °C·h, hours with a temperature]`."""
    if high <= low:
        return [0.0] * 6
    part = slice(low, high)
    current, weights = np.nan_to_num(day.current[part]), day.weights[part]
    measured = float(weights.sum()) / 1000
    ends = int(day.times[high]) if high < len(day) else day.end
    begins = int(day.times[low]) if low else day.start
    span = (ends - begins) / 1000
    steps = np.diff(np.append(day.times[part], ends)) - weights
    warmth = _temperature(day)[part]
    told = ~np.isnan(warmth)
    hours = weights / 3_600_000
    numbers = (
        float((current * hours).sum()),
        span / 3600,
        max(span - measured, 0.0),
        max(float(steps.max()) / 1000, 0.0),
        float((warmth[told] * hours[told]).sum()),
        float(hours[told].sum()),
    )
    return [round(number, 5) for number in numbers]


def _temperature(day: Day) -> Array:
    table = day.array("cell_temperature")
    if not table.shape[1]:
        return (day.scalar("temperature_min") + day.scalar("temperature_max")) / 2
    return np.where(np.isnan(table).all(axis=1), np.nan, np.nansum(table, axis=1)) / np.maximum(
        (~np.isnan(table)).sum(axis=1), 1
    )


def conclude(pack: Pack, days: Sequence[Observed]) -> Finding | Refused:
    """The ledger, and the weighted mean of its accepted lines of the last three months."""
    if not pack.capacity_ah:
        return Refused("no_capacity")
    lines = ledger(pack, days)
    accepted = [line for line in lines if not line["why"]]
    recent = [line for line in accepted if line["day"] >= days[-1].start - RECENT_MS]
    if not recent:
        why = lines[-1]["why"] if lines else "no_cycle"
        return Refused(why)
    weights = np.array([1 / line["sigma"] ** 2 for line in recent])
    ah = float(np.average([line["ah"] for line in recent], weights=weights))
    sigma = max(1 / sqrt(weights.sum()), min(line["sigma"] for line in recent) / 2)
    soh, low, high = (
        100 * x / pack.capacity_ah for x in (ah, ah - SIGMAS * sigma, ah + SIGMAS * sigma)
    )
    level = BAD if high <= BAD_AT else WATCH if low <= WATCH_AT else GOOD
    return Finding(
        level=level,
        text="measured",
        values={
            "capacity": Quantity(ah, "Ah", 1, ah - SIGMAS * sigma, ah + SIGMAS * sigma),
            "soh": Quantity(soh, "%", 1, low, high),
            "count": Quantity(len(recent), "", 0),
        },
        rows=lines[-60:],
    )


def ledger(pack: Pack, days: Sequence[Observed]) -> list[dict[str, Any]]:
    """Every cycle, oldest first: `day`, `ah`, `sigma`, and `why` it does not count."""
    return [_measured(pack, at, end, count) for at, end, count in _cycles(days)]


def _cycles(days: Sequence[Observed]) -> Iterator[tuple[int, str, Count]]:
    """Day, kind and count of each stretch from one end of the battery to the other."""
    begun, count = "", Count()
    for day in days:
        if count.through and day.start - count.through > 1000:  # a day that says nothing
            begun = ""
        for part in day.evidence["parts"]:
            if isinstance(part, str):
                if begun and begun != part:
                    yield day.start, part, count
                begun, count = part, Count()
            else:
                _add(count, part)
        count.through = day.end


def _add(count: Count, part: Sequence[float]) -> None:
    ah, hours, gap, longest, warmth, known = part
    count.ah += ah
    count.hours += hours
    count.gap_s += gap
    count.longest_s = max(count.longest_s, longest)
    count.degree_hours += warmth
    count.known_hours += known


def _measured(pack: Pack, day: int, end: str, count: Count) -> dict[str, Any]:
    """One line of the ledger: Ah at 25 °C, its standard uncertainty, and why it does not count."""
    raw, capacity = abs(count.ah), pack.capacity_ah or 1.0
    warmth = count.degree_hours / count.known_hours if count.known_hours else 25.0
    below = max(25.0 - warmth, 0.0)
    ah = raw / (1 - PER_DEGREE * below)
    sigma = sqrt(
        (OFFSET_C * capacity * count.hours) ** 2
        + (GAIN * ah) ** 2
        + (ANCHOR * ah) ** 2
        + (GAP_RATE * capacity * count.gap_s / 3600) ** 2
        + (PER_DEGREE_SIGMA * below * ah) ** 2
    )
    return {
        "day": day,
        "end": end,
        "ah": round(ah, 2),
        "sigma": round(sigma, 3),
        "hours": round(count.hours, 2),
        "temperature": round(warmth, 1),
        "why": _objection(count, raw, capacity, warmth),
    }


def _objection(count: Count, raw: float, capacity: float, warmth: float) -> str:
    rate = raw / capacity / max(count.hours, 1e-9)
    if count.longest_s > LONGEST_GAP_S or count.gap_s > GAP_PART * count.hours * 3600:
        return "gaps"
    if not COLD <= warmth <= WARM:
        return "temperature"
    if not SLOW <= rate <= FAST:
        return "rate"
    return "" if 0.2 * capacity <= raw <= 1.5 * capacity else "implausible"


ANALYTIC = Analytic(
    code="capacity",
    title=("Capacité et état de santé", "Capacity and state of health"),
    version=1,
    needs=frozenset({"current"}),
    observe=observe,
    conclude=conclude,
    sentences={
        "measured": (
            "Capacité mesurée : {capacity}, soit {soh} de la capacité nominale"
            " ({count} mesures en trois mois).",
            "Measured capacity: {capacity}, which is {soh} of the rated one ({count} measurements"
            " in three months).",
        ),
        "no_cycle": (
            "Pas encore de cycle complet : une charge complète suivie d'une décharge jusqu'à la"
            " coupure permettrait de mesurer la capacité.",
            "No full cycle yet: a full charge followed by a discharge until cut-off would let the"
            " capacity be measured.",
        ),
        "gaps": (
            "Le dernier cycle complet a des trous de plus de cinq minutes : il ne compte pas.",
            "The last full cycle has gaps of more than five minutes: it does not count.",
        ),
        "temperature": (
            "Le dernier cycle complet a eu lieu hors de 10 à 40 °C : il ne compte pas.",
            "The last full cycle happened outside 10 to 40 °C: it does not count.",
        ),
        "rate": (
            "Le dernier cycle complet était trop lent ou trop rapide pour une mesure.",
            "The last full cycle was too slow or too fast for a measurement.",
        ),
        "implausible": (
            "Le dernier cycle complet donne une capacité impossible : vérifier le capteur de"
            " courant et la capacité inscrite.",
            "The last full cycle gives an impossible capacity: check the current sensor and the"
            " rated capacity.",
        ),
    },
)
