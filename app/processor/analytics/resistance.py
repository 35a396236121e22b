"""Internal resistance from ordinary load steps, cell by cell.

Where the current jumps between two readings, the voltage jumps with it: their ratio is resistance.
What is read depends on how far apart the readings are, since polarisation joins in, so the
distance goes with each number and numbers of different distances are never mixed. The ratio of a
cell to the median of all hardly depends on it, nor on temperature: a judgement rests on that. On
the bias of a naive ratio: arXiv 2505.06410; dispersion as an early sign: Energies 2025, 18(21),
5640.
"""

from collections.abc import Sequence

import numpy as np

from .base import BAD, GOOD, WATCH, Analytic, Evidence, Finding, Observed, Pack, Quantity, Refused
from .day import Array, Day
from .drift import spread, table_of
from .windows import medians

LEAST_A, LEAST_C = 10.0, 0.1
LEAST_STEPS = 5
SOC_MOVES = 0.5
RECENT_DAYS, BASELINE_DAYS = 14, 30
RATIO, GROWTH = 1.5, 1.3
BAD_RATIO = 2.0
SIGMAS = 1.96
MOST_STEPS = 2_000
"""More of a day say nothing more."""


def observe(pack: Pack, day: Day) -> Evidence | None:
    """The distance of readings (ms), how many steps, and the median of each cell (milliohm)."""
    at = _steps(pack, day)
    if len(at) < LEAST_STEPS or not day.cells.shape[1]:
        return None
    jumps = np.diff(day.current)[at]
    ratios = np.diff(day.cells, axis=0)[at] / jumps[:, None] * 1000
    ratios = ratios[~np.isnan(ratios).all(axis=1)]
    if len(ratios) < LEAST_STEPS:
        return None
    found = [None if each is None else round(each, 4) for each in medians(ratios, slice(None))]
    warmth = day.array("cell_temperature")
    return {
        "step_ms": round(day.step_ms),
        "steps": len(ratios),
        "milliohm": found,
        "temperature": round(float(np.nanmedian(warmth)), 1) if _any(warmth) else None,
    }


def _any(table: Array) -> bool:
    return bool(table.size) and not np.isnan(table).all()


def _steps(pack: Pack, day: Day) -> Array:
    """Readings after which the current jumps, and the state of charge does not."""
    if len(day) < 2:
        return np.empty(0, int)
    least = max(LEAST_A, LEAST_C * (pack.capacity_ah or 0.0))
    jumps = np.abs(np.nan_to_num(np.diff(day.current))) >= least
    calm = ~(np.abs(np.diff(day.scalar("soc"))) >= SOC_MOVES)
    near = np.diff(day.times) <= 1.5 * day.step_ms
    at = np.flatnonzero(jumps & calm & near)
    return at[:: max(len(at) // MOST_STEPS, 1)]


def conclude(pack: Pack, days: Sequence[Observed]) -> Finding | Refused:
    """The cell that resists most against its neighbours, and against what it did at first."""
    step = days[-1].evidence["step_ms"]
    same = [day for day in days if abs(day.evidence["step_ms"] - step) <= 0.2 * step]
    table = table_of(same[-RECENT_DAYS:], "milliohm")
    now = np.nanmedian(table, axis=0)
    middle = float(np.nanmedian(now))
    if not middle > 0:
        return Refused("implausible")
    ratios = np.nan_to_num(now / middle)
    cell = int(np.argmax(ratios))
    ratio, growth = float(ratios[cell]), _growth(same, cell)
    band = _band(table[:, cell] / np.nanmedian(table, axis=1))
    grown = growth is not None and growth >= GROWTH
    level = BAD if ratio >= BAD_RATIO else WATCH if ratio >= RATIO or grown else GOOD
    values = {
        "cell": Quantity(cell + 1, "", 0),
        "ratio": Quantity(ratio, "", 2, ratio - band, ratio + band),
        "resistance": Quantity(float(now[cell]), "mΩ", 2),
        "median": Quantity(middle, "mΩ", 2),
        "step": Quantity(step / 1000, "s", 0),
        "steps": Quantity(sum(day.evidence["steps"] for day in same[-RECENT_DAYS:]), "", 0),
    }
    if growth is not None:
        values["growth"] = Quantity((growth - 1) * 100, "%", 0)
    text = "even" if level == GOOD else "high" if ratio >= RATIO else "growing"
    rows = [
        {"cell": i + 1, "milliohm": _or_none(each, 3), "ratio": _or_none(each / middle, 2)}
        for i, each in enumerate(now.tolist())
    ]
    return Finding(level=level, text=text, values=values, rows=rows)


def _or_none(value: float, digits: int) -> float | None:
    return None if value != value else round(value, digits)


def _growth(days: Sequence[Observed], cell: int) -> float | None:
    """How a cell's ratio to the median has grown since the first month; the ratio, because it
    leaves out what temperature does to all."""
    if len(days) <= BASELINE_DAYS + RECENT_DAYS:
        return None
    table = table_of(days, "milliohm")
    ratios = table[:, cell] / np.nanmedian(table, axis=1)
    first = float(np.nanmedian(ratios[:BASELINE_DAYS]))
    return float(np.nanmedian(ratios[-RECENT_DAYS:])) / first if first > 0 else None


def _band(ratios: Array) -> float:
    """Half the 95 % interval of a median of so many days."""
    known = ratios[~np.isnan(ratios)]
    if len(known) < 3:
        return 0.2
    return SIGMAS * 1.2533 * max(spread(known), 0.01) / float(np.sqrt(len(known)))


ANALYTIC = Analytic(
    code="resistance",
    title=("Résistance interne", "Internal resistance"),
    version=1,
    needs=frozenset({"cell_voltage", "current"}),
    observe=observe,
    conclude=conclude,
    sentences={
        "even": (
            "Les cellules résistent toutes pareillement ({median} en médiane, lue à {step}).",
            "All cells resist alike (median {median}, read at {step}).",
        ),
        "high": (
            "Cellule {cell} : {ratio} fois la résistance médiane. Vérifier le serrage des barres et"
            " l'état de la cellule.",
            "Cell {cell}: {ratio} times the median resistance. Check the busbars' torque and the"
            " cell.",
        ),
        "growing": (
            "Cellule {cell} : sa résistance a grandi de {growth} par rapport à ses voisines depuis"
            " les premières semaines.",
            "Cell {cell}: its resistance has grown by {growth} against its neighbours since the"
            " first weeks.",
        ),
        "implausible": (
            "Les sauts de tension ne suivent pas ceux du courant : les deux ne sont pas mesurés au"
            " même instant.",
            "The voltage does not step with the current: the two are not measured at the same"
            " instant.",
        ),
    },
)
