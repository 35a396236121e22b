"""Time to empty: how long the battery would last now, as usual, and at worst.

What is left is the state of charge times the charge that a percent has proved to hold in past
discharges, less the reserve. It is divided by three loads: the present one, the usual one of past
discharges, and the heaviest that one must expect, which is where a prediction interval for one more
discharge ends. Of lead the charge shrinks with the current, after Peukert: t = H (C / (I H))^k.
"""

from collections.abc import Sequence
from math import exp, log
from typing import Any

import numpy as np

from .base import BAD, GOOD, WATCH, Analytic, Evidence, Finding, Observed, Pack, Quantity, Refused
from .day import MS_PER_HOUR, Day
from .warmth import coldest
from .windows import c_rate, chemistry, lowest, runs

LEAST_C, LEAST_H = 0.005, 1 / 6
"""A discharge: more than this, for ten minutes or longer."""
PAUSE_MS = 5 * 60_000
"""A pause shorter than this is part of a discharge."""
NOW_MS = 5 * 60_000
LEAST_DISCHARGES = 3
SAME_HOUR, ENOUGH = 3, 8
"""Discharges that began within so many hours of now are asked alone, where there are enough."""
DEEP = 20.0
"""Percent that a discharge must take to say what a percent holds."""
PEUKERT_H, PEUKERT_K = 20.0, 1.15
MOST_K = 1.5
PER_DEGREE = {"LEAD": 0.006}
PER_DEGREE_LITHIUM = 0.003
"""Of the charge, lost for each °C below 25."""
STUDENT_90 = (6.31, 2.92, 2.35, 2.13, 2.02, 1.94, 1.89, 1.86, 1.83, 1.81)
MOST_HOURS = 1000.0


def observe(pack: Pack, day: Day) -> Evidence | None:
    """How the day ended, and each discharge: hour of the day, hours, Ah, % before and after,
    whether it went on until cut-off."""
    soc = day.scalar("soc")
    known = np.flatnonzero(~np.isnan(soc))
    if not pack.capacity_ah or not len(known) or np.isnan(day.current).all():
        return None
    rate = np.nan_to_num(c_rate(pack, day))
    last = int(known[-1])
    recent = (day.times > day.times[last] - NOW_MS) & (day.times <= day.times[last])
    cold = coldest(day)
    soh = day.scalar("soh")
    return {
        "soc": round(float(soc[last]), 2),
        "load_a": round(max(-float(np.median(rate[recent])) * pack.capacity_ah, 0.0), 3),
        "hour": round((int(day.times[last]) - day.start) / MS_PER_HOUR, 2),
        "coldest": None if np.isnan(cold).all() else round(float(np.nanmedian(cold)), 1),
        "soh": None if np.isnan(soh).all() else round(float(np.nanmedian(soh)), 1),
        "discharges": [_discharge(pack, day, low, high) for low, high in _discharges(day, rate)],
    }


def _discharges(day: Day, rate: np.ndarray) -> list[tuple[int, int]]:
    """Stretches of discharge, short pauses bridged, gaps in the readings not."""
    joined: list[list[int]] = []
    for low, high in runs(rate < -LEAST_C):
        calm = joined and day.times[low] - day.times[joined[-1][1] - 1] <= PAUSE_MS
        if calm and not (rate[joined[-1][1] : low] > LEAST_C).any():
            joined[-1][1] = high
        else:
            joined.append([low, high])
    least = LEAST_H * MS_PER_HOUR
    return [(a, b) for a, b in joined if day.weights[a:b].sum() >= least]


def _discharge(pack: Pack, day: Day, low: int, high: int) -> list[Any]:
    part = slice(low, high)
    hours = float(day.weights[part].sum()) / MS_PER_HOUR
    charge = -float((np.nan_to_num(day.current[part]) * day.weights[part]).sum()) / MS_PER_HOUR
    soc = day.scalar("soc")[part]
    known = soc[~np.isnan(soc)]
    ends = [round(float(known[at]), 2) for at in (0, -1)] if len(known) else [None, None]
    spent = bool((lowest(day)[max(low, high - 3) : high + 1] <= chemistry(pack).empty).any())
    begun = (int(day.times[low]) - day.start) / MS_PER_HOUR
    return [round(begun, 2), round(hours, 3), round(charge, 3), *ends, spent]


def conclude(pack: Pack, days: Sequence[Observed]) -> Finding | Refused:
    """Hours now, usual and at worst; the light is the contract's."""
    if not pack.capacity_ah:
        return Refused("no_capacity")
    past = [found for day in days for found in day.evidence["discharges"]]
    if len(past) < LEAST_DISCHARGES:
        return Refused("too_few", {"count": Quantity(LEAST_DISCHARGES - len(past), "", 0)})
    last = days[-1].evidence
    usable, low, high = usable_ah(pack, last, past)
    loads = _loads(past, last["hour"])
    usual, light, heavy = _expected(loads)
    k = exponent(pack, past)
    typical = hours_at(pack, usable, usual, k)
    worst = hours_at(pack, low, heavy, k)
    best = hours_at(pack, high, light, k)
    promised = pack.terms.get("autonomy_h")
    level = _light(promised, worst, typical)
    values: dict[str, Quantity | str] = {
        "usual": Quantity(typical, "h", 1, worst, best),
        "worst": Quantity(worst, "h", 1),
        "usable": Quantity(usable, "Ah", 1, low, high),
        "load": Quantity(usual, "A", 1, light, heavy),
        "count": Quantity(len(loads), "", 0),
    }
    running = last["load_a"] > LEAST_C * pack.capacity_ah
    if running:
        values["now"] = Quantity(hours_at(pack, usable, last["load_a"], k), "h", 1)
    if pack.chemistry == "LEAD":
        values["peukert"] = Quantity(k, "", 2)
    if promised is not None:
        values["promised"] = Quantity(promised, "h", 1)
    text = "running" if running else "resting"
    if promised is not None and level != GOOD:
        text = "short" if level == BAD else "barely"
    return Finding(level=level, text=text, values=values)


def _light(promised: float | None, worst: float, typical: float) -> str:
    if promised is None or worst >= promised:
        return GOOD
    return WATCH if typical >= promised else BAD


def usable_ah(
    pack: Pack, last: Evidence, past: Sequence[Sequence[Any]]
) -> tuple[float, float, float]:
    """Ah above the reserve, and the ends of its 90 % interval.

    What a percent holds is what past discharges of a fifth or more took for each; without any, the
    rated capacity at the health that the BMS tells.
    """
    rated = (pack.capacity_ah or 0.0) * (last["soh"] or 100.0) / 100
    proved = [
        100 * ah / (before - after)
        for _, _, ah, before, after, _ in past
        if before is not None and before - after >= DEEP
    ]
    whole, low, high = rated, 0.9 * rated, 1.02 * rated
    if len(proved) >= LEAST_DISCHARGES:
        whole, low, high = (float(x) for x in np.percentile(proved, (50, 5, 95)))
    per_degree = PER_DEGREE.get(pack.chemistry, PER_DEGREE_LITHIUM)
    warmth = 25.0 if last["coldest"] is None else last["coldest"]
    factor = 1.0 if len(proved) >= LEAST_DISCHARGES else 1 - per_degree * max(25.0 - warmth, 0.0)
    left = max(last["soc"] - pack.terms.get("reserve_percent", 0.0), 0.0) / 100 * max(factor, 0.3)
    return whole * left, low * left, high * left


def _loads(past: Sequence[Sequence[Any]], hour: float) -> list[float]:
    """Mean current of past discharges, A; of those begun at about this hour if there are enough."""

    def away(begun: float) -> float:
        return min(abs(begun - hour), 24 - abs(begun - hour))

    here = [ah / hours for begun, hours, ah, *_ in past if away(begun) <= SAME_HOUR]
    return here if len(here) >= ENOUGH else [ah / hours for _, hours, ah, *_ in past]


def _expected(loads: Sequence[float]) -> tuple[float, float, float]:
    """The usual load, and the ends of a 90 % prediction interval for one more, A.

    Loads differ by factors, so that it is their logarithm that is normal.
    """
    logs = np.log(np.maximum(loads, 1e-6))
    count, middle = len(logs), float(np.mean(logs))
    spread = float(np.std(logs, ddof=1))
    student = STUDENT_90[count - 2] if count - 1 <= len(STUDENT_90) else 1.7
    band = student * spread * (1 + 1 / count) ** 0.5
    return exp(middle), exp(middle - min(band, 5.0)), exp(middle + min(band, 5.0))


def hours_at(pack: Pack, ah: float, amps: float, k: float) -> float:
    """How long a charge lasts at a current, h. `ah` is what flows at the twenty-hour current."""
    if amps <= 0:
        return MOST_HOURS
    if pack.chemistry != "LEAD":
        return min(ah / amps, MOST_HOURS)
    return min(PEUKERT_H * (ah / (amps * PEUKERT_H)) ** k, MOST_HOURS)


def exponent(pack: Pack, past: Sequence[Sequence[Any]]) -> float:
    """Peukert's, from discharges that went from full to cut-off at different currents."""
    if pack.chemistry != "LEAD":
        return 1.0
    whole = [(hours, ah / hours) for _, hours, ah, before, _, spent in past if spent and before]
    rates = [log(amps) for _, amps in whole]
    if len(whole) < 4 or max(rates) - min(rates) < log(1.5):
        return PEUKERT_K
    slope = float(np.polyfit(rates, [log(hours) for hours, _ in whole], 1)[0])
    return min(max(-slope, 1.0), MOST_K)


ANALYTIC = Analytic(
    code="autonomy",
    title=("Autonomie", "Time to empty"),
    version=1,
    needs=frozenset({"soc", "current"}),
    observe=observe,
    conclude=conclude,
    sentences={
        "too_few": (
            "Il faut encore {count} décharges d'au moins dix minutes pour connaître la charge"
            " habituelle.",
            "{count} more discharges of ten minutes or longer are needed to know the usual load.",
        ),
        "running": (
            "{now} à la charge actuelle · {usual} à la charge habituelle · {worst} au pire.",
            "{now} at the present load · {usual} at the usual load · {worst} at worst.",
        ),
        "resting": (
            "{usual} à la charge habituelle · {worst} au pire.",
            "{usual} at the usual load · {worst} at worst.",
        ),
        "barely": (
            "Autonomie promise : {promised}. Elle tient à la charge habituelle ({usual}), pas au"
            " pire ({worst}).",
            "Promised: {promised}. It holds at the usual load ({usual}), not at worst ({worst}).",
        ),
        "short": (
            "Autonomie promise : {promised}. Elle n'est plus tenue : {usual} à la charge"
            " habituelle, {worst} au pire.",
            "Promised: {promised}. That is no longer kept: {usual} at the usual load, {worst} at"
            " worst.",
        ),
    },
)
