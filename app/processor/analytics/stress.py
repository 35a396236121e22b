"""Stress and end of life: what wears the battery, and when it will have 80 and 70 % left.

Cycles are counted by rainflow (ASTM E1049) on the state of charge, so that many shallow ones weigh
what they do; hours are laid out by state of charge and temperature, and hours of mere existence are
weighted after Arrhenius. The forecast fits a line and a square root of time to the measured states
of health, whichever explains them better, and draws them anew a few hundred times (bootstrap) for
its window. Below six measurements over half a year there is none: two to three percent a year are
usual (field data of 106 system-years, RWTH Aachen), and noise would say anything.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from . import capacity
from .base import GOOD, WATCH, Analytic, Evidence, Finding, Observed, Pack, Quantity, Refused
from .day import MS_PER_HOUR, Array, Day
from .drift import MAD_TO_SIGMA
from .warmth import sensors

TURN = 2.0
"""Percent that a state of charge must turn by to end a half cycle."""
SOC_EDGES = (10, 20, 30, 40, 50, 60, 70, 80, 90)
WARM_EDGES = (0, 10, 20, 30, 40, 50)
ACTIVATION_K = 24_000 / 8.314
"""Of calendar ageing: 24 kJ/mol, between the values reported for LFP and NMC cells."""
HIGH_SOC, HOT = 90.0, 35.0
LEAST_POINTS, LEAST_DAYS = 6, 180
DRAWS, CHOSEN = 300, (10, 90)
ENDS = (80.0, 70.0)
LONGEST_YEARS = 25.0
YEAR_MS = 365.25 * 86_400_000
MOST_TURNS = 400
SOON_YEARS = 1.0


def observe(pack: Pack, day: Day) -> Evidence | None:
    """Turning points of the state of charge; hours by SOC and temperature; parts of a cycle."""
    soc = day.scalar("soc")
    known = ~np.isnan(soc)
    if not known.any():
        return None
    table = sensors(day)
    warmth = np.full(len(day), np.nan)
    told = ~np.isnan(table).all(axis=1)
    warmth[told] = np.nanmean(table[told], axis=1)
    both = known & told
    return {
        "turns": turns(soc[known])[:MOST_TURNS],
        "hours": _matrix(soc[both], warmth[both], day.weights[both]),
        "calendar_h": round(_calendar(warmth[told], day.weights[told]), 3),
        "hot_full_h": round(day.hours((soc >= HIGH_SOC) & (warmth >= HOT)), 3),
        "capacity": capacity.observe(pack, day),
    }


def turns(soc: Array) -> list[float]:
    """Where the state of charge turned by more than two percent, with both ends."""
    found = [float(soc[0])]
    extreme, rising = float(soc[0]), None
    for value in soc[np.flatnonzero(np.diff(soc, prepend=np.inf))].tolist():
        if rising is None:
            if abs(value - found[0]) >= TURN:
                rising, extreme = value > found[0], value
        elif (value > extreme) if rising else (value < extreme):
            extreme = value
        elif abs(value - extreme) >= TURN:
            found.append(extreme)
            rising, extreme = not rising, value
    found.append(extreme)
    return [round(each, 1) for each in found]


def _matrix(soc: Array, warmth: Array, weights: Array) -> list[list[float]]:
    """Hours in each band of SOC (rows) and temperature (columns)."""
    hours = np.zeros((len(SOC_EDGES) + 1, len(WARM_EDGES) + 1))
    at = np.searchsorted(SOC_EDGES, soc, side="right"), np.searchsorted(WARM_EDGES, warmth, "right")
    np.add.at(hours, at, weights / MS_PER_HOUR)
    return np.round(hours, 3).tolist()


def _calendar(warmth: Array, weights: Array) -> float:
    """Hours that age as much as these would at 25 °C."""
    kelvin = np.clip(warmth, -60, 150) + 273.15
    return float((np.exp(ACTIVATION_K * (1 / 298.15 - 1 / kelvin)) * weights).sum()) / MS_PER_HOUR


def conclude(pack: Pack, days: Sequence[Observed]) -> Finding | Refused:
    """The ledger of stress; the window to 80 % and 70 %, or why there is none yet."""
    values = _ledger(days)
    times, health = _points(pack, days)
    if len(times) < LEAST_POINTS or times[-1] - times[0] < LEAST_DAYS / 365.25:
        short = {"points": Quantity(len(times), "", 0), "needed": Quantity(LEAST_POINTS, "", 0)}
        return Refused("too_few", values | short)
    now = days[-1].end / YEAR_MS
    windows = [window(times, health, end) for end in ENDS]
    for end, (low, middle, high) in zip(ENDS, windows, strict=True):
        left = [min(max(at - now, 0.0), LONGEST_YEARS) for at in (low, middle, high)]
        values[f"until_{end:.0f}"] = Quantity(left[1], "a", 1, left[0], left[2])
    values["health"] = Quantity(float(np.median(health[-3:])), "%", 1)
    first = values["until_80"].low
    values["early"] = Quantity(first, "a", 1)
    values["late"] = Quantity(values["until_80"].high, "a", 1)
    rows = [
        {"at": round(at * YEAR_MS), "soh": round(value, 2)}
        for at, value in zip(times.tolist(), health.tolist(), strict=True)
    ]
    if values["until_80"].value > LONGEST_YEARS - 0.5:
        return Finding(level=GOOD, text="no_end", values=values, rows=rows[-60:])
    level = WATCH if first < SOON_YEARS else GOOD
    return Finding(level=level, text="window", values=values, rows=rows[-60:])


def _ledger(days: Sequence[Observed]) -> dict[str, Quantity]:
    cycles = list(rainflow([turn for day in days for turn in day.evidence["turns"]]))
    deep = sum(count for depth, count in cycles if depth >= 80)
    hours = np.sum([day.evidence["hours"] for day in days], axis=0)
    return {
        "efc": Quantity(sum(depth / 100 * count for depth, count in cycles), "", 1),
        "deep": Quantity(deep, "", 1),
        "calendar": Quantity(sum(day.evidence["calendar_h"] for day in days), "h", 0),
        "hot_full": Quantity(sum(day.evidence["hot_full_h"] for day in days), "h", 1),
        "hot": Quantity(float(hours[:, -2:].sum()), "h", 1),
    }


def rainflow(points: Iterable[float]) -> Iterable[tuple[float, float]]:
    """Depth of each cycle and how often: 1, or ½ for what never closed. ASTM E1049, 5.4.4."""
    stack: list[float] = []
    for point in _reversals(points):
        stack.append(point)
        while len(stack) >= 3:
            newest, before = abs(stack[-1] - stack[-2]), abs(stack[-2] - stack[-3])
            if newest < before:
                break
            if len(stack) == 3:
                yield before, 0.5
                stack.pop(0)
            else:
                yield before, 1.0
                del stack[-3:-1]
    for first, second in zip(stack, stack[1:], strict=False):
        yield abs(second - first), 0.5


def _reversals(points: Iterable[float]) -> list[float]:
    """The points without those that lie on the way to the next."""
    kept: list[float] = []
    for point in points:
        if kept and point == kept[-1]:
            continue
        if len(kept) >= 2 and (kept[-1] - kept[-2]) * (point - kept[-1]) > 0:
            kept[-1] = point
        else:
            kept.append(point)
    return kept


def _points(pack: Pack, days: Sequence[Observed]) -> tuple[Array, Array]:
    """Years (since 1970) and measured states of health, percent, oldest first."""
    if not pack.capacity_ah:
        return np.empty(0), np.empty(0)
    seen = [
        Observed(day.start, day.end, day.evidence["capacity"])
        for day in days
        if day.evidence.get("capacity")
    ]
    lines = [line for line in capacity.ledger(pack, seen) if not line["why"]]
    times = np.array([line["day"] / YEAR_MS for line in lines])
    return times, np.array([100 * line["ah"] / pack.capacity_ah for line in lines])


def window(times: Array, health: Array, end: float) -> tuple[float, float, float]:
    """When the state of health reaches `end`: years of the 10th, 50th and 90th percentile.

    Residuals are drawn anew from those that were measured, so that the window is as wide as the
    measurements are uncertain; what never ends within 25 years is cut there.
    """
    random = np.random.default_rng(len(times))
    elapsed = times - times[0]
    shapes = (elapsed, np.sqrt(elapsed))
    fits = [_fit(shape, health) for shape in shapes]
    errors = [_error(shape, health, fit) for shape, fit in zip(shapes, fits, strict=True)]
    weights = np.exp(
        -(np.array(errors) ** 2 - min(errors) ** 2) / (2 * min(errors) ** 2) * len(times)
    )
    weights /= weights.sum()
    widened = (len(health) / max(len(health) - 2, 1)) ** 0.5  # two degrees went into each fit
    ends = []
    for draw in range(DRAWS):
        kind = int(draw / DRAWS >= weights[0])
        shape, (start, slope) = shapes[kind], fits[kind]
        fitted = start + slope * shape
        drawn = fitted + widened * random.choice(health - fitted, len(health))
        start, slope = _fit(shape, drawn)
        reach = (end - start) / slope if slope < -1e-6 else np.inf
        reach = max(reach, 0.0)
        ends.append(times[0] + min(reach if kind == 0 else reach**2, elapsed[-1] + LONGEST_YEARS))
    low, middle, high = np.percentile(ends, (CHOSEN[0], 50, CHOSEN[1]))
    return float(low), float(middle), float(high)


def _fit(shape: Array, health: Array) -> tuple[float, float]:
    """A line by least squares, then twice more with less weight for what lies far off (Huber)."""
    weight = np.ones(len(health))
    for _ in range(3):
        mean_x, mean_y = np.average(shape, weights=weight), np.average(health, weights=weight)
        over = np.average((shape - mean_x) ** 2, weights=weight)
        slope = np.average((shape - mean_x) * (health - mean_y), weights=weight) / max(over, 1e-12)
        start = mean_y - slope * mean_x
        left = np.abs(health - start - slope * shape)
        sigma = max(MAD_TO_SIGMA * float(np.median(left)), 1e-6)
        weight = np.minimum(1.0, 1.5 * sigma / np.maximum(left, 1e-9))
    return float(start), float(slope)


def _error(shape: Array, health: Array, fit: tuple[float, float]) -> float:
    left = health - fit[0] - fit[1] * shape
    return max(float(np.sqrt((left**2).sum() / max(len(left) - 2, 1))), 1e-3)


ANALYTIC = Analytic(
    code="stress",
    title=("Usure et fin de vie", "Wear and end of life"),
    version=1,
    needs=frozenset({"soc"}),
    observe=observe,
    conclude=conclude,
    sentences={
        "too_few": (
            "{efc} cycles équivalents comptés. Pas assez de mesures de capacité pour prévoir la fin"
            " de vie : {points}, il en faut {needed} sur au moins six mois.",
            "{efc} equivalent cycles counted. Not enough measurements of capacity to foresee the"
            " end of life: {points}, at least {needed} over six months are needed.",
        ),
        "window": (
            "Santé {health} après {efc} cycles équivalents. Il en restera 80 % dans {early} à"
            " {late} selon les mesures faites.",
            "Health {health} after {efc} equivalent cycles. 80% will be left in {early} to {late}"
            " by what was measured.",
        ),
        "no_end": (
            "Santé {health} après {efc} cycles équivalents. Aucune baisse mesurable : la fin de vie"
            " est trop loin pour être datée.",
            "Health {health} after {efc} equivalent cycles. No measurable decline: the end of life"
            " is too far away to be dated.",
        ),
    },
)
