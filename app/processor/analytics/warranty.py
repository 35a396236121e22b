"""Warranty: a record of each day that both sides can rely on, held against the warranty's terms.

The record says what was measured, how long each term was exceeded, what is missing, and carries a
digest of every reading (the root of a hash tree, after RFC 9162), so that readings shown later can
be checked against it. `app.processor.warranty` chains and signs the records; a file of them checks
with a program that needs nothing else.

Terms, each optional: `soc_min`, `soc_max` (%), `temperature_min`, `temperature_max` (°C),
`charge_c`, `discharge_c` (parts of the capacity an hour), `efc_max` (cycles), `full_every_days`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from collector.wire.reading import digits_of

from .base import BAD, GOOD, WATCH, Analytic, Evidence, Finding, Observed, Pack, Quantity, Refused
from .day import Array, Day
from .warmth import coldest, warmest
from .windows import c_rate, chemistry, highest, lowest

TOLERATED_MS = 60_000
"""A day on which a term was exceeded for less than a minute is within it: one reading may err."""
DAY_MS = 86_400_000
TOTALS = ("efc_max", "full_every_days")


def observe(pack: Pack, day: Day) -> Evidence | None:
    """The day's record: JSON whose every number is rounded, so that it has one text."""
    noon = (day.start + day.end) / 2000
    gaps = np.diff(np.concatenate(([day.start], day.times, [day.end])))
    ah_in, ah_out = (
        day.amp_hours(sign * np.nan_to_num(day.current) > 0) * sign for sign in (1, -1)
    )
    record: dict[str, Any] = {
        "day": datetime.fromtimestamp(noon, ZoneInfo(pack.time_zone)).date().isoformat(),
        "from": day.start,
        "to": day.end,
        "samples": len(day),
        "covered_ms": round(float(day.weights.sum())),
        "longest_gap_ms": round(float(gaps.max())),
        "ah_in": round(ah_in, 3),
        "ah_out": round(ah_out, 3),
        "full": bool((highest(day) >= chemistry(pack).full).any()),
        "firmware": day.told("firmware"),
        "readings": root(day),
        "measured": dict(_measured(day)),
        "outside_ms": _outside(pack, day),
    }
    if pack.capacity_ah:
        record["efc"] = round((ah_in + ah_out) / 2 / pack.capacity_ah, 4)
    return record


def _measured(day: Day):
    """`[lowest, mean, highest]` of what was measured."""
    known = {
        "pack_voltage": (day.scalar("pack_voltage"),) * 2,
        "cell_voltage": (lowest(day), highest(day)),
        "current": (day.current,) * 2,
        "soc": (day.scalar("soc"),) * 2,
        "temperature": (coldest(day), warmest(day)),
    }
    for name, (low, high) in known.items():
        if not np.isnan(low).all() and not np.isnan(high).all():
            mean = (np.nanmean(low) + np.nanmean(high)) / 2
            numbers = (np.nanmin(low), mean, np.nanmax(high))
            yield name, [round(float(number), 4) for number in numbers]


def _outside(pack: Pack, day: Day) -> dict[str, int]:
    """How long each term was exceeded, ms; a term without readings is absent."""
    rate, soc = c_rate(pack, day), day.scalar("soc")
    excess: Mapping[str, Array] = {
        "soc_min": -soc,
        "soc_max": soc,
        "temperature_min": -coldest(day),
        "temperature_max": warmest(day),
        "charge_c": rate,
        "discharge_c": -rate,
    }
    found = {}
    for term, amount in excess.items():
        limit = pack.terms.get(term)
        if limit is None or np.isnan(amount).all():
            continue
        beyond = amount > (-limit if term.endswith("_min") else limit)
        found[term] = round(float(day.weights[beyond].sum()))
    return found


def root(day: Day) -> str:
    """The root of the hash tree over the instants and each series, in the order of their names."""
    series = sorted(
        day.series.items(), key=lambda each: (each[0][0], -1 if each[0][1] is None else each[0][1])
    )
    leaves = [_leaf("times", day.times)]
    for (code, index), numbers in series:
        whole = np.nan_to_num(numbers * 10 ** digits_of(code), nan=-(2.0**62))
        leaves.append(_leaf(f"{code}:{index}", np.round(whole).astype(np.int64)))
    return _root(leaves).hex()


def _leaf(name: str, numbers: Array) -> bytes:
    return sha256(b"\0" + name.encode() + b"\0" + numbers.astype("<i8").tobytes()).digest()


def _root(leaves: Sequence[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1" + _root(leaves[:half]) + _root(leaves[half:])).digest()


def conclude(pack: Pack, days: Sequence[Observed]) -> Finding | Refused:
    """Each term: kept, exceeded and when, or not known."""
    rows = [_verdict(term, limit, days) for term, limit in sorted(pack.terms.items())]
    rows = [row for row in rows if row]
    span = sum(day.end - day.start for day in days)
    missing = 100 * (1 - sum(day.evidence["covered_ms"] for day in days) / max(span, 1))
    values: dict[str, Quantity | str] = {
        "days": Quantity(len(days), "", 0),
        "missing": Quantity(max(missing, 0.0), "%", 1),
    }
    if not rows:
        return Refused("no_terms", values)
    exceeded = [row for row in rows if row["verdict"] == "exceeded"]
    values["terms"] = Quantity(len(rows), "", 0)
    if exceeded:
        worst = max(exceeded, key=lambda row: row["ms"])
        values |= {
            "exceeded": Quantity(len(exceeded), "", 0),
            "minutes": Quantity(worst["ms"] / 60_000, "min", 0),
            "term": worst["term"],
            "last": worst["last"],
        }
        return Finding(level=BAD, text="exceeded", values=values, rows=rows)
    unknown = any(row["verdict"] == "unknown" for row in rows)
    level = WATCH if unknown or missing > 5 else GOOD
    return Finding(level=level, text="gaps" if level == WATCH else "kept", values=values, rows=rows)


def _verdict(term: str, limit: float, days: Sequence[Observed]) -> dict[str, Any] | None:
    if term in TOTALS:
        return _total(term, limit, days)
    told = [day for day in days if term in day.evidence["outside_ms"]]
    if not told:
        limited = ("soc_", "temperature_", "charge_c", "discharge_c")
        known = term.startswith(limited)
        return _row(term, limit, "unknown") if known else None
    beyond = [day for day in told if day.evidence["outside_ms"][term] > TOLERATED_MS]
    if not beyond:
        return _row(term, limit, "kept")
    ms = sum(day.evidence["outside_ms"][term] for day in beyond)
    return _row(term, limit, "exceeded", ms, len(beyond), beyond[-1].evidence["day"])


def _total(term: str, limit: float, days: Sequence[Observed]) -> dict[str, Any]:
    last = days[-1].evidence["day"]
    if term == "efc_max":
        cycles = sum(day.evidence.get("efc", 0.0) for day in days)
        return _row(term, limit, "exceeded" if cycles > limit else "kept", 0, 0, last)
    full = [days[0].start, *(day.start for day in days if day.evidence["full"]), days[-1].start]
    longest = max(np.diff(full).tolist(), default=0) / DAY_MS
    verdict = "exceeded" if longest > limit else "kept"
    over = round(max(longest - limit, 0) * DAY_MS)
    return _row(term, limit, verdict, over, 0, last)


def _row(
    term: str, limit: float, verdict: str, ms: int = 0, days: int = 0, last: str = ""
) -> dict[str, Any]:
    return {"term": term, "limit": limit, "verdict": verdict, "ms": ms, "days": days, "last": last}


ANALYTIC = Analytic(
    code="warranty",
    title=("Preuves de garantie", "Warranty evidence"),
    version=1,
    needs=frozenset(),
    observe=observe,
    conclude=conclude,
    quality=0.0,
    sentences={
        "no_terms": (
            "{days} jours consignés ({missing} de données manquantes). Les conditions de garantie"
            " ne sont pas inscrites : rien à comparer.",
            "{days} days on record ({missing} of data missing). The terms of the warranty are not"
            " entered: there is nothing to compare with.",
        ),
        "kept": (
            "Les {terms} conditions de garantie sont respectées sur {days} jours ({missing} de"
            " données manquantes).",
            "All {terms} terms of the warranty were kept for {days} days ({missing} of data"
            " missing).",
        ),
        "gaps": (
            "Aucune des {terms} conditions de garantie n'est dépassée sur {days} jours, mais tout"
            " n'est pas mesuré ({missing} de données manquantes).",
            "None of the {terms} terms of the warranty was exceeded in {days} days, but not all is"
            " measured ({missing} of data missing).",
        ),
        "exceeded": (
            "{exceeded} conditions de garantie sur {terms} dépassées ; la plus longue ({term}) :"
            " {minutes} en tout, la dernière fois le {last}.",
            "{exceeded} of {terms} terms of the warranty exceeded; the longest ({term}): {minutes}"
            " in all, last on {last}.",
        ),
    },
)
