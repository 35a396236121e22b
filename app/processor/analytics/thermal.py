"""Thermal precursors: a sensor warmer than its neighbours, or a battery warmer than it should be.

A sensor is compared with the median of all, day by day, against what is usual for it. The battery
as a whole follows dT/dt = a I² - b T + c to first order; a, b and c (which holds the surroundings)
are fitted on its first month, and heat that they do not explain adds up in a cumulated sum.
Residuals of temperature found within minutes what voltage did not: Bhaskar et al., Batteries 2023,
9(2), 70.
The emergency criterion is that of GB 38031-2025, C.5.3.7. A lead battery 10 °C above its
surroundings may be running away: Floyd and Boisvert on float currents. None of it replaces the BMS
or a fire detector, and every sentence says so.
"""

from collections.abc import Sequence

import numpy as np

from .base import BAD, GOOD, WATCH, Analytic, Evidence, Finding, Observed, Pack, Quantity, Refused
from .day import Array, Day, row_medians
from .drift import ALARM, baseline, cusum, table_of
from .warmth import sensors
from .windows import c_rate, lowest

BASELINE_DAYS = 30
LEAST_SIGMA_C = 0.1
"""A BMS resolves a tenth of a degree."""
STEP_MS = 300_000
LEAST_STEPS = 60
FASTEST_C_PER_S, LASTING_MS = 1.0, 3_000
HOTTEST = 60.0
FALLEN = 0.25
ABOVE_AMBIENT = 10.0
SECONDS_PER_HOUR = 3600
BAD_ABOVE = 5.0
"""°C above its neighbours, of a drifting sensor."""


def observe(pack: Pack, day: Day) -> Evidence | None:
    """Each sensor against the median (°C); sums of the model's equations; what was an emergency."""
    table = sensors(day)
    if not table.shape[1] or np.isnan(table).all():
        return None
    middle = row_medians(table)
    ambient = day.scalar("ambient_temperature")
    above = middle - ambient
    return {
        "apart": [
            None if np.isnan(column).all() else round(float(np.nanmedian(column - middle)), 3)
            for column in table.T
        ],
        "hottest": round(float(np.nanmax(table)), 1),
        "above": None if np.isnan(above).all() else round(float(np.nanmax(above)), 1),
        "heat": _sums(pack, day, middle),
        "emergency": bool(emergency(day.times, table, lowest(day))),
    }


def emergency(times: Array, table: Array, volts: Array) -> int:
    """Moments at which a sensor rises by 1 °C a second for longer than 3 s while it is hotter than
    a cell may be or a cell has lost a quarter of its voltage.

    Between readings five seconds apart that is a step of 5 °C. `times`: ms; `table`: °C; `volts`:
    of the lowest cell.
    """
    if len(times) < 2:
        return 0
    apart = np.diff(times)[:, None] / 1000
    rising = np.diff(table, axis=0) / apart >= FASTEST_C_PER_S
    if not rising.any():
        return 0
    since = np.zeros(rising.shape[1])
    lasting = np.zeros(rising.shape, bool)
    for row in range(len(rising)):
        since = np.where(rising[row], since + apart[row] * 1000, 0.0)
        lasting[row] = since > LASTING_MS
    hot = table[1:] >= HOTTEST
    fallen = (volts < (1 - FALLEN) * np.fmax.accumulate(volts))[1:, None]
    return int((lasting & (hot | fallen)).any(axis=1).sum())


def _sums(pack: Pack, day: Day, middle: Array) -> list[list[float]] | None:
    """Normal equations of dT/dt (°C/h) over (current squared in C², T, 1), which add across days.

    Rows and columns: current, temperature, one, rise.
    """
    if not pack.capacity_ah or np.isnan(day.current).all():
        return None
    heat = np.nan_to_num(c_rate(pack, day)) ** 2
    where = ((day.times - day.start) // STEP_MS).astype(int)
    known = ~np.isnan(middle)
    count = np.bincount(where[known])
    if (count > 0).sum() < LEAST_STEPS:
        return None
    kept = np.flatnonzero(count)
    warmth = np.bincount(where[known], middle[known])[kept] / count[kept]
    heat = np.bincount(where[known], heat[known])[kept] / count[kept]
    near = np.diff(kept) == 1
    hours = STEP_MS / 1000 / SECONDS_PER_HOUR
    rise = np.diff(warmth)[near] / hours
    half = (slice(None, -1), slice(1, None))
    means = [(each[half[0]] + each[half[1]])[near] / 2 for each in (heat, warmth)]
    columns = np.stack([*means, np.ones(len(rise)), rise])
    return np.round(columns @ columns.T, 6).tolist()


def conclude(pack: Pack, days: Sequence[Observed]) -> Finding | Refused:
    """The gravest of: an emergency, lead far above its surroundings, a sensor or the whole that
    has begun to warm more than usual."""
    last = days[-1].evidence
    values: dict[str, Quantity | str] = {"hottest": Quantity(last["hottest"], "°C", 1)}
    if last["emergency"]:
        return Finding(level=BAD, text="emergency", values=values)
    if pack.chemistry == "LEAD" and (last["above"] or 0.0) > ABOVE_AMBIENT:
        values["above"] = Quantity(last["above"], "°C", 1)
        return Finding(level=BAD, text="runaway", values=values)
    if len(days) <= BASELINE_DAYS:
        left = BASELINE_DAYS + 1 - len(days)
        return Refused("too_soon", {"days": Quantity(left, "", 0)})
    found = _sensor(days, values) or _whole(pack, days, values)
    return found or Finding(level=GOOD, text="none", values=values)


def _sensor(days: Sequence[Observed], values: dict) -> Finding | None:
    table = table_of(days, "apart")
    usual, sigma = baseline(table[:BASELINE_DAYS], LEAST_SIGMA_C)
    sums, began = cusum(np.nan_to_num((table[BASELINE_DAYS:] - usual) / sigma))
    sensor = int(np.argmax(sums[-1]))
    if sums[-1, sensor] <= ALARM:
        return None
    beyond = float(np.nanmedian(table[-7:, sensor]) - usual[sensor])
    since = days[BASELINE_DAYS + int(began[sensor])].start
    more = {
        "sensor": Quantity(sensor + 1, "", 0),
        "beyond": Quantity(beyond, "°C", 1),
        "days": Quantity((days[-1].start - since) / 86_400_000 + 1, "", 0),
    }
    level = BAD if beyond >= BAD_ABOVE else WATCH
    return Finding(level=level, text="sensor", values=values | more)


def _whole(pack: Pack, days: Sequence[Observed], values: dict) -> Finding | None:
    """Heat that the model of the first month does not explain, °C an hour."""
    told = [np.array(day.evidence["heat"]) for day in days if day.evidence["heat"]]
    if len(told) <= BASELINE_DAYS:
        return None
    first = np.sum(told[:BASELINE_DAYS], axis=0)
    gains = np.linalg.lstsq(first[:3, :3], first[:3, 3], rcond=1e-9)[0]
    left = np.array([(day[2, 3] - gains @ day[2, :3]) / day[2, 2] for day in told])[:, None]
    usual, sigma = baseline(left[:BASELINE_DAYS], 0.01)
    sums, _ = cusum(np.nan_to_num((left[BASELINE_DAYS:] - usual) / sigma))
    if sums[-1, 0] <= ALARM:
        return None
    extra = float(np.median(left[-7:, 0]) - usual[0])
    more = {"extra": Quantity(extra, "°C/h", 2)}
    return Finding(level=WATCH, text="whole", values=values | more)


LABEL = (
    " Aide à la surveillance : ne remplace ni le BMS ni la détection incendie.",
    " An aid to surveillance: it replaces neither the BMS nor fire detection.",
)


def _labelled(french: str, english: str) -> tuple[str, str]:
    return french + LABEL[0], english + LABEL[1]


ANALYTIC = Analytic(
    code="thermal",
    title=("Précurseurs thermiques", "Thermal precursors"),
    version=1,
    needs=frozenset(),
    observe=observe,
    conclude=conclude,
    quality=50.0,
    sentences={
        "too_soon": _labelled(
            "Il manque {days} jours de mesures pour savoir ce qui est habituel à chaque sonde.",
            "{days} more days of readings are needed to know what is usual for each sensor.",
        ),
        "none": _labelled(
            "Aucun échauffement inhabituel (maximum du jour : {hottest}).",
            "No unusual warming (the day's highest: {hottest}).",
        ),
        "sensor": _labelled(
            "Sonde {sensor} : {beyond} de plus que d'habitude par rapport aux autres, depuis {days}"
            " jours. Vérifier les connexions et les cellules voisines.",
            "Sensor {sensor}: {beyond} more than usual against the others, for {days} days. Check"
            " the connections and the cells beside it.",
        ),
        "whole": _labelled(
            "La batterie chauffe de {extra} de plus que ce que son courant explique. Vérifier la"
            " ventilation, le local et les connexions.",
            "The battery warms by {extra} more than its current explains. Check ventilation, the"
            " room and the connections.",
        ),
        "emergency": _labelled(
            "La température a monté d'au moins 1 °C par seconde, jusqu'à {hottest}, avec un signe"
            " de défaillance d'une cellule. Ne pas s'approcher : suivre le plan d'urgence.",
            "The temperature rose by 1 °C a second or more, up to {hottest}, with a sign that a"
            " cell failed. Keep away and follow the emergency plan.",
        ),
        "runaway": _labelled(
            "Batterie au plomb {above} au-dessus de l'ambiante : emballement thermique possible."
            " Arrêter la charge et faire contrôler.",
            "Lead battery {above} above its surroundings: thermal runaway is possible. Stop"
            " charging and have it checked.",
        ),
    },
)
