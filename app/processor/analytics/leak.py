"""Slow leak: a cell that loses charge by itself, found from what it lacks at each end of charge.

A micro-short discharges one cell day and night. At each end of charge it lags behind its
neighbours by what it has lost since they were last made even, and that grows with the calendar.
The slope over days is a current. Where the BMS balances every day the lag is levelled out; then
the leaking cell is the one that never needs to be bled. That micro-shorts, low capacity and low
charge look alike and have to be told apart: Ma et al., Energy 322 (2025).
"""

from collections.abc import Sequence

import numpy as np

from .base import BAD, GOOD, WATCH, Analytic, Evidence, Finding, Observed, Pack, Quantity, Refused
from .day import Array, Day
from .drift import MAD_TO_SIGMA, table_of
from .ends import charge_end

WARN_C, SERIOUS_C = 1 / 10_000, 1 / 2_000
"""Leak currents in parts of the capacity an hour: 10 and 50 mA of 100 Ah."""
LEAST_DAYS, MOST_DAYS = 4, 60
BLED_H = 0.1
"""A day on which some cell was bled longer than this makes the cells even: counting starts anew."""
ASYMMETRY_DAYS, BLED_EACH_H = 14, 0.5
SIGMAS = (12.7, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23)
"""Student's t at 95 % for 1 to 10 degrees of freedom; 2 beyond."""
DAY_MS = 86_400_000
AH_TO_MA = 1000 / 24


def observe(pack: Pack, day: Day) -> Evidence | None:
    """Ah that each cell lacks at the end of charge, and hours that each was bled."""
    bled = _bled(day)
    if (end := charge_end(pack, day)) is None:
        return {"bled_h": bled} if bled and max(bled) > BLED_H else None
    return {
        "at": end.at,
        "behind_ah": end.behind,
        "reach_ah": end.reach,
        "noise_ah": end.noise,
        "spread_mv": end.spread_mv,
        "bled_h": bled,
    }


def _bled(day: Day) -> list[float]:
    table = day.array("balancing")
    return [round(day.hours(column > 0), 2) for column in table.T]


def conclude(pack: Pack, days: Sequence[Observed]) -> Finding | Refused:
    """The cell that loses most, as a current with its interval."""
    if not pack.capacity_ah:
        return Refused("no_capacity")
    if (cell := _never_bled(days)) is not None:
        return Finding(level=WATCH, text="spared", values={"cell": Quantity(cell + 1, "", 0)})
    points = since_even(days)
    if len(points) < LEAST_DAYS:
        return Refused("too_soon", {"days": Quantity(LEAST_DAYS - len(points), "", 0)})
    cell, slope, band = max(slopes(points), key=lambda found: found[1] - found[2])
    warn = WARN_C * pack.capacity_ah * 24
    sure = slope - band > warn / 2 and slope + band >= warn
    serious = sure and slope >= SERIOUS_C * pack.capacity_ah * 24
    values = {
        "cell": Quantity(cell + 1, "", 0),
        "leak": Quantity(
            slope * AH_TO_MA, "mA", 0, (slope - band) * AH_TO_MA, (slope + band) * AH_TO_MA
        ),
        "limit": Quantity(warn * AH_TO_MA, "mA", 0),
        "days": Quantity((points[-1].start - points[0].start) / DAY_MS + 1, "", 0),
    }
    rows = [
        {"day": day.start, "cell": cell + 1, "behind_ah": day.evidence["behind_ah"][cell]}
        for day in points
    ]
    level = BAD if serious else WATCH if sure else GOOD
    return Finding(level=level, text="leaks" if sure else "none", values=values, rows=rows)


def since_even(days: Sequence[Observed]) -> list[Observed]:
    """The days with an end of charge since the cells were last made even, at most two months."""
    points: list[Observed] = []
    for day in days:
        if max(day.evidence["bled_h"], default=0.0) > BLED_H:
            points = []  # that very day's end may lie before or after the bleeding
        elif "behind_ah" in day.evidence:
            points.append(day)
    return points[-MOST_DAYS:]


def slopes(points: Sequence[Observed]) -> list[tuple[int, float, float]]:
    """Cell, Ah a day by which it falls behind, and half the 95 % interval of that."""
    times = np.array([day.evidence["at"] for day in points]) / DAY_MS
    table = table_of(points, "behind_ah")
    reach = np.array([day.evidence["reach_ah"] for day in points])
    noise = float(np.median([day.evidence["noise_ah"] for day in points]))
    found = []
    for cell in range(table.shape[1]):
        behind = table[:, cell]
        # Once as far behind as the curve reaches, a cell is only known to be that far.
        usable = ~np.isnan(behind) & (behind < 0.9 * reach)
        if usable.sum() >= LEAST_DAYS:
            found.append((cell, *_slope(times[usable], behind[usable], noise)))
    return found or [(0, 0.0, np.inf)]


def _slope(times: Array, values: Array, noise: float) -> tuple[float, float]:
    """Theil and Sen's: the median of all slopes between two points. And half its interval."""
    first, second = np.triu_indices(len(times), 1)
    apart = times[second] - times[first]
    slope = float(np.median((values[second] - values[first])[apart > 0] / apart[apart > 0]))
    left = values - np.median(values - slope * times) - slope * times
    spread = max(MAD_TO_SIGMA * float(np.median(np.abs(left))), noise)
    leverage = float(np.sqrt(((times - times.mean()) ** 2).sum()))
    freedom = len(times) - 2
    student = SIGMAS[freedom - 1] if freedom <= len(SIGMAS) else 2.0
    return slope, student * spread / leverage


def _never_bled(days: Sequence[Observed]) -> int | None:
    """The one cell that was never bled in two weeks in which most others were every day."""
    recent = [day.evidence["bled_h"] for day in days[-ASYMMETRY_DAYS:] if day.evidence["bled_h"]]
    if len(recent) < ASYMMETRY_DAYS or len({len(row) for row in recent}) > 1:
        return None
    table = np.array(recent)
    if np.median(table.mean(axis=0)) < BLED_EACH_H:
        return None
    spared = np.flatnonzero(table.sum(axis=0) == 0)
    return int(spared[0]) if len(spared) == 1 else None


ANALYTIC = Analytic(
    code="leak",
    title=("Fuite lente", "Slow leak"),
    version=1,
    needs=frozenset({"cell_voltage", "current"}),
    observe=observe,
    conclude=conclude,
    sentences={
        "too_soon": (
            "Il faut encore {days} jours avec une charge complète, sans équilibrage entre eux.",
            "{days} more days with a full charge are needed, without balancing between them.",
        ),
        "none": (
            "Aucune cellule ne perd de charge d'elle-même (limite de détection : {limit}).",
            "No cell loses charge by itself (limit of detection: {limit}).",
        ),
        "leaks": (
            "Cellule {cell} : elle perd environ {leak} jour et nuit depuis {days} jours. Un"
            " court-circuit interne ou une fuite du circuit de mesure : faire contrôler la cellule"
            " et ne pas l'équilibrer en attendant.",
            "Cell {cell}: it loses about {leak} day and night, for {days} days now. An internal"
            " short or a leak of the sense circuit: have the cell checked and do not balance it"
            " until then.",
        ),
        "spared": (
            "Cellule {cell} : elle n'a jamais eu besoin d'être équilibrée alors que les autres"
            " l'ont été chaque jour. Elle perd sans doute de la charge : faire contrôler la"
            " cellule.",
            "Cell {cell}: it never needed bleeding while the others did every day. It probably"
            " loses charge by itself: have the cell checked.",
        ),
    },
)
