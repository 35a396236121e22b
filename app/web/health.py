"""What the analytics say of a battery: findings with their intervals, ledgers, and refusals."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.core.access import Permission, requires
from app.database.base import now_ms
from app.errors import sentence
from app.gateway.context import tenant_session
from app.processor.analytics import text
from app.processor.analytics.base import SENTENCES, Analytic, Pair
from app.processor.analytics.models import AnalyticResult
from app.processor.analytics.nightly import analytics, latest
from app.processor.days import zone_of

from . import format as fmt
from .battery import frame
from .page import locale

blueprint = Blueprint("health", __name__)

FIRST = ("capacity", "soc_trust", "weak_cell", "resistance")
"""Told before the others."""
SIGNS = {"bad": "crit", "watch": "warn", "good": "ok"}
LEVELS = {
    "bad": sentence("To be dealt with"),
    "watch": sentence("To be watched"),
    "good": sentence("Nothing to do"),
}
SIGMAS = 1.96


@dataclass(frozen=True, slots=True)
class Told:
    """One computation in words. `level` is empty where it refused, and `text` then says why.

    `bounds`: the 95 % intervals of what was estimated. `rows`: its ledger under `heads`.
    """

    code: str
    title: str
    level: str
    text: str
    bounds: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    result: AnalyticResult

    @property
    def sign(self) -> str:
        return SIGNS.get(self.level, "wait")

    @property
    def word(self) -> str:
        return gettext(LEVELS[self.level]) if self.level else gettext("Not known yet")


@blueprint.get("/batteries/<int:asset_id>/sante")
@requires(Permission.SEE_FLEET)
def page(asset_id: int) -> ResponseReturnValue:
    """Findings, the gravest first; then what cannot be said yet, and why."""
    shown = frame(asset_id, "health", now_ms())
    session = tenant_session()
    zone = zone_of(session, asset_id).key
    known = analytics()
    told = [tell(known[row.code], row, zone) for row in latest(session, asset_id)]
    order = {code: i for i, code in enumerate(FIRST)}
    told.sort(key=lambda each: (order.get(each.code, len(order)), each.title))
    row = shown["row"]
    return render_template(
        "fleet/health.html",
        findings=[each for each in told if each.level],
        refusals=[each for each in told if not each.level],
        reported=None
        if row.entry["states"].get("soh_provided") is False
        else row.values.get("soh"),
        cycles=row.values.get("cycles"),
        site=zone,
        **shown,
    )


def tell(analytic: Analytic, row: AnalyticResult, zone: str) -> Told:
    """A kept answer in the language of the page."""
    told = text.tell(row, analytic, locale())
    values = row.result["values"].values()
    bounds = [ends for value in values if (ends := text.interval(value, locale()))]
    heads, rows = _table(row.result["rows"], {**SENTENCES, **analytic.sentences}, zone)
    return Told(
        analytic.code, told.title, row.level, told.sentence, ", ".join(bounds), heads, rows, row
    )


def _table(
    rows: Sequence[Mapping[str, Any]], texts: Mapping[str, Pair], zone: str
) -> tuple[list[str], list[list[str]]]:
    """A ledger, newest line first, in the columns that pages know how to write."""
    keys = [key for key in COLUMNS if any(key in row for row in rows)]
    ledger = any("day" in row or "at" in row for row in rows)
    lines = [[_cell(key, row, texts, zone) for key in keys] for row in rows]
    return [gettext(COLUMNS[key][0]) for key in keys], lines[::-1] if ledger else lines


def _cell(key: str, row: Mapping[str, Any], texts: Mapping[str, Pair], zone: str) -> str:
    value = row.get(key)
    if value is None:
        return "–"
    if key in ("day", "at"):
        return fmt.day(value, zone)
    if key == "why":
        return _why(value, texts)
    if key == "ah" and "sigma" in row:
        band = fmt.quantity(SIGMAS * row["sigma"], "Ah", 1, False, locale())
        return f"{fmt.number(value, 1, False, locale())}\u00a0± {band}"
    return COLUMNS[key][1](value)


def _why(value: str, texts: Mapping[str, Pair]) -> str:
    """Why a line does not count; a sentence with numbers of its own is not of one line."""
    if not value:
        return gettext("Counts")
    said = texts.get(value)
    if said is None or any(name for _, name, _, _ in Formatter().parse(said[0]) if name):
        return "–"
    return said[0] if locale() == "fr" else said[1]


def _unit(unit: str, digits: int) -> Callable[[Any], str]:
    return lambda value: fmt.quantity(value, unit, digits, False, locale())


COLUMNS: Mapping[str, tuple[str, Callable[[Any], str]]] = {
    "day": (sentence("Day"), str),
    "at": (sentence("Day"), str),
    "cell": (sentence("Cell"), "C{}".format),
    "ah": (sentence("Capacity at 25 °C"), _unit("Ah", 1)),
    "hours": (sentence("Duration"), lambda value: fmt.duration(value * 3_600_000, locale())),
    "temperature": (sentence("Temperature"), _unit("°C", 1)),
    "milliohm": (sentence("Resistance"), _unit("mΩ", 2)),
    "ratio": (sentence("Against the median"), _unit("", 2)),
    "behind_ah": (sentence("Behind the others"), _unit("Ah", 2)),
    "spread_mv": (sentence("Spread at the end of charge"), _unit("mV", 0)),
    "soh": (sentence("Health"), _unit("%", 1)),
    "score": (sentence("Quality"), _unit("", 0)),
    "why": (sentence("Why it counts or not"), str),
}
"""Columns of ledgers that have words, in order: what they are called and how they are written."""
