"""What a battery did: its measurements over time, as charts, as tables and as a file."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.clients import catalogue
from app.clients.catalogue import AssetFilter
from app.clients.models import Battery
from app.core.access import Permission, requires
from app.database.base import now_ms
from app.gateway.context import tenant_session
from app.processor import history
from app.processor.days import zone_of
from app.processor.plan import MAX_POINTS
from collector.wire.metrics import METRICS

from . import charts, events, panels, plot, spreadsheet
from . import format as fmt
from .battery import frame
from .page import locale, words
from .panels import Panel
from .plot import Row
from .span import PERIODS, Span, asked

blueprint = Blueprint("history", __name__)

COMPARED = 5
"""Other batteries in one chart."""
OFFERED = 60
LISTED = 6
"""Gaps told one by one."""


@blueprint.get("/batteries/<int:asset_id>/historique")
@requires(Permission.SEE_FLEET)
def page(asset_id: int) -> ResponseReturnValue:
    """The charts. Without scripts they are drawn here, and the form asks for others."""
    now, session = now_ms(), tenant_session()
    shown = frame(asset_id, "history", now)
    battery: Battery = shown["battery"]
    span = asked(request.args, zone_of(session, asset_id), now)
    offer = panels.offered(shown["row"].values)
    picked = panels.chosen(offer, request.args.getlist("mesures"))
    others = _others(battery, request.args.getlist("avec"))
    together = [battery, *others]
    found = charts.read(session, together, picked, span)
    happened = events.between(session, battery, span.start, span.end, locale())
    main = found.rows(battery, picked[0].metrics[0]) if picked else []
    missing = plot.gaps(main, span.start, span.end, found.step)
    return render_template(
        "fleet/history.html",
        span=span,
        periods=PERIODS,
        offer=offer,
        picked=picked,
        drawn=[charts.drawn(panel, found, together, span) for panel in picked],
        found=found,
        events=[charts.marked(event, span) for event in happened],
        gaps=missing[:LISTED] if main else [],
        more_gaps=max(len(missing) - LISTED, 0),
        axis=plot.times(span.start, span.end, span.zone, locale()),
        candidates=_candidates(battery),
        others={other.id for other in others},
        query=_query(span, picked, others),
        words=words() | {"chart": charts.for_scripts(span, picked, together, happened, now)},
        **shown,
    )


@blueprint.get("/batteries/<int:asset_id>/historique.csv")
@requires(Permission.SEE_FLEET)
def table(asset_id: int) -> ResponseReturnValue:
    """The same period and metrics as a file, in as many rows as one chart may have."""
    now, session = now_ms(), tenant_session()
    row = frame(asset_id, "history", now)["row"]
    span = asked(request.args, zone_of(session, asset_id), now)
    picked = panels.chosen(panels.offered(row.values), request.args.getlist("mesures"))
    codes = [code for panel in picked for code in panel.metrics]
    found = history.series(session, asset_id, codes, span.start, span.end, MAX_POINTS).metrics
    text = spreadsheet.document(_heads(codes), _lines(codes, found, span), locale())
    answer = Response(text, mimetype="text/csv")
    day = fmt.day(span.start, span.zone.key)
    name = f"{row.asset.uid}-{day}.csv".encode("ascii", "ignore").decode()
    answer.headers.set("Content-Disposition", "attachment", filename=name.replace("/", "-"))
    return answer


def _others(battery: Battery, ids: Sequence[str]) -> list[Battery]:
    """The batteries to compare with; whatever the caller may not see is not found."""
    wanted = dict.fromkeys(int(text) for text in ids if text.isascii() and text.isdigit())
    wanted.pop(battery.id, None)
    return [catalogue.asset(tenant_session(), number) for number in list(wanted)[:COMPARED]]


def _candidates(battery: Battery) -> list[Battery]:
    """Those of its type that may be compared with it, by name."""
    statement = catalogue.find_assets(AssetFilter(type_id=battery.type_id)).limit(OFFERED + 1)
    return [other for other in tenant_session().scalars(statement) if other.id != battery.id]


def _query(span: Span, picked: Sequence[Panel], others: Sequence[Battery]) -> dict[str, Any]:
    """The address's fields for this very view, whose period may be another."""
    when = {"periode": span.period} if span.period else {"de": span.first, "a": span.last}
    return {
        **when,
        "mesures": [panel.code for panel in picked],
        "avec": [other.id for other in others],
    }


def _heads(codes: Sequence[str]) -> list[str]:
    parts = (gettext("lowest"), gettext("mean"), gettext("highest"))
    heads = [gettext("Time")]
    for code in codes:
        unit = _unit(code)
        name = f"{panels.named(code)} ({unit})" if unit else panels.named(code)
        heads += [f"{name}, {part}" for part in parts]
    return heads


def _unit(code: str) -> str:
    """A metric's own unit: files are for programs, too, and know no turn from W to kW."""
    known = METRICS.get(code.partition(".")[0])
    return known.unit if known else ""


def _lines(codes: Sequence[str], found: Mapping[str, list[Row]], span: Span) -> Iterator[list]:
    """Rows of the file, every metric of a moment in one."""
    at: dict[int, dict[str, Row]] = {}
    for code in codes:
        for row in found.get(code, ()):
            if row[2] is not None:
                at.setdefault(int(row[0]), {})[code] = row
    for ts in sorted(at):
        moment = datetime.fromtimestamp(ts / 1000, span.zone).isoformat(timespec="seconds")
        none = (ts, None, None, None)
        yield [moment, *(value for code in codes for value in at[ts].get(code, none)[1:])]
