"""What exports say: of a list of batteries, of a site, of one battery; the numbers of `series`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.clients import catalogue
from app.clients.catalogue import AssetFilter
from app.clients.models import Battery
from app.database.base import now_ms
from app.errors import NotFound
from app.processor import daily, history, live
from app.processor.alerts.models import Alert
from app.processor.days import date_at, zone_of
from app.processor.formats.base import MOMENT, NUMBER, TEXT, Column, Curve, Document, Table
from app.processor.formats.cells import spoken
from app.processor.models import BatteryDay
from app.processor.state import connection_state, status
from collector.wire.metrics import METRICS

from .models import Export
from .words import METRIC_NAMES, STATUSES, say

BATTERY, SITE, LIST = "battery", "site", "list"
SUBJECTS = (LIST, SITE, BATTERY)
MEASURES = (
    "soc",
    "pack_voltage",
    "current",
    "power",
    "temperature_max",
    "cell_voltage_min",
    "cell_voltage_max",
    "cell_voltage_spread",
)
DRAWN = ("soc", "power", "temperature_max", "cell_voltage_spread")
"""Of one battery; of a site, the charge of each."""
POINTS = 1_500
CURVES_OF_A_SITE = 12
NOW = ("soc", "pack_voltage", "current", "power", "temperature_max", "soh")
DAY_COLUMNS = ("energy_in", "energy_out", "cycles", "availability", "soc_low", "temperature_high")


@dataclass(frozen=True, slots=True)
class Subject:
    """What an export is of: its name, the batteries, the time zone of its site."""

    name: str
    batteries: Sequence[Battery]
    zone: ZoneInfo


def subject_of(session: Session, kind: str, target_id: int) -> Subject:
    """The batteries of the session's scope; NotFound for what is not in it."""
    home = ZoneInfo(session.tenant.time_zone)
    if kind == BATTERY:
        battery = catalogue.asset(session, target_id)
        return Subject(battery.name, [battery], zone_of(session, battery.id))
    if kind == SITE:
        place = catalogue.location(session, target_id)
        wanted = catalogue.find_assets(AssetFilter(location_id=target_id))
        batteries = session.scalars(wanted).all()
        if not batteries:
            raise NotFound("There is no such location.")
        return Subject(place.name, batteries, ZoneInfo(place.time_zone))
    batteries = session.scalars(catalogue.find_assets(AssetFilter())).all()
    return Subject(session.tenant.name, batteries, home)


def document(session: Session, export: Export) -> Document:
    """Everything its file will say."""
    subject = subject_of(session, export.subject, export.target_id)
    if export.subject == LIST:
        return _list(session, export, subject)
    return _period(session, export, subject)


def columns(export: Export) -> list[Column]:
    """Of the table of readings: lowest, mean and highest, or every reading as it was."""
    pick, locale = _reader(export), export.locale
    found = [Column(say("time", locale), MOMENT)]
    if export.subject == SITE:
        found.append(Column(say("battery", locale), TEXT))
    parts = ("",) if export.whole else ("low", "mean", "high")
    for code in MEASURES:
        metric = METRICS[code]
        for part in parts:
            label = METRIC_NAMES[code][pick]
            label = f"{label}, {say(part, locale)}" if part else label
            found.append(Column(label, NUMBER, metric.unit, metric.digits))
    return found


def lines(session: Session, export: Export, battery: Battery, start: int, end: int) -> Iterator:
    """Rows of one battery, every metric of a moment in one."""
    found = history.series(session, battery.id, MEASURES, start, end, POINTS).metrics
    yield from joined(export, battery, found)


def joined(export: Export, battery: Battery, found: dict[str, list[history.Row]]) -> Iterator:
    """The rows of `series` under `columns`; a moment of which nothing is known has none."""
    at: dict[int, dict[str, history.Row]] = {}
    for code, rows in found.items():
        for row in rows:
            if row[2] is not None:
                at.setdefault(int(row[0]), {})[code] = row
    names = [battery.name] if export.subject == SITE else []
    part = slice(2, 3) if export.whole else slice(1, 4)
    none = [None] * 4
    for ts in sorted(at):
        yield [ts, *names, *(each for code in MEASURES for each in at[ts].get(code, none)[part])]


def _list(session: Session, export: Export, subject: Subject) -> Document:
    """The batteries as they are now."""
    pick, locale, now = _reader(export), export.locale, now_ms()
    entries = {each["id"]: each for each in live.snapshot(session, arrays=False)}
    heads = [
        *(Column(say(word, locale)) for word in ("battery", "serial", "type", "place", "status")),
        Column(say("seen", locale), MOMENT),
    ]
    for code in NOW:
        metric = METRICS[code]
        heads.append(Column(METRIC_NAMES[code][pick], NUMBER, metric.unit, min(metric.digits, 2)))
    rows = []
    for battery in subject.batteries:
        entry = entries[battery.id]
        age = None if entry["ts"] is None else max(now - entry["ts"], 0)
        standing = status(connection_state(age, entry["interval_ms"]), entry["severity"])
        kind, place = battery.type, battery.location
        rows.append(
            [
                battery.name,
                battery.serial or battery.uid,
                kind.name if kind else None,
                place.name if place else None,
                STATUSES[standing][pick],
                entry["ts"],
                *(entry["values"].get(code) for code in NOW),
            ]
        )
    short = (0, 3, 4, *range(6, 6 + len(NOW)))
    summary = Table(
        say("batteries", locale),
        [heads[at] for at in short],
        [[r[at] for at in short] for r in rows],
    )
    return Document(
        title=say("list", locale),
        owner=session.tenant.name,
        locale=locale,
        zone=subject.zone,
        made_at=now,
        facts=[(say("batteries", locale), str(len(rows)))],
        summary=summary if export.format == "pdf" else None,
        table=Table(say("batteries", locale), heads, rows),
    )


def _period(session: Session, export: Export, subject: Subject) -> Document:
    """What batteries did between two moments."""
    locale, start, end = export.locale, export.start, export.end
    first, last = date_at(start, subject.zone), date_at(end - 1, subject.zone)
    days = {b.id: daily.days(session, b.id, first, last) for b in subject.batteries}
    rows = (
        row for battery in subject.batteries for row in lines(session, export, battery, start, end)
    )
    return Document(
        title=subject.name,
        owner=session.tenant.name,
        locale=locale,
        zone=subject.zone,
        made_at=now_ms(),
        start=start,
        end=end,
        facts=_facts(session, export, subject, days),
        curves=list(_curves(session, export, subject)) if export.format == "pdf" else (),
        summary=_summary(export, subject, days),
        table=Table(say("readings", locale), columns(export), rows),
    )


def _facts(
    session: Session, export: Export, subject: Subject, days: dict[int, Sequence[BatteryDay]]
) -> list[tuple[str, str]]:
    locale, every = export.locale, [day for each in days.values() for day in each]
    alerts = session.scalar(
        select(func.count(Alert.id)).where(
            Alert.asset_id.in_([battery.id for battery in subject.batteries]),
            Alert.fired_at >= export.start,
            Alert.fired_at < export.end,
        )
    )
    length = (export.end - export.start) * len(subject.batteries)
    share = 100 * sum(day.covered_ms for day in every) / length
    facts = [
        ("availability", spoken(min(share, 100), 1, locale, "%") if every else None),
        ("energy_out", _kwh(every, "energy_out_wh", locale)),
        ("energy_in", _kwh(every, "energy_in_wh", locale)),
        ("alerts", str(alerts or 0)),
    ]
    return [(say(word, locale), text or say("unknown", locale)) for word, text in facts]


def _kwh(days: Sequence[BatteryDay], name: str, locale: str) -> str | None:
    known = [value for day in days if (value := getattr(day, name)) is not None]
    return spoken(sum(known) / 1000, 1, locale, "kWh") if known else None


def _summary(export: Export, subject: Subject, days: dict[int, Sequence[BatteryDay]]) -> Table:
    """Of one battery, day by day; of a site, battery by battery."""
    locale, site = export.locale, export.subject == SITE
    units = {"energy_in": "kWh", "energy_out": "kWh", "availability": "%", "soc_low": "%"}
    digits = {"cycles": 2, "soc_low": 0}
    heads = [Column(say("battery" if site else "day", locale))]
    for word in DAY_COLUMNS:
        unit = units.get(word, "°C" if word == "temperature_high" else "")
        heads.append(Column(say(word, locale), NUMBER, unit, digits.get(word, 1)))
    if site:
        rows = [[battery.name, *_sums(days[battery.id])] for battery in subject.batteries]
    else:
        rows = [[day.day, *_sums([day])] for each in days.values() for day in each]
    return Table(say("by_battery" if site else "by_day", locale), heads, rows)


def _sums(days: Sequence[BatteryDay]) -> list[float | None]:
    """One row of `DAY_COLUMNS`; what no day knows is None."""

    def added(name: str, divisor: float = 1) -> float | None:
        known = [value for day in days if (value := getattr(day, name)) is not None]
        return sum(known) / divisor if known else None

    def ends(code: str, end: str) -> list[float]:
        return [day.metrics[code][end] for day in days if end in day.metrics.get(code, {})]

    length = sum(day.end - day.start for day in days)
    return [
        added("energy_in_wh", 1000),
        added("energy_out_wh", 1000),
        added("cycles"),
        100 * sum(day.covered_ms for day in days) / length if length else None,
        min(ends("soc", "low"), default=None),
        max(ends("temperature_max", "high"), default=None),
    ]


def _curves(session: Session, export: Export, subject: Subject) -> Iterator[Curve]:
    codes = DRAWN if export.subject == BATTERY else DRAWN[:1]
    for battery in subject.batteries[:CURVES_OF_A_SITE]:
        found = history.series(session, battery.id, codes, export.start, export.end, 300).metrics
        for code in codes:
            if export.subject == BATTERY and not any(row[2] is not None for row in found[code]):
                continue
            name = METRIC_NAMES[code][_reader(export)]
            title = name if export.subject == BATTERY else f"{battery.name} · {name}"
            metric = METRICS[code]
            yield Curve(title, metric.unit, min(metric.digits, 3), found[code])


def _reader(export: Export) -> int:
    return 0 if export.locale.startswith("fr") else 1
