"""What is wrong with this cell: too small, merely uneven, leaking, badly connected or not measured.

Four faults make a cell low when the battery is nearly empty, and each asks for something else. At
both ends it is worked out by how many Ah a cell is behind: a *small* cell is behind when empty and
not when full; an *uneven* one is behind by the same at both ends and stays so; a *leaking* one is
behind by more every day; a *connection* adds a voltage that follows the current, whatever the state
of charge. A cell that never moves is not measured. Where the evidence does not part them the answer
is that it does not; least of all is a leak called uneven, so that is only said of a slope that
excludes a leak. After Ma et al., Energy 322 (2025).
"""

from collections.abc import Sequence

import numpy as np

from .base import BAD, GOOD, WATCH, Analytic, Evidence, Finding, Observed, Pack, Quantity, Refused
from .day import Array, Day
from .drift import spread
from .ends import charge_end, discharge_end
from .leak import BLED_H, WARN_C, slopes
from .windows import c_rate

RECENT_DAYS, LEAST_DAYS, LEAST_STEPS = 14, 3, 2
SMALL, UNEVEN = 0.03, 0.01
"""Of the capacity: what a cell must lack to be called small, or uneven."""
RESISTS = 0.4
"""Of the median cell's resistance: what a connection must add."""
BEYOND = 4.0
"""Standard deviations of the other cells that a suspect must be beyond."""
MOVING_C, MIDDLE = 0.05, (25.0, 90.0)
DAY_MS = 86_400_000


def observe(pack: Pack, day: Day) -> Evidence | None:
    """Ah behind at both ends, milliohm beyond the median cell's, and cells that never move."""
    full, empty = charge_end(pack, day), discharge_end(pack, day)
    table = day.array("balancing")
    evidence = {
        "extra_mohm": _extra(pack, day),
        "median_mohm": _resistance(pack, day),
        "frozen": _frozen(pack, day),
        "bled_h": [round(day.hours(column > 0), 2) for column in table.T],
    }
    for name, end in (("full", full), ("empty", empty)):
        if end is not None:
            evidence[name] = {
                "at": end.at,
                "behind_ah": end.behind,
                "reach_ah": end.reach,
                "noise_ah": end.noise,
            }
    return evidence


def _middle(pack: Pack, day: Day) -> Array:
    """Readings away from the ends, where the curve of a cell hides nothing."""
    soc = day.scalar("soc")
    inside = ((soc > MIDDLE[0]) & (soc < MIDDLE[1])) | np.isnan(soc)
    return inside & ~np.isnan(c_rate(pack, day))


def _extra(pack: Pack, day: Day) -> list[float | None] | None:
    """How much the deviation of each cell changes with the current, milliohm.

    Taken at changes of current, where the state of charge stays what it is.
    """
    steps, at = _steps(pack, day)
    if len(at) < LEAST_STEPS:
        return None
    ratios = np.diff(day.deviation, axis=0)[at] / steps[at, None] * 1000
    known = ~np.isnan(ratios).all(axis=0)
    return [
        round(float(np.nanmedian(ratios[:, cell])), 4) if known[cell] else None
        for cell in range(ratios.shape[1])
    ]


def _resistance(pack: Pack, day: Day) -> float | None:
    steps, at = _steps(pack, day)
    ratios = np.diff(day.middle)[at] / steps[at] * 1000
    ratios = ratios[~np.isnan(ratios)]
    return round(float(np.median(ratios)), 4) if len(ratios) >= LEAST_STEPS else None


def _steps(pack: Pack, day: Day) -> tuple[Array, Array]:
    """Changes of the current, A, and those that are large and quick."""
    steps = np.nan_to_num(np.diff(day.current))
    large = np.abs(steps) >= MOVING_C * (pack.capacity_ah or np.inf)
    return steps, np.flatnonzero(large & (np.diff(day.times) <= 1.5 * day.step_ms))


def _frozen(pack: Pack, day: Day) -> list[int]:
    """Cells, from 0, that keep one voltage, or none, through a day in which the current moves."""
    moves = np.nanstd(day.current) if not np.isnan(day.current).all() else 0.0
    if not day.cells.shape[1] or not pack.capacity_ah or moves < MOVING_C * pack.capacity_ah:
        return []
    highest, lowest = np.fmax.reduce(day.cells), np.fmin.reduce(day.cells)
    return np.flatnonzero(~(highest - lowest > 0)).tolist()


def conclude(pack: Pack, days: Sequence[Observed]) -> Finding | Refused:
    """The fault that explains what is seen, and how sure that is."""
    if not pack.capacity_ah:
        return Refused("no_capacity")
    if frozen := days[-1].evidence["frozen"]:
        values = {"cell": Quantity(frozen[0] + 1, "", 0), "sure": Quantity(95, "%", 0)}
        return Finding(level=BAD, text="frozen", values=values)
    if (found := _connection(days)) is not None:
        return found
    full = _since_bled([day for day in days if "full" in day.evidence], days)
    empty = [day for day in days[-RECENT_DAYS:] if "empty" in day.evidence]
    if len(full) < LEAST_DAYS:
        return Refused("too_soon", {"days": Quantity(LEAST_DAYS - len(full), "", 0)})
    return _told_apart(pack, full[-RECENT_DAYS:], empty)


def _since_bled(full: Sequence[Observed], days: Sequence[Observed]) -> list[Observed]:
    bled = [day.start for day in days if max(day.evidence["bled_h"], default=0.0) > BLED_H]
    return [day for day in full if not bled or day.start > bled[-1]]


def _connection(days: Sequence[Observed]) -> Finding | None:
    """A cell whose deviation follows the current; its onset is told where it lies in what is kept.

    Where a connection is shared, the neighbour shows the reverse: that is what makes it sure.
    """
    told = [
        day for day in days if day.evidence["extra_mohm"] and day.evidence["median_mohm"]
    ]  # a day without steps of current says nothing of connections
    recent = told[-RECENT_DAYS:]
    width = max((len(day.evidence["extra_mohm"]) for day in recent), default=0)
    recent = [day for day in recent if len(day.evidence["extra_mohm"]) == width]
    if len(recent) < LEAST_DAYS:
        return None
    latest = np.array([day.evidence["extra_mohm"] for day in recent[-LEAST_DAYS:]], float)
    extra = np.nan_to_num(np.median(latest, axis=0))
    median = float(np.median([day.evidence["median_mohm"] for day in recent]))
    cell = int(np.argmax(extra))
    if extra[cell] < max(RESISTS * median, BEYOND * spread(np.delete(extra, cell))):
        return None
    beside = extra[max(cell - 1, 0) : cell + 2]
    mirrored = bool(beside.min() < -0.3 * extra[cell])
    before = [day.evidence["extra_mohm"][cell] for day in told[: -2 * LEAST_DAYS]]
    sudden = bool(before) and float(np.median([b or 0.0 for b in before])) < 0.3 * extra[cell]
    values = {
        "cell": Quantity(cell + 1, "", 0),
        "extra": Quantity(float(extra[cell]), "mΩ", 2),
        "sure": Quantity(90 if mirrored or sudden else 75, "%", 0),
    }
    return Finding(level=BAD if extra[cell] >= median else WATCH, text="connection", values=values)


def _told_apart(pack: Pack, full: Sequence[Observed], empty: Sequence[Observed]) -> Finding:
    """Small, uneven or leaking, from what is missing at both ends."""
    capacity = pack.capacity_ah or 1.0
    points = [_as_point(day) for day in full]
    at_full, blur = _last(full, "full")
    at_empty, blur_empty = _last(empty, "empty") if empty else (None, 0.0)
    small = at_empty - at_full if at_empty is not None and len(at_empty) == len(at_full) else None
    limit = WARN_C * capacity * 24
    cell, slope, band = max(slopes(points), key=lambda found: found[1] - found[2])
    if slope - band > limit / 2:
        values = {"leak": Quantity(slope * 1000 / 24, "mA", 0)}
        return _fault("leaking", cell, BAD, 90, values)
    if small is not None:
        cell = int(np.nanargmax(np.nan_to_num(small)))
        others = np.delete(small, cell)
        least = max(SMALL * capacity, BEYOND * spread(others), 3 * (blur + blur_empty))
        if small[cell] - np.nanmedian(others) > least:
            values = {"missing": Quantity(100 * float(small[cell]) / capacity, "%", 0)}
            sure = 90 if len(empty) >= LEAST_DAYS else 75
            return _fault(
                "small", cell, WATCH if small[cell] < 0.2 * capacity else BAD, sure, values
            )
    cell = int(np.argmax(np.abs(np.nan_to_num(at_full - np.nanmedian(at_full)))))
    uneven = float(at_full[cell])
    if abs(uneven) <= max(UNEVEN * capacity, BEYOND * spread(np.delete(at_full, cell)), 3 * blur):
        return Finding(level=GOOD, text="none", values={"days": Quantity(len(full), "", 0)})
    steady = next((each for each in slopes(points) if each[0] == cell), None)
    values = {"behind": Quantity(abs(uneven), "Ah", 1)}
    if uneven < 0:
        return _fault("ahead", cell, WATCH, 80 if small is not None else 60, values)
    if steady is None or steady[1] + steady[2] > limit / 2 or small is None:
        return _fault("undetermined", cell, WATCH, 50, values)
    return _fault("uneven", cell, WATCH, 85, values)


def _fault(text: str, cell: int, level: str, sure: int, values: dict[str, Quantity]) -> Finding:
    both = {"cell": Quantity(cell + 1, "", 0), "sure": Quantity(sure, "%", 0), **values}
    return Finding(level=level, text=text, values=both)


def _as_point(day: Observed) -> Observed:
    return Observed(day.start, day.end, day.evidence["full"], day.samples, day.quality)


def _last(days: Sequence[Observed], name: str) -> tuple[Array, float]:
    """Ah behind, the median of the last days that have this end, and what noise makes of it."""
    last = [day.evidence[name] for day in days[-LEAST_DAYS:]]
    width = len(last[-1]["behind_ah"])
    rows = [each["behind_ah"] for each in last if len(each["behind_ah"]) == width]
    noise = float(np.median([each["noise_ah"] for each in last]))
    return np.median(np.array(rows, float), axis=0), noise


ANALYTIC = Analytic(
    code="diagnosis",
    title=("Diagnostic de cellule", "Cell diagnosis"),
    version=1,
    needs=frozenset({"cell_voltage", "current"}),
    observe=observe,
    conclude=conclude,
    quality=30.0,
    sentences={
        "too_soon": (
            "Il faut encore {days} jours avec une charge complète pour comparer les cellules.",
            "{days} more days with a full charge are needed to compare the cells.",
        ),
        "none": (
            "Aucune cellule ne sort du lot ({days} charges complètes comparées).",
            "No cell stands out ({days} full charges compared).",
        ),
        "small": (
            "Cellule {cell} : il lui manque {missing} de capacité (certitude {sure}). Elle est vide"
            " avant les autres et l'équilibrage n'y changera rien : la remplacer si l'autonomie ne"
            " suffit plus.",
            "Cell {cell}: it lacks {missing} of capacity (certainty {sure}). It is empty before the"
            " others and balancing will not change that: replace it once the battery no longer"
            " lasts.",
        ),
        "uneven": (
            "Cellule {cell} : en retard de {behind}, autant pleine que vide et sans que cela"
            " grandisse (certitude {sure}). Une charge complète prolongée l'équilibrera.",
            "Cell {cell}: {behind} behind, as much full as empty, and not growing (certainty"
            " {sure}). A prolonged full charge will balance it.",
        ),
        "ahead": (
            "Cellule {cell} : en avance de {behind}, elle arrête la charge avant les autres"
            " (certitude {sure}). Une charge complète prolongée l'équilibrera.",
            "Cell {cell}: {behind} ahead, it ends the charge before the others (certainty {sure})."
            " A prolonged full charge will balance it.",
        ),
        "leaking": (
            "Cellule {cell} : son retard grandit comme si elle perdait {leak} jour et nuit"
            " (certitude {sure}). Fuite ou court-circuit interne : la faire contrôler sans l'"
            "équilibrer avant.",
            "Cell {cell}: it falls behind as if it lost {leak} day and night (certainty {sure})."
            " A leak or an internal short: have it checked without balancing it first.",
        ),
        "connection": (
            "Cellule {cell} : sa tension suit le courant, comme à travers {extra} de trop"
            " (certitude {sure}). Hors tension, vérifier le serrage de la barre et le fil de"
            " mesure.",
            "Cell {cell}: its voltage follows the current, as through {extra} too much (certainty"
            " {sure}). Check the busbar's torque and the sense wire, with the power off.",
        ),
        "frozen": (
            "Cellule {cell} : sa tension ne bouge pas alors que le courant varie (certitude"
            " {sure}). Elle n'est pas mesurée : vérifier le fil de mesure et le BMS.",
            "Cell {cell}: its voltage stands still while the current moves (certainty {sure})."
            " It is not measured: check the sense wire and the BMS.",
        ),
        "undetermined": (
            "Cellule {cell} : en retard de {behind}, cause indéterminée pour l'instant. Ne pas"
            " équilibrer avant quelques charges complètes : une fuite se verrait alors.",
            "Cell {cell}: {behind} behind, cause undetermined so far. Do not balance before a few"
            " full charges: a leak would then show.",
        ),
    },
)
