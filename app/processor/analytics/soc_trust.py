"""Trust in the state of charge: does what the BMS says agree with the charge that flowed?

Between days, our own count of the charge is compared with the change of state of charge that the
BMS reports. A slow disagreement is drift; a jump that no charge explains is a correction or a
reset; a number that stands still while charge flows is stuck; and 100 % before a cell has reached
its charging voltage is a guess. Grades from A (rely on it) to D (do not).
"""

from collections.abc import Sequence

import numpy as np

from app.processor.bands import cuts_of

from .base import BAD, GOOD, WATCH, Analytic, Evidence, Finding, Observed, Pack, Quantity, Refused
from .day import Array, Day
from .windows import c_rate, chemistry, highest

JUMP, EXPLAINED = 3.0, 1.0
"""Percent: what is a jump, and what the charge may leave unexplained of it."""
STUCK = 5.0
"""Percent of the capacity that may flow before the number has to move."""
DAY_MS = 86_400_000
RECENT_DAYS = 14
DRIFT_B, DRIFT_C, DRIFT_D = 0.5, 1.5, 3.0
"""Percent a day from which the grade is B, C, D."""
UNANCHORED_B, UNANCHORED_C = 14, 30
"""Days without a full charge."""
EFFICIENCY = (0.90, 1.02)
"""Ah out over Ah in of any sound lithium or lead battery over weeks; outside, the sensor is off."""


def observe(pack: Pack, day: Day) -> Evidence | None:
    """Percent: what the SOC changed by, what flowed, how much; jumps; stuck; when it was full."""
    soc = day.scalar("soc")
    known = np.flatnonzero(~np.isnan(soc))
    if not pack.capacity_ah or len(known) < 2 or np.isnan(day.current).all():
        return None
    flow = np.nan_to_num(day.current) * day.weights / 3_600_000 / pack.capacity_ah * 100
    counted = np.cumsum(flow)
    at = known[0], known[-1]
    full = np.flatnonzero(highest(day) >= chemistry(pack).full)
    moved = counted[known]
    return {
        "soc": [round(float(soc[at[0]]), 2), round(float(soc[at[1]]), 2)],
        "flowed": round(float(counted[at[1]] - counted[at[0]]), 3),
        "in": round(float(flow[flow > 0].sum()), 3),
        "out": round(float(-flow[flow < 0].sum()), 3),
        "jumps": _jumps(soc[known], moved),
        "stuck": _stuck(soc[known], moved),
        "full": bool(len(full)),
        "early": _early(pack, day, soc),
    }


def _jumps(soc: Array, counted: Array) -> int:
    """Steps of more than 3 % that the charge of that moment does not explain."""
    steps, flows = np.diff(soc), np.diff(counted)
    return int(((np.abs(steps) > JUMP) & (np.abs(steps - flows) > EXPLAINED + np.abs(flows))).sum())


def _stuck(soc: Array, counted: Array) -> float:
    """Most percent of the capacity that came or went while the number stood still."""
    cuts = [*cuts_of(soc).tolist(), len(soc)]
    spans = [(a, b) for a, b in zip(cuts, cuts[1:], strict=False) if 0.5 < soc[a] < 99.5]
    return round(max((float(np.ptp(counted[a:b])) for a, b in spans), default=0.0), 2)


def _early(pack: Pack, day: Day, soc: Array) -> bool:
    """Whether 100 % was shown while charging went on well below the charging voltage."""
    charging = c_rate(pack, day) > 0.05
    early = (soc >= 99.5) & charging & (highest(day) < chemistry(pack).knee)
    return bool(day.hours(early) > 0.1)


def conclude(pack: Pack, days: Sequence[Observed]) -> Finding | Refused:
    """A grade, and the worst of its reasons."""
    recent = days[-RECENT_DAYS:]
    drift, band = _drift(recent)
    reasons = sorted(_reasons(days, recent, drift, band))
    grade, text = reasons[-1] if reasons else ("A", "trusted")
    values = {
        "grade": grade,
        "drift": Quantity(drift, "%", 1, drift - band, drift + band),
        "jumps": Quantity(sum(day.evidence["jumps"] for day in recent), "", 0),
        "days": Quantity(_since_full(days), "", 0),
        "stuck": Quantity(max(day.evidence["stuck"] for day in recent), "%", 0),
    }
    level = {"A": GOOD, "B": GOOD, "C": WATCH, "D": BAD}[grade]
    return Finding(level=level, text=text, values=values)


def _drift(days: Sequence[Observed]) -> tuple[float, float]:
    """Percent a day by which the number runs away from the charge, and half its 95 % interval.

    Days with a full charge are left out: there a BMS rightly corrects itself.
    """
    ran = [_ran(day) for day in days if not day.evidence["full"] and not day.evidence["jumps"]]
    if not ran:
        return 0.0, DRIFT_B
    spread = float(np.std(ran, ddof=1)) if len(ran) > 1 else DRIFT_B
    return float(np.median(ran)), 1.96 * 1.2533 * max(spread, 0.1) / len(ran) ** 0.5


def _ran(day: Observed) -> float:
    first, last = day.evidence["soc"]
    return last - first - day.evidence["flowed"]


def _since_full(days: Sequence[Observed]) -> int:
    full = [day.start for day in days if day.evidence["full"]]
    return round((days[-1].start - (full[-1] if full else days[0].start)) / DAY_MS)


def _reasons(days: Sequence[Observed], recent: Sequence[Observed], drift: float, band: float):
    """Grade and reason of everything that speaks against the number."""
    least = max(abs(drift) - band, 0.0)
    for grade, limit in (("D", DRIFT_D), ("C", DRIFT_C), ("B", DRIFT_B)):
        if least >= limit:
            yield grade, "drifts"
            break
    if jumps := sum(day.evidence["jumps"] for day in recent):
        yield ("C" if jumps > 1 else "B"), "jumps"
    if recent[-1].evidence["stuck"] > STUCK:
        yield "D", "stuck"
    since = _since_full(days)
    if since > UNANCHORED_B:
        yield ("C" if since > UNANCHORED_C else "B"), "unanchored"
    if any(day.evidence["early"] for day in recent):
        yield "C", "early"
    came, went = (sum(day.evidence[way] for day in recent) for way in ("in", "out"))
    net = recent[0].evidence["soc"][0] - recent[-1].evidence["soc"][1]
    if came > 300 and not EFFICIENCY[0] <= (went - net) / came <= EFFICIENCY[1]:
        yield "C", "inefficient"


ANALYTIC = Analytic(
    code="soc_trust",
    title=("Confiance dans l'état de charge", "Trust in the state of charge"),
    version=1,
    needs=frozenset({"soc", "current"}),
    observe=observe,
    conclude=conclude,
    sentences={
        "trusted": (
            "Note {grade} : l'état de charge affiché suit la charge qui passe.",
            "Grade {grade}: the state of charge shown follows the charge that flows.",
        ),
        "drifts": (
            "Note {grade} : l'état de charge affiché dérive de {drift} par jour. Une charge"
            " complète le recale.",
            "Grade {grade}: the state of charge shown drifts by {drift} a day. A full charge sets"
            " it right.",
        ),
        "jumps": (
            "Note {grade} : l'état de charge a sauté {jumps} fois sans que rien n'ait été chargé ni"
            " consommé.",
            "Grade {grade}: the state of charge jumped {jumps} times with nothing charged or used.",
        ),
        "stuck": (
            "Note {grade} : l'état de charge est resté figé pendant que {stuck} de la capacité"
            " passait.",
            "Grade {grade}: the state of charge stood still while {stuck} of the capacity flowed.",
        ),
        "unanchored": (
            "Note {grade} : aucune charge complète depuis {days} jours, l'état de charge n'a plus"
            " de repère.",
            "Grade {grade}: no full charge for {days} days, the state of charge has nothing to go"
            " by.",
        ),
        "early": (
            "Note {grade} : 100 % est affiché avant que la batterie soit pleine.",
            "Grade {grade}: 100% is shown before the battery is full.",
        ),
        "inefficient": (
            "Note {grade} : il sort plus de charge qu'il n'en entre, ou bien trop peu ; vérifier le"
            " capteur de courant.",
            "Grade {grade}: more charge comes out than goes in, or far too little; check the"
            " current sensor.",
        ),
    },
)
