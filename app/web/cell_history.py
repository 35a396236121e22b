"""Every cell over a period: how far each was from the others, and which one stood out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.clients import catalogue
from app.core.access import Permission, requires
from app.database.base import now_ms
from app.errors import AppError
from app.gateway.context import tenant_session
from app.processor import history
from app.processor.days import zone_of
from app.processor.plan import MAX_METRICS

from . import format as fmt
from . import plot
from .battery import frame
from .cells import DEFAULT_SPREAD_V, shade
from .page import locale
from .plot import Row
from .span import PERIODS, Span, asked

blueprint = Blueprint("cell_history", __name__)

COLUMNS = 96
OFFERED = tuple(period for period in PERIODS if period not in ("1h", "5a"))


@dataclass(frozen=True, slots=True)
class Box:
    """A stretch in one shade: percent from the left, and percent wide."""

    x: float
    width: float
    shade: str


@dataclass(frozen=True, slots=True)
class Strip:
    """One cell, numbered from 1. `deviation`: volts from the median of all, on average; None where
    nothing is known of it."""

    number: int
    boxes: Sequence[Box]
    deviation: float | None
    low: float | None
    high: float | None


@blueprint.get("/batteries/<int:asset_id>/cellules")
@requires(Permission.SEE_FLEET)
def page(asset_id: int) -> ResponseReturnValue:
    """A row a cell: its deviation over time, its mean deviation, its extremes."""
    now, session = now_ms(), tenant_session()
    shown = frame(asset_id, "cells", now)
    row = shown["row"]
    span = asked(request.args, zone_of(session, asset_id), now)
    count = len(row.entry["arrays"].get("cell_voltage", ()))
    limit = catalogue.limits_of(row.asset.type).get("spread") or DEFAULT_SPREAD_V
    refused, found = "", []
    try:
        found = strips(*_read(asset_id, count, span), span, limit)
    except AppError as error:
        refused = gettext(error.text, **error.params)
    known = [strip for strip in found if strip.deviation is not None]
    worst = max(known, key=lambda strip: abs(strip.deviation), default=None)
    if request.args.get("tri") == "ecart":
        found = sorted(found, key=lambda strip: -abs(strip.deviation or 0))
    return render_template(
        "fleet/cells.html",
        strips=found,
        count=count,
        refused=refused,
        worst=worst,
        told=_told(worst, len(known)),
        limit=limit,
        span=span,
        offered=OFFERED,
        sorted=request.args.get("tri") == "ecart",
        axis=plot.times(span.start, span.end, span.zone, locale()),
        **shown,
    )


def _read(asset_id: int, count: int, span: Span) -> tuple[int, list[Sequence[Row]]]:
    """The step (ms, 0 for single readings) and the rows of every cell."""
    codes = [f"cell_voltage.{i}" for i in range(count)]
    step, rows = 0, []
    for at in range(0, count, MAX_METRICS):
        some = codes[at : at + MAX_METRICS]
        series = history.series(tenant_session(), asset_id, some, span.start, span.end, COLUMNS)
        step = series.step_ms
        rows += [series.metrics.get(code, []) for code in some]
    return step, rows


def strips(step: int, rows: Sequence[Sequence[Row]], span: Span, limit: float) -> list[Strip]:
    """The cells' rows laid out against the median of all cells at each moment."""
    at: dict[int, list[float]] = {}
    for cell in rows:
        for row in cell:
            if row[2] is not None:
                at.setdefault(int(row[0]), []).append(row[2])
    middle = {ts: median(values) for ts, values in at.items()}
    return [_strip(i + 1, cell, middle, step, span, limit) for i, cell in enumerate(rows)]


def _strip(
    number: int,
    rows: Sequence[Row],
    middle: Mapping[int, float],
    step: int,
    span: Span,
    limit: float,
) -> Strip:
    known = [(int(row[0]), row[2] - middle[int(row[0])]) for row in rows if row[2] is not None]
    if not known:
        return Strip(number, (), None, None, None)
    width = span.end - span.start
    reach = step or width // COLUMNS
    boxes: list[Box] = []
    for ts, deviation in known:
        left = max(ts - reach // 2 - span.start, 0) * 100 / width
        right = min(ts + reach // 2 - span.start, width) * 100 / width
        colour = shade(deviation, limit)
        last = boxes[-1] if boxes else None
        if last and last.shade == colour and left - (last.x + last.width) < 0.2:
            boxes[-1] = Box(last.x, round(right - last.x, 2), colour)
        else:
            boxes.append(Box(round(left, 2), round(right - left, 2), colour))
    return Strip(
        number,
        boxes,
        sum(deviation for _, deviation in known) / len(known),
        min(row[1] for row in rows if row[2] is not None),
        max(row[3] for row in rows if row[2] is not None),
    )


def _told(worst: Strip | None, count: int) -> str:
    """The finding in a sentence."""
    if worst is None:
        return ""
    far = fmt.quantity(worst.deviation * 1000, "mV", 0, True, locale())
    return gettext(
        "Of %(count)s cells, C%(number)s was the farthest from the median: %(far)s on average.",
        count=count,
        number=worst.number,
        far=far,
    )
