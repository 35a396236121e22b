"""Cold charge: how much was charged into cells too cold for it, season by season.

Below 0 °C lithium plates on the anode instead of entering it, for good, and more the faster one
charges; data sheets of LFP and NMC cells allow charging from 0 °C on, and field firmware lets a
quarter of the current pass at 2 °C and half at 5 °C. LTO may be charged down to -30 °C, lead is
hurt by other things: neither is judged here.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from .base import BAD, GOOD, WATCH, Analytic, Evidence, Finding, Observed, Pack, Quantity, Refused
from .day import Day
from .warmth import coldest
from .windows import c_rate

FREEZING, COOL = 0.0, 5.0
TRICKLE_C = 0.02
"""Up to this a charge below freezing is a trickle; beyond it, an event."""
STILL_C = 0.005
RECENT_MS = 30 * 86_400_000
SEASON_BEGINS = 7
"""Seasons run from July to June, so that a winter is one."""
ROWS = 60
HURT = {"LFP", "NMC", "NCA"}


def observe(pack: Pack, day: Day) -> Evidence | None:
    """Ah charged below 0 °C and up to 5 °C, the same weighted by C-rate, and minutes of each
    state that cold brings about."""
    cold = coldest(day)
    if not pack.capacity_ah or np.isnan(cold).all() or np.isnan(day.current).all():
        return None
    rate = np.nan_to_num(c_rate(pack, day))
    freezing, charging = cold < FREEZING, rate > STILL_C
    cool = (cold >= FREEZING) & (cold < COOL)
    below = freezing & charging
    heater = day.state("heater")
    offered = (day.state("charging") == 1) | (day.scalar("pv_voltage") > day.scalar("pack_voltage"))
    blocked = freezing & offered & (np.abs(rate) <= STILL_C)
    weighted = np.where(below, day.current * rate, 0.0) * day.weights / 3_600_000
    return {
        "freezing_ah": round(day.amp_hours(below), 3),
        "cool_ah": round(day.amp_hours(cool & charging), 3),
        "weighted_ah": round(float(weighted.sum()), 4),
        "fastest_c": round(float(rate[below].max(initial=0.0)), 4),
        "event_min": round(day.hours(freezing & (rate > TRICKLE_C)) * 60, 1),
        "heater_on_min": round(day.hours(heater == 1) * 60, 1),
        "heater_off_min": round(day.hours(freezing & (heater == 0)) * 60, 1),
        "blocked_min": round(day.hours(blocked) * 60, 1),
        "coldest": round(float(np.nanmin(cold)), 1),
    }


def conclude(pack: Pack, days: Sequence[Observed]) -> Finding | Refused:
    """This season's sums beside the last one's, and the curve that led there."""
    if pack.chemistry not in HURT:
        return Refused("unhurt")
    zone = ZoneInfo(pack.time_zone)
    now = _season(days[-1].start, zone)
    season = [day for day in days if _season(day.start, zone) == now]
    before = [day for day in days if _season(day.start, zone) == now - 1]
    events = [day for day in season if day.evidence["event_min"] > 0]
    fresh = events and events[-1].start >= days[-1].start - RECENT_MS
    values: dict[str, Quantity | str] = {
        "charged": Quantity(_sum(season, "freezing_ah"), "Ah", 1),
        "cool": Quantity(_sum(season, "cool_ah"), "Ah", 1),
        "weighted": Quantity(_sum(season, "weighted_ah"), "Ah", 2),
        "days": Quantity(len(events), "", 0),
        "fastest": Quantity(max(day.evidence["fastest_c"] for day in season), "C", 2),
        "heated": Quantity(_sum(season, "heater_on_min") / 60, "h", 1),
        "blocked": Quantity(_sum(season, "blocked_min") / 60, "h", 1),
        "coldest": Quantity(min(day.evidence["coldest"] for day in season), "°C", 1),
    }
    if before:
        values["before"] = Quantity(_sum(before, "freezing_ah"), "Ah", 1)
    text = "charged" if events else "blocked" if _sum(season, "blocked_min") >= 60 else "none"
    level = BAD if fresh else WATCH if events else GOOD
    return Finding(level=level, text=text, values=values, rows=_curve(season))


def _season(start: int, zone: ZoneInfo) -> int:
    """The year in which the winter of this day began."""
    # Noon, since a site's day may begin an hour before midnight when clocks change.
    noon = datetime.fromtimestamp(start / 1000 + 43_200, zone)
    return noon.year if noon.month >= SEASON_BEGINS else noon.year - 1


def _sum(days: Sequence[Observed], name: str) -> float:
    return float(sum(day.evidence[name] for day in days))


def _curve(season: Sequence[Observed]) -> list[dict[str, Any]]:
    """The days that added something, with the sum so far."""
    rows, total = [], 0.0
    for day in season:
        charged = day.evidence["freezing_ah"]
        total += charged
        if charged > 0:
            rows.append({"day": day.start, "charged_ah": charged, "total_ah": round(total, 3)})
    return rows[-ROWS:]


ANALYTIC = Analytic(
    code="cold_charge",
    title=("Charge à froid", "Cold charging"),
    version=1,
    needs=frozenset({"current"}),
    observe=observe,
    conclude=conclude,
    sentences={
        "none": (
            "Aucune charge sous 0 °C cette saison (minimum relevé : {coldest}).",
            "No charging below 0 °C this season (lowest seen: {coldest}).",
        ),
        "blocked": (
            "Aucune charge sous 0 °C cette saison, mais le froid a retenu la charge pendant"
            " {blocked} alors qu'une source était là : vérifier le chauffage.",
            "No charging below 0 °C this season, but cold held charging back for {blocked} while"
            " a source was there: check the heater.",
        ),
        "charged": (
            "{charged} chargés sous 0 °C cette saison, sur {days} jours, jusqu'à {fastest}. Le"
            " lithium se dépose et la perte est définitive : faire vérifier le seuil de charge à"
            " froid du BMS et le chauffage.",
            "{charged} charged below 0 °C this season, on {days} days, at up to {fastest}. Lithium"
            " plates and the loss is for good: have the BMS's cold charging limit and the heater"
            " checked.",
        ),
        "unhurt": (
            "Le froid n'abîme pas cette chimie pendant la charge : il n'y a rien à compter.",
            "Cold does not hurt this chemistry while it charges: there is nothing to count.",
        ),
    },
)
