"""What a battery did day by day, as a calendar: energy, cycles, availability, extremes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import format_date, gettext

from app.core.access import Permission, requires
from app.database.base import now_ms
from app.errors import sentence
from app.gateway.context import tenant_session
from app.processor import daily
from app.processor.days import date_at, zone_of
from app.processor.models import BatteryDay

from . import format as fmt
from .battery import frame
from .page import locale

blueprint = Blueprint("days", __name__)

MONTHS = 3
"""Shown at once."""
SHADES = 5


@dataclass(frozen=True, slots=True)
class Measure:
    """One number of a day. `summed`: days add up to months; else a month has extremes."""

    name: str
    value: Callable[[BatteryDay], float | None]
    write: Callable[[float], str]
    summed: bool = False


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the calendar. `shade` from 1 (least) to 5 (most); 0 where nothing is known."""

    date: date
    text: str
    shade: int
    complete: bool


@dataclass(frozen=True, slots=True)
class Month:
    """`weeks` hold seven days each; None is another month's."""

    name: str
    sentence: str
    weeks: Sequence[Sequence[Day | None]]


def _metric(code: str) -> Callable[[float], str]:
    return lambda value: fmt.metric(code, value, locale())


def _extreme(code: str, which: str) -> Callable[[BatteryDay], float | None]:
    return lambda row: row.metrics.get(code, {}).get(which)


def _percent(value: float) -> str:
    return fmt.quantity(100 * value, "%", 1, False, locale())


MEASURES: Mapping[str, Measure] = {
    "decharge": Measure(
        sentence("Energy out"), lambda row: row.energy_out_wh, _metric("energy_out"), True
    ),
    "charge": Measure(
        sentence("Energy in"), lambda row: row.energy_in_wh, _metric("energy_in"), True
    ),
    "cycles": Measure(
        sentence("Equivalent cycles"),
        lambda row: row.cycles,
        lambda value: fmt.number(value, 2, False, locale()),
        True,
    ),
    "disponibilite": Measure(
        sentence("Availability"), lambda row: row.covered_ms / (row.end - row.start), _percent
    ),
    "temperature": Measure(
        sentence("Highest temperature"),
        _extreme("temperature_max", "high"),
        _metric("temperature_max"),
    ),
    "ecart": Measure(
        sentence("Widest cell spread"),
        _extreme("cell_voltage_spread", "high"),
        _metric("cell_voltage_spread"),
    ),
    "soc": Measure(sentence("Lowest state of charge"), _extreme("soc", "low"), _metric("soc")),
}
"""By what stands in the address."""


@blueprint.get("/batteries/<int:asset_id>/jours")
@requires(Permission.SEE_FLEET)
def page(asset_id: int) -> ResponseReturnValue:
    """Three months, the last of them asked for; each day leads to its charts."""
    now = now_ms()
    shown = frame(asset_id, "days", now)
    session = tenant_session()
    today = date_at(now, zone_of(session, asset_id))
    code = request.args.get("mesure", "")
    code = code if code in MEASURES else next(iter(MEASURES))
    last = _month(request.args.get("mois", ""), today)
    firsts = [_moved(last, -n) for n in range(MONTHS)]
    rows = daily.days(session, asset_id, firsts[-1], _moved(last, 1) - timedelta(days=1))
    return render_template(
        "fleet/days.html",
        months=_months(firsts, rows, MEASURES[code], today),
        measure=code,
        measures=MEASURES,
        known=len(rows),
        month=f"{last:%Y-%m}",
        earlier=f"{_moved(last, -MONTHS):%Y-%m}" if last.year > 1971 else "",
        later=f"{_moved(last, MONTHS):%Y-%m}" if last < today.replace(day=1) else "",
        weekdays=[date(2026, 11, n) for n in range(1, 8)],
        day_name=lambda day, form: format_date(day, form),
        **shown,
    )


def _month(text: str, today: date) -> date:
    """The first day of the month asked for, not after this one; of this one otherwise."""
    try:
        found = date.fromisoformat(f"{text}-01")
    except ValueError:
        return today.replace(day=1)
    return min(max(found, date(1971, 1, 1)), today.replace(day=1))


def _moved(first: date, months: int) -> date:
    count = first.year * 12 + first.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def _months(
    firsts: Sequence[date], rows: Sequence[BatteryDay], measure: Measure, today: date
) -> list[Month]:
    """The months, newest first. Shades compare the days of all of them."""
    known = {row.day: row for row in rows}
    values = {day: value for day, row in known.items() if (value := measure.value(row)) is not None}
    low, high = min(values.values(), default=0.0), max(values.values(), default=0.0)

    def day(when: date) -> Day | None:
        value = values.get(when.isoformat())
        if when > today:
            return None
        if value is None:
            return Day(when, "", 0, True)
        part = (value - low) / (high - low) if high > low else 1.0
        row = known[when.isoformat()]
        shade = 1 + min(int(part * SHADES), SHADES - 1)
        return Day(when, measure.write(value), shade, row.through >= row.end)

    found = []
    for first in firsts:
        days = [first + timedelta(days=n) for n in range((_moved(first, 1) - first).days)]
        cells = [None] * ((first.weekday() + 1) % 7) + [day(each) for each in days]
        cells += [None] * (-len(cells) % 7)
        here = [values[each.isoformat()] for each in days if each.isoformat() in values]
        name = format_date(first, "LLLL yyyy")
        weeks = [cells[i : i + 7] for i in range(0, len(cells), 7)]
        found.append(Month(name, _told(name, here, measure), weeks))
    return found


def _told(name: str, values: Sequence[float], measure: Measure) -> str:
    """A month in a sentence."""
    if not values:
        return gettext("%(month)s: no day with data.", month=name.capitalize())
    if measure.summed:
        return gettext(
            "%(month)s: %(total)s in all, over %(days)s days with data.",
            month=name.capitalize(),
            total=measure.write(sum(values)),
            days=len(values),
        )
    return gettext(
        "%(month)s: from %(low)s to %(high)s, over %(days)s days with data.",
        month=name.capitalize(),
        low=measure.write(min(values)),
        high=measure.write(max(values)),
        days=len(values),
    )
