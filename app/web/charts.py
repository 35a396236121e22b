"""The charts of one or more batteries over a period: drawn, told, and what scripts need."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext
from sqlalchemy.orm import Session

from app.clients.models import Battery
from app.errors import AppError
from app.processor import history

from . import format as fmt
from . import panels, plot
from .events import Event
from .page import locale
from .panels import Panel
from .plot import Plot, Row
from .span import Span

POINTS = 240
"""Rows of each metric that a page itself draws; scripts ask for more."""
MOST_POINTS = 1_500


@dataclass(frozen=True, slots=True)
class Drawn:
    """A panel with what is in it. `summary`: lowest, mean, highest and last (None: unknown)."""

    panel: Panel
    plot: Plot | None
    sentence: str
    summary: tuple[float | None, ...]
    series: Sequence[tuple[str, Sequence[Row]]]

    def table(self) -> Iterator[tuple[int, list[float | None]]]:
        """Every moment: lowest, mean and highest of the first series, the means of the others."""
        at: dict[int, dict[int, Row]] = {}
        for i, (_, rows) in enumerate(self.series):
            for row in rows:
                if row[2] is not None:
                    at.setdefault(int(row[0]), {})[i] = row
        none = (None, None, None, None)
        for ts in sorted(at):
            own = at[ts].get(0, none)[1:]
            yield ts, [*own, *(at[ts].get(i, none)[2] for i in range(1, len(self.series)))]

    @property
    def code(self) -> str:
        """The metric by which its numbers are written."""
        return self.panel.metrics[0].partition(".")[0]


@dataclass(frozen=True, slots=True)
class Found:
    """What the charts are made of. `metrics`: rows by battery and metric; `step`: ms, 0 for single
    readings; `refused`: why there is nothing, if so."""

    step: int
    metrics: Mapping[int, Mapping[str, Sequence[Row]]]
    refused: str = ""

    def rows(self, battery: Battery, metric: str) -> Sequence[Row]:
        return self.metrics.get(battery.id, {}).get(metric, [])


def read(
    session: Session, batteries: Sequence[Battery], picked: Sequence[Panel], span: Span
) -> Found:
    """The rows of the panels: all of the first battery's, of the others each panel's own metric."""
    found: dict[int, Mapping[str, Sequence[Row]]] = {}
    step = 0
    for i, battery in enumerate(batteries):
        codes = [code for panel in picked for code in (panel.metrics[:1] if i else panel.metrics)]
        if not codes:
            continue
        try:
            series = history.series(session, battery.id, codes, span.start, span.end, POINTS)
        except AppError as refused:
            return Found(0, {}, gettext(refused.text, **refused.params))
        found[battery.id] = series.metrics
        step = series.step_ms if not i else step
    return Found(step, found)


def drawn(panel: Panel, found: Found, batteries: Sequence[Battery], span: Span) -> Drawn:
    """One panel: its metrics, or where batteries are compared its own metric of each."""
    first = panel.metrics[0]
    if len(batteries) > 1:
        series = [(battery.name, found.rows(battery, first)) for battery in batteries]
    else:
        series = [(panels.named(code), found.rows(batteries[0], code)) for code in panel.metrics]
    rows = series[0][1]
    missing = plot.gaps(rows, span.start, span.end, found.step)
    made = plot.draw(series, first, span.start, span.end, missing, locale())
    summary = _summary(rows)
    return Drawn(panel, made, _sentence(panel, summary, missing), summary, series)


def _summary(rows: Sequence[Row]) -> tuple[float | None, ...]:
    known = [row for row in rows if row[2] is not None]
    if not known:
        return (None, None, None, None)
    mean = sum(row[2] for row in known) / len(known)
    return min(row[1] for row in known), mean, max(row[3] for row in known), known[-1][2]


def _sentence(panel: Panel, summary: Sequence[float | None], missing: Sequence) -> str:
    """The chart in words, for those who cannot see it and those in a hurry."""
    code = panel.metrics[0].partition(".")[0]
    if summary[0] is None:
        return gettext("%(metric)s: no data in this period.", metric=panel.name)
    low, mean, high, last = (fmt.metric(code, value, locale()) for value in summary)
    text = gettext(
        "%(metric)s: from %(low)s to %(high)s, on average %(mean)s, in the end %(last)s.",
        metric=panel.name,
        low=low,
        high=high,
        mean=mean,
        last=last,
    )
    if missing:
        lost = fmt.duration(sum(end - start for start, end in missing), locale())
        text += " " + gettext("No data for %(time)s.", time=lost)
    return text


def marked(event: Event, span: Span) -> dict[str, Any]:
    """An event with its place on the time axis (box)."""
    width = span.end - span.start
    x = plot.WIDTH * max(event.start - span.start, 0) / width
    until = min(event.end or span.end, span.end)
    reach = plot.WIDTH * (until - max(event.start, span.start)) / width
    return {"event": event, "x": round(x, 1), "width": round(reach, 1)}


def for_scripts(
    span: Span,
    picked: Sequence[Panel],
    batteries: Sequence[Battery],
    happened: Sequence[Event],
    now: int,
) -> dict[str, Any]:
    """What the scripts need to draw the same, and to draw what is zoomed into."""
    return {
        "from": span.start,
        "to": span.end,
        "now": now,
        "zone": span.zone.key,
        "moving": bool(span.period),
        "points": MOST_POINTS,
        "batteries": [{"id": each.id, "name": each.name} for each in batteries],
        "panels": [
            {
                "code": panel.code,
                "name": panel.name,
                "colour": panel.colour,
                "shown": list(fmt.shown(panel.metrics[0].partition(".")[0])),
                "metrics": [[code, panels.named(code)] for code in panel.metrics],
            }
            for panel in picked
        ],
        "events": [[each.start, each.end, each.sign, each.text] for each in happened],
        "series": url_for("processor.series", asset_id=0).replace("/0/", "/{id}/"),
        "words": _words(),
    }


def _words() -> dict[str, str]:
    return {
        "none": gettext("no data"),
        "nothing": gettext("%(metric)s: no data in this period."),
        "sentence": gettext(
            "%(metric)s: from %(low)s to %(high)s, on average %(mean)s, in the end %(last)s."
        ),
        "missing": gettext("No data for %(time)s."),
        "loading": gettext("Loading the curves."),
        "failed": gettext("The curves could not be read. What is drawn is what was known."),
        "away": gettext("This device is offline. The curves are the last received."),
        "expired": gettext("Your session has ended. Open the page again to sign in."),
        "every": gettext("Every reading is drawn"),
        "step": gettext("One point is %(step)s, with its lowest and highest"),
        "at": gettext("Values at %(time)s"),
    }
