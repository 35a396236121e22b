"""What matters most for what a battery is used for: lighting, backup or traction.

Lighting asks whether the lights lasted the night; backup, whether it would hold today and when that
was last proved; traction, whether it does the shift and how it is treated. Which one is asked is
the battery's `application`. A monthly test of a backup is in doubt below 80 % of what was promised
and failed below 75 %, the limits of rectifiers' own battery tests.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from .base import BAD, GOOD, WATCH, Analytic, Evidence, Finding, Observed, Pack, Quantity, Refused
from .day import MS_PER_HOUR, Array, Day
from .warmth import sensors
from .windows import c_rate, chemistry, highest, lowest, runs

FLOWING_C = 0.01
DUSK, DAWN, MORNING = 18.0, 6.0, 9.0
"""Hours of the site's day."""
EMPTY_SOC = 5.0
RECENT_DAYS = 30
CHARGE_MS, SHIFT = 5 * 60_000, (6.0, 18.0)
TEST_H, TEST_DOUBT, TEST_FAILED = 0.25, 80.0, 75.0
TESTED_DAYS = 90
FULL_DAYS = 7
DEEP_SOC = 20.0
DAY_MS = 86_400_000


def observe(pack: Pack, day: Day) -> Evidence | None:
    """The day in the numbers that any of the three uses asks for; the rest costs nothing."""
    if not pack.capacity_ah or np.isnan(day.current).all():
        return None
    rate = np.nan_to_num(c_rate(pack, day))
    hour = (day.times - day.start) / MS_PER_HOUR
    out, into, soc = rate < -FLOWING_C, rate > FLOWING_C, day.scalar("soc")
    night = (hour < DAWN) | (hour >= DUSK)
    spent = (soc <= EMPTY_SOC) | (lowest(day) <= chemistry(pack).empty)
    power = np.abs(np.nan_to_num(day.scalar("pack_voltage") * day.current))
    longest, minutes = _longest(day, out)
    return {
        "out_ah": round(-day.amp_hours(out), 3),
        "in_ah": round(day.amp_hours(into), 3),
        "night_ah": round(-day.amp_hours(out & night), 3),
        "out_h": round(day.hours(out), 3),
        "out_wh": round(float((power * day.weights)[out].sum()) / MS_PER_HOUR, 1),
        "dark_min": round(day.hours(night & spent) * 60, 1),
        "night_h": round(day.hours(night), 2),
        "soc_dawn": _lowest(soc[(hour >= DAWN - 3) & (hour < MORNING)]),
        "soc_low": _lowest(soc),
        "full": bool((highest(day) >= chemistry(pack).full).any()),
        "peak_c": round(float(-np.percentile(rate, 0.1)), 3),
        "charge_t": _warmest(day, into),
        "charges": _charges(day, into, hour),
        "longest_min": minutes,
        "longest_ah": longest,
        "float_h": round(day.hours((np.abs(rate) < FLOWING_C) & (soc >= 95)), 2),
    }


def _lowest(soc: Array) -> float | None:
    return None if not len(soc) or np.isnan(soc).all() else round(float(np.nanmin(soc)), 2)


def _warmest(day: Day, into: Array) -> float | None:
    chosen = sensors(day)[into]
    return None if not chosen.size or np.isnan(chosen).all() else round(float(np.nanmax(chosen)), 1)


def _longest(day: Day, out: Array) -> tuple[float, float]:
    """Ah and minutes of the longest discharge."""
    stretches = [(day.weights[a:b].sum(), a, b) for a, b in runs(out)]
    if not stretches:
        return 0.0, 0.0
    ms, low, high = max(stretches)
    part = slice(low, high)
    charge = -float((day.current[part] * day.weights[part]).sum()) / MS_PER_HOUR
    return round(charge, 3), round(float(ms) / 60_000, 1)


def _charges(day: Day, into: Array, hour: Array) -> int:
    """Charges of five minutes or longer that began during a shift."""
    return sum(
        bool(day.weights[a:b].sum() >= CHARGE_MS and SHIFT[0] <= hour[a] < SHIFT[1])
        for a, b in runs(into)
    )


def conclude(pack: Pack, days: Sequence[Observed]) -> Finding | Refused:
    """The figures of the battery's use, over the last month."""
    view = VIEWS.get(pack.application)
    return view(pack, days) if view else Refused("no_use")


def _lighting(pack: Pack, days: Sequence[Observed]) -> Finding | Refused:
    recent = [day for day in days[-RECENT_DAYS:] if day.evidence["night_h"] >= 6]
    dawns = [day.evidence["soc_dawn"] for day in recent if day.evidence["soc_dawn"] is not None]
    if not recent or not dawns:
        return Refused("too_soon")
    dark = [day for day in recent if day.evidence["dark_min"] > 5]
    trend = _trend(dawns)
    reserve = max(pack.terms.get("reserve_percent", EMPTY_SOC), EMPTY_SOC)
    short = [day for day in recent if day.evidence["in_ah"] < day.evidence["out_ah"]]
    values = {
        "lit": Quantity(100 * (1 - len(dark) / len(recent)), "%", 0),
        "dark": Quantity(len(dark), "", 0),
        "nights": Quantity(len(recent), "", 0),
        "dawn": Quantity(float(np.median(dawns[-7:])), "%", 0),
        "night_charge": Quantity(_median(recent, "night_ah"), "Ah", 1),
        "deficit": Quantity(len(short), "", 0),
        "trend": Quantity(trend, "%", 2),
    }
    left = (float(np.median(dawns[-3:])) - reserve) / -trend if trend < -0.2 else np.inf
    if left <= RECENT_DAYS and len(dawns) >= 7:
        values["left"] = Quantity(max(left, 0.0), "", 0)
        return Finding(level=BAD if left <= 3 else WATCH, text="dark_soon", values=values)
    if dark:
        level = BAD if dark[-1] in recent[-3:] else WATCH
        return Finding(level=level, text="dark", values=values)
    return Finding(level=GOOD, text="lit", values=values)


def _trend(values: Sequence[float]) -> float:
    """A day, the median of all slopes between two of the last fortnight (Theil and Sen)."""
    last = np.array(values[-14:], float)
    if len(last) < 3:
        return 0.0
    first, second = np.triu_indices(len(last), 1)
    return float(np.median((last[second] - last[first]) / (second - first)))


def _median(days: Sequence[Observed], name: str) -> float:
    return float(np.median([day.evidence[name] for day in days]))


def _backup(pack: Pack, days: Sequence[Observed]) -> Finding | Refused:
    """Proved is a discharge of a quarter of an hour; a test is one as long as was promised."""
    proofs = [day for day in days if day.evidence["longest_min"] >= TEST_H * 60]
    promised = pack.terms.get("autonomy_h")
    standing = sum(day.evidence["float_h"] for day in days[-RECENT_DAYS:])
    whole = sum((day.end - day.start) / MS_PER_HOUR for day in days[-RECENT_DAYS:])
    values: dict[str, Quantity | str] = {"float": Quantity(100 * standing / whole, "%", 0)}
    if not proofs:
        values["since"] = Quantity(len(days), "", 0)
        return Finding(level=WATCH, text="never_tested", values=values)
    last = proofs[-1]
    since = round((days[-1].start - last.start) / DAY_MS)
    values |= {
        "since": Quantity(since, "", 0),
        "minutes": Quantity(last.evidence["longest_min"], "min", 0),
        "charge": Quantity(last.evidence["longest_ah"], "Ah", 1),
    }
    spent = last.evidence["soc_low"] is not None and last.evidence["soc_low"] <= EMPTY_SOC
    if promised and spent:
        result = 100 * last.evidence["longest_min"] / 60 / promised
        values["result"] = Quantity(result, "%", 0)
        if result < TEST_DOUBT:
            level = BAD if result < TEST_FAILED else WATCH
            return Finding(level=level, text="test_failed", values=values)
    if since > TESTED_DAYS:
        return Finding(level=WATCH, text="old_test", values=values)
    return Finding(level=GOOD, text="proved", values=values)


def _traction(pack: Pack, days: Sequence[Observed]) -> Finding | Refused:
    recent = days[-RECENT_DAYS:]
    worked = [day for day in recent if day.evidence["out_h"] >= 0.5]
    if not worked:
        return Refused("too_soon")
    lows = [day.evidence["soc_low"] for day in worked if day.evidence["soc_low"] is not None]
    deep = sum(low < DEEP_SOC for low in lows)
    full = [day.start for day in days if day.evidence["full"]]
    since = round((days[-1].start - (full[-1] if full else days[0].start)) / DAY_MS)
    hours = sum(day.evidence["out_h"] for day in worked)
    warmest = [day.evidence["charge_t"] for day in recent if day.evidence["charge_t"] is not None]
    values: dict[str, Quantity | str] = {
        "shift": Quantity(_median(worked, "out_ah"), "Ah", 0),
        "depth": Quantity(100 - float(np.median(lows)) if lows else 0.0, "%", 0),
        "deep": Quantity(deep, "", 0),
        "charges": Quantity(sum(day.evidence["charges"] for day in worked) / len(worked), "", 1),
        "peak": Quantity(max(day.evidence["peak_c"] for day in worked), "C", 2),
        "energy": Quantity(
            sum(day.evidence["out_wh"] for day in worked) / hours / 1000, "kWh/h", 2
        ),
        "since": Quantity(since, "", 0),
        "days": Quantity(len(worked), "", 0),
    }
    if warmest:
        values["warmest"] = Quantity(max(warmest), "°C", 0)
    if lows and min(lows[-3:]) <= EMPTY_SOC:
        return Finding(level=BAD, text="not_enough", values=values)
    if since > FULL_DAYS:
        return Finding(level=WATCH, text="missed_full", values=values)
    if deep > len(worked) / 4:
        return Finding(level=WATCH, text="deep", values=values)
    return Finding(level=GOOD, text="works", values=values)


VIEWS: Mapping[str, Callable[[Pack, Sequence[Observed]], Finding | Refused]] = {
    "lighting": _lighting,
    "backup": _backup,
    "traction": _traction,
}

ANALYTIC = Analytic(
    code="application",
    title=("Service rendu", "Service"),
    version=1,
    needs=frozenset({"current"}),
    observe=observe,
    conclude=conclude,
    sentences={
        "no_use": (
            "L'usage de la batterie (éclairage, secours ou traction) n'est pas inscrit.",
            "What the battery is used for (lighting, backup or traction) is not on record.",
        ),
        "too_soon": (
            "Pas encore assez de journées de service complètes.",
            "Not enough whole days of service yet.",
        ),
        "lit": (
            "Les lumières ont tenu {nights} nuits sur {nights}. Charge à l'aube : {dawn}.",
            "The lights lasted {nights} of {nights} nights. Charge at dawn: {dawn}.",
        ),
        "dark": (
            "Nuits incomplètes : {dark} sur {nights}. Jours où le soleil n'a pas suffi : {deficit}."
            " Charge à l'aube : {dawn}.",
            "Nights cut short: {dark} of {nights}. Days on which the sun did not suffice:"
            " {deficit}. Charge at dawn: {dawn}.",
        ),
        "dark_soon": (
            "La charge à l'aube ({dawn}) baisse : première nuit sans lumière dans environ {left}"
            " jours.",
            "The charge at dawn ({dawn}) is falling: first dark night in about {left} days.",
        ),
        "proved": (
            "Dernière décharge réelle il y a {since} jours : {minutes}, {charge}.",
            "Last real discharge {since} days ago: {minutes}, {charge}.",
        ),
        "old_test": (
            "Aucune décharge depuis {since} jours (la dernière : {minutes}). Faire un essai.",
            "No discharge for {since} days (the last: {minutes}). Test it.",
        ),
        "never_tested": (
            "Aucune décharge d'un quart d'heure en {since} jours : la batterie n'est pas éprouvée."
            " Faire un essai.",
            "No discharge of a quarter of an hour in {since} days: the battery is unproved. Test"
            " it.",
        ),
        "test_failed": (
            "À la dernière décharge, elle a tenu {minutes}, soit {result} de l'autonomie promise.",
            "At the last discharge it lasted {minutes}, which is {result} of what was promised.",
        ),
        "works": (
            "Elle fait son poste : {shift} et {charges} recharges par jour, profondeur {depth}.",
            "It does its shift: {shift} and {charges} top-ups a day, depth {depth}.",
        ),
        "not_enough": (
            "Elle arrive à vide en cours de poste ({shift} par jour). Recharger à midi ou prévoir"
            " une batterie plus grande.",
            "It runs empty during the shift ({shift} a day). Charge at noon, or plan a bigger one.",
        ),
        "missed_full": (
            "Pas de charge complète depuis {since} jours : en prévoir une par semaine.",
            "No full charge for {since} days: one a week is needed.",
        ),
        "deep": (
            "Décharges trop profondes : {deep} jours sur {days} sous 20 %. Recharger plus tôt.",
            "Discharged too deeply: {deep} of {days} days below 20%. Charge it earlier.",
        ),
    },
)
