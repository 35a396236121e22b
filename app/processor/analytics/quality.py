"""Data quality: can a day's readings be believed, and if not, which sensor and why.

Plausibility is judged by what cannot be, whatever the battery: cells that do not add up to the
pack, a voltage that stands still while the current moves, a jump no cell can make, a temperature
that only an open or shorted sensor gives, charge that flows against the state of charge. The score
begins at 100, and every reason takes its toll; the other computations refuse days below 60. After
the plausibility and open-wire diagnoses that battery management firmware is built with.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from app.processor.bands import cuts_of

from .base import BAD, GOOD, WATCH, Analytic, Evidence, Finding, Observed, Pack, Quantity, Refused
from .day import Array, Day

HOUR_MS = 3_600_000
SUM_PART, SUM_V = 0.01, 0.5
"""Cells may miss the pack's voltage by 1 % or half a volt, whichever is more."""
FASTEST_V, NEXT_MS = 0.5, 10_000
"""No cell moves half a volt within ten seconds unless something has broken."""
OPEN_C, SHORT_C = -38.0, 120.0
MOVING_C = 0.05
"""A current that varies by 5 % of the capacity an hour moves every cell by a millivolt."""
MOVED_PERCENT = 5.0
PROVEN = 0.5
"""Share of readings from which a fault is said to be there."""
SERIOUS, ORDINARY, SLIGHT = 45, 25, 10
"""What a reason takes off the score: what nothing can be concluded from, one sensor, a blemish."""
GOOD_FROM, FAIR_FROM = 80, 60


def observe(pack: Pack, day: Day) -> Evidence | None:
    """The score and its reasons, worst first: `[code, toll, which]`."""
    reasons = sorted(_reasons(pack, day), key=lambda reason: -reason[1])
    score = max(0, 100 - sum(toll for _, toll, _ in reasons))
    return {"score": score, "reasons": [list(reason) for reason in reasons[:8]]}


def conclude(pack: Pack, days: Sequence[Observed]) -> Finding | Refused:
    """What the last day was worth, and why."""
    last = days[-1].evidence
    score, reasons = last["score"], last["reasons"]
    level = GOOD if score >= GOOD_FROM else WATCH if score >= FAIR_FROM else BAD
    code, _, which = reasons[0] if reasons else ("fine", 0, "")
    values: dict[str, Quantity | str] = {"score": Quantity(score, "", 0), "which": str(which)}
    rows = [
        {"day": day.start, "score": day.evidence["score"], "why": _why(day)} for day in days[-30:]
    ]
    return Finding(level=level, text=code, values=values, rows=rows)


def _why(day: Observed) -> str:
    reasons = day.evidence["reasons"]
    return reasons[0][0] if reasons else "fine"


def _reasons(pack: Pack, day: Day) -> Iterator[tuple[str, int, str]]:
    missing = 1 - min(day.covered, 1.0)
    if missing > 0.05:
        yield "gaps", round(SLIGHT + 40 * missing), f"{missing * 100:.0f}"
    if _sums_differ(day):
        yield "sum", ORDINARY, ""
    yield from _frozen(pack, day)
    yield from _leaps(day)
    yield from _broken_sensors(day)
    if pack.capacity_ah:
        yield from _soc_against_charge(day, pack.capacity_ah)


def _sums_differ(day: Day) -> bool:
    told, cells = day.scalar("pack_voltage"), day.cells
    whole = ~np.isnan(told) & (~np.isnan(cells).any(axis=1) if cells.shape[1] else False)
    if not whole.any():
        return False
    apart = np.abs(cells[whole].sum(axis=1) - told[whole])
    return bool((apart > np.maximum(SUM_V, SUM_PART * told[whole])).mean() > PROVEN)


def _frozen(pack: Pack, day: Day) -> Iterator[tuple[str, int, str]]:
    """Cells that keep one value for an hour in which the current moves."""
    if not pack.capacity_ah or not day.cells.shape[1]:
        return
    still = np.zeros(day.cells.shape[1], bool)
    for hour in _hours(day):
        current = day.current[hour]
        known = ~np.isnan(current)
        if known.sum() < 12 or np.std(current[known]) < MOVING_C * pack.capacity_ah:
            continue
        table = day.cells[hour]
        told = ~np.isnan(table).all(axis=0)
        same = np.zeros(len(still), bool)
        same[told] = np.nanmax(table[:, told], axis=0) == np.nanmin(table[:, told], axis=0)
        still |= same
    if still.any():
        toll = SERIOUS if still.mean() > PROVEN else ORDINARY
        yield "frozen", toll, ", ".join(str(cell + 1) for cell in np.flatnonzero(still)[:4])


def _leaps(day: Day) -> Iterator[tuple[str, int, str]]:
    """Cells that jump by more than any cell can, other than all together."""
    near = np.diff(day.times) <= NEXT_MS
    if not near.any() or not day.cells.shape[1]:
        return
    steps = np.diff(day.deviation, axis=0)[near]
    leaping = np.flatnonzero((np.abs(np.nan_to_num(steps)) > FASTEST_V).any(axis=0))
    if len(leaping):
        yield "leaps", ORDINARY, ", ".join(str(cell + 1) for cell in leaping[:4].tolist())


def _broken_sensors(day: Day) -> Iterator[tuple[str, int, str]]:
    table = day.array("cell_temperature")
    if not table.shape[1]:
        return
    broken = np.flatnonzero(((table < OPEN_C) | (table > SHORT_C)).mean(axis=0) > PROVEN)
    if len(broken):
        yield "sensor", ORDINARY, ", ".join(str(sensor + 1) for sensor in broken[:4].tolist())


def _soc_against_charge(day: Day, capacity: float) -> Iterator[tuple[str, int, str]]:
    """Whether the current has the sign of what it does to the state of charge."""
    moves = [_moved(day, hour, capacity) for hour in _hours(day)]
    told = [(flow, soc) for flow, soc in moves if abs(flow) > MOVED_PERCENT and soc is not None]
    against = [soc for flow, soc in told if flow * soc < 0 and abs(soc) > MOVED_PERCENT / 2]
    if told and len(against) > PROVEN * len(told):
        yield "sign", SERIOUS, ""


def _moved(day: Day, hour: slice, capacity: float) -> tuple[float, float | None]:
    """Percent of the capacity that flowed in an hour, and by how much the SOC says it changed."""
    flow = np.nansum(day.current[hour] * day.weights[hour]) / HOUR_MS / capacity * 100
    soc = day.scalar("soc")[hour]
    soc = soc[~np.isnan(soc)]
    return float(flow), float(soc[-1] - soc[0]) if len(soc) > 1 else None


def _hours(day: Day) -> list[slice]:
    hours: Array = day.times // HOUR_MS
    cuts = [*cuts_of(hours).tolist(), len(day)]
    return [slice(low, high) for low, high in zip(cuts, cuts[1:], strict=False)]


ANALYTIC = Analytic(
    code="quality",
    title=("Qualité des mesures", "Quality of the readings"),
    version=1,
    needs=frozenset(),
    observe=observe,
    conclude=conclude,
    quality=0.0,
    sentences={
        "fine": (
            "Les mesures sont complètes et plausibles (note {score} sur 100).",
            "The readings are complete and plausible (score {score} of 100).",
        ),
        "gaps": (
            "Il manque {which} % de la dernière journée : vérifier le collecteur et sa liaison.",
            "{which}% of the last day is missing: check the collector and its link.",
        ),
        "sum": (
            "La somme des cellules n'est pas la tension de la batterie : vérifier le nombre de"
            " cellules et les fils de mesure.",
            "The cells do not add up to the pack's voltage: check the number of cells and the"
            " sense wires.",
        ),
        "frozen": (
            "La tension reste figée pendant que le courant varie (cellule {which}) : fil de mesure"
            " coupé ou BMS figé.",
            "The voltage stands still while the current moves (cell {which}): a sense wire is off"
            " or the BMS hangs.",
        ),
        "leaps": (
            "La tension saute de plus d'un demi-volt (cellule {which}) : connexion de mesure"
            " intermittente.",
            "The voltage leaps by more than half a volt (cell {which}): a sense connection is"
            " intermittent.",
        ),
        "sensor": (
            "Une sonde de température est ouverte ou en court-circuit (sonde {which}).",
            "A temperature sensor is open or shorted (sensor {which}).",
        ),
        "sign": (
            "Le courant a le signe contraire de l'état de charge : revoir le réglage du signe dans"
            " le collecteur.",
            "The current has the opposite sign of the state of charge: correct the sign in the"
            " collector's configuration.",
        ),
    },
)
