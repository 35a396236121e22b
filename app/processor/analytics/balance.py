"""Balance: how uneven the cells are when full, and how many hours of bleeding make them even.

Passive balancing works only near full, and only on what is above the lowest cell: the cell that is
furthest ahead decides how long it takes. Field firmware is content within 10 mV and starts a long
absorption again from about 80 mV; warranties ask for a full charge every 7 to 14 days, which is
also what keeps a battery balanced.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .base import BAD, GOOD, WATCH, Analytic, Evidence, Finding, Observed, Pack, Quantity, Refused
from .day import Day
from .ends import charge_end
from .windows import c_rate, chemistry, held, highest

EVEN_MV, UNEVEN_MV = 10.0, 80.0
TAPER_C, TAPER_MS = 0.05, 30 * 60_000
OFTEN_DAYS = 14
BLED_H = 0.1
BLEED_A = 0.05
"""Of most passive balancers, 30 to 100 mA; `bleed_a` among the terms says it better."""
DAY_MS = 86_400_000


def observe(pack: Pack, day: Day) -> Evidence | None:
    """At the end of charge: mV apart, Ah that each cell lacks; hours bled; whether it was full for
    half an hour."""
    if not pack.capacity_ah or not day.cells.shape[1]:
        return None
    end = charge_end(pack, day)
    calm = np.abs(np.nan_to_num(c_rate(pack, day), nan=1.0)) < TAPER_C
    long = held(day, calm & (highest(day) >= chemistry(pack).knee), TAPER_MS)
    bled = [round(day.hours(column > 0), 2) for column in day.array("balancing").T]
    evidence: dict[str, Any] = {"full": bool(long.any()), "bled_h": bled}
    if end is not None:
        evidence |= {
            "spread_mv": end.spread_mv,
            "behind_ah": end.behind,
            "noise_ah": end.noise,
            "reach_ah": end.reach,
        }
    return evidence


def conclude(pack: Pack, days: Sequence[Observed]) -> Finding | Refused:
    """Spread, hours to balance, days since a full charge, and what balancing has done so far."""
    ends = [day for day in days if "spread_mv" in day.evidence]
    if not ends:
        days_told = round((days[-1].end - days[0].start) / DAY_MS)
        return Refused("never_full", {"days": Quantity(days_told, "", 0)})
    last = ends[-1].evidence
    since = _since_full(days)
    ah, hours, bleed = _needed(pack, last)
    values: dict[str, Quantity | str] = {
        "spread": Quantity(last["spread_mv"], "mV", 0),
        "since": Quantity(since, "", 0),
        "charge": Quantity(ah, "Ah", 2),
        "hours": Quantity(hours, "h", 1),
        "bleed": Quantity(bleed, "A", 2),
        "voltage": Quantity(chemistry(pack).full, "V", 2),
    }
    if (effect := _effect(days)) is not None:
        values |= {
            "before": Quantity(effect[0], "mV", 0),
            "after": Quantity(effect[1], "mV", 0),
        }
    rows = [{"day": day.start, "spread_mv": day.evidence["spread_mv"]} for day in ends[-60:]]
    if last["spread_mv"] > EVEN_MV and ah > 2 * last["noise_ah"]:
        level = BAD if last["spread_mv"] >= UNEVEN_MV else WATCH
        return Finding(level=level, text="uneven", values=values, rows=rows)
    if since > OFTEN_DAYS:
        return Finding(level=WATCH, text="overdue", values=values, rows=rows)
    return Finding(level=GOOD, text="even", values=values, rows=rows)


def _needed(pack: Pack, last: Evidence) -> tuple[float, float, float]:
    """Ah by which the foremost cell is ahead of the last, hours to bleed it off, and at how many
    ampere. All are bled at once, so that the foremost decides."""
    behind = [each for each in last["behind_ah"] if each is not None]
    ah = max(behind) - min(behind)
    bleed = float(pack.terms.get("bleed_a", BLEED_A))
    return ah, ah / bleed if bleed > 0 else 0.0, bleed


def _since_full(days: Sequence[Observed]) -> int:
    """Days since the last charge that stayed at full for half an hour; since the first if none."""
    full = [day.start for day in days if day.evidence["full"]]
    return round((days[-1].start - (full[-1] if full else days[0].start)) / DAY_MS)


def _effect(days: Sequence[Observed]) -> tuple[float, float] | None:
    """mV apart before the last run of days on which cells were bled, and on its last day."""
    told = [
        (day.evidence["spread_mv"], max(day.evidence["bled_h"], default=0.0) > BLED_H)
        for day in days
        if "spread_mv" in day.evidence
    ]
    bled = [at for at, (_, on) in enumerate(told) if on]
    if not bled:
        return None
    first = bled[-1]
    while first > 0 and told[first - 1][1]:
        first -= 1
    return (told[max(first - 1, 0)][0], told[-1][0]) if len(told) > 1 else None


ANALYTIC = Analytic(
    code="balance",
    title=("Équilibrage", "Balance"),
    version=1,
    needs=frozenset({"cell_voltage", "current"}),
    observe=observe,
    conclude=conclude,
    sentences={
        "never_full": (
            "Aucune charge complète en {days} jours : l'équilibre des cellules ne se voit qu'à la"
            " fin d'une charge complète, et ne se fait que là.",
            "No full charge in {days} days: the balance of the cells shows only at the end of a"
            " full charge, and is made only there.",
        ),
        "even": (
            "Cellules équilibrées : {spread} d'écart en fin de charge.",
            "The cells are balanced: {spread} apart at the end of charge.",
        ),
        "overdue": (
            "Cellules équilibrées ({spread} d'écart), mais aucune charge complète d'une demi-heure"
            " depuis {since} jours : il en faudrait une toutes les deux semaines.",
            "The cells are balanced ({spread} apart), but no full charge of half an hour for"
            " {since} days: one every two weeks is needed.",
        ),
        "uneven": (
            "{spread} d'écart en fin de charge, soit {charge} entre les cellules. Il faut environ"
            " {hours} à {voltage} par cellule pour équilibrer (à {bleed}).",
            "{spread} apart at the end of charge, which is {charge} between the cells. About"
            " {hours} at {voltage} a cell are needed to balance them (at {bleed}).",
        ),
    },
)
