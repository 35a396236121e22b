"""Weak cell: the one that falls behind its neighbours where it shows, and more so week after week.

Each cell's deviation from the median is taken at rest, near full and near empty under load only,
once a day. The first weeks of a battery say what is usual for each of its cells; after that the
sum of what is beyond the usual (a one-sided CUSUM) tells a drift from noise long before any limit
on the spread does. Residuals instead of raw values, and their cumulated sum: Bhaskar et al.,
Batteries 2023, 9(2), 70. That one cell often makes the life of a pack: Schaeffer et al. 2024.
"""

from collections.abc import Sequence

import numpy as np

from .base import BAD, GOOD, WATCH, Analytic, Evidence, Finding, Observed, Pack, Quantity, Refused
from .day import Day
from .drift import ALARM, baseline, cusum, table_of
from .windows import at_rest, medians, near_empty, near_full

BASELINE_DAYS = 30
LEAST_SIGMA_MV = 1.0
"""A BMS resolves a millivolt: nothing is known better than that."""
WINDOWS = (("empty", -1.0), ("rest", -1.0), ("full", 1.0))
"""A weak cell is low when the battery is empty or at rest, and high when it is full."""
LEAST_SECONDS = 60.0


def observe(pack: Pack, day: Day) -> Evidence | None:
    """Median deviation (mV) of each cell in each window that lasted a minute."""
    masks = {
        "empty": near_empty(pack, day),
        "rest": at_rest(pack, day),
        "full": near_full(pack, day),
    }
    found = {
        name: [None if mv is None else round(mv * 1000, 2) for mv in medians(day.deviation, mask)]
        for name, mask in masks.items()
        if day.hours(mask) * 3600 >= LEAST_SECONDS
    }
    return found or None


def conclude(pack: Pack, days: Sequence[Observed]) -> Finding | Refused:
    """The cell whose sum has risen most, in the window where it has."""
    suspects = [
        suspect for window, sign in WINDOWS if (suspect := _suspect(days, window, sign)) is not None
    ]
    if not suspects:
        seen = max(sum(window in day.evidence for day in days) for window, _ in WINDOWS)
        return Refused("too_soon", {"days": Quantity(max(BASELINE_DAYS + 1 - seen, 1), "", 0)})
    rung, score, cell, window, beyond, deviation, since = max(suspects)
    if not rung:
        return Finding(level=GOOD, text="none", values={"score": Quantity(score, "", 1)})
    return Finding(
        level=BAD if abs(deviation) >= 50 else WATCH,
        text=f"weak_{window}",
        values={
            "cell": Quantity(cell + 1, "", 0),
            "deviation": Quantity(abs(deviation), "mV", 0),
            "beyond": Quantity(abs(beyond), "mV", 0),
            "days": Quantity((days[-1].start - since) / 86_400_000 + 1, "", 0),
            "score": Quantity(score, "", 1),
        },
    )


def _suspect(days: Sequence[Observed], window: str, sign: float):
    """Whether it rang, the score, the cell, its window, mV beyond its usual, mV from the others
    and since when; None while the baseline is not complete."""
    seen = [day for day in days if window in day.evidence]
    if len(seen) <= BASELINE_DAYS:
        return None
    table = table_of(seen, window)
    usual, sigma = baseline(table[:BASELINE_DAYS], LEAST_SIGMA_MV)
    z = sign * (table[BASELINE_DAYS:] - usual) / sigma
    sums, began = cusum(np.nan_to_num(z))
    cell = int(np.argmax(sums[-1]))
    latest = np.nanmedian(table[-7:, cell])
    since = seen[BASELINE_DAYS + int(began[cell])].start
    score = float(sums[-1, cell])
    return score > ALARM, score, cell, window, latest - usual[cell], float(latest), since


ANALYTIC = Analytic(
    code="weak_cell",
    title=("Cellule faible", "Weak cell"),
    version=1,
    needs=frozenset({"cell_voltage", "current"}),
    observe=observe,
    conclude=conclude,
    sentences={
        "too_soon": (
            "Il manque {days} jours de mesures pour savoir ce qui est habituel à chaque cellule.",
            "{days} more days of readings are needed to know what is usual for each cell.",
        ),
        "none": (
            "Aucune cellule ne s'écarte de son habitude.",
            "No cell strays from what is usual for it.",
        ),
        "weak_empty": (
            "Cellule {cell} : {deviation} sous ses voisines en fin de décharge, et l'écart grandit"
            " depuis {days} jours. Elle limite l'autonomie : prévoir un contrôle à la prochaine"
            " visite.",
            "Cell {cell}: {deviation} below its neighbours when nearly empty, and more so for"
            " {days} days. It limits how long the battery lasts: have it checked at the next"
            " visit.",
        ),
        "weak_rest": (
            "Cellule {cell} : {deviation} sous ses voisines au repos, et l'écart grandit depuis"
            " {days} jours. Prévoir un contrôle à la prochaine visite.",
            "Cell {cell}: {deviation} below its neighbours at rest, and more so for {days} days."
            " Have it checked at the next visit.",
        ),
        "weak_full": (
            "Cellule {cell} : {deviation} au-dessus de ses voisines en fin de charge, et l'écart"
            " grandit depuis {days} jours. Elle est pleine avant les autres : prévoir un contrôle.",
            "Cell {cell}: {deviation} above its neighbours when nearly full, and more so for"
            " {days} days. It is full before the others: have it checked.",
        ),
    },
)
