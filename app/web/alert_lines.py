"""An alert as pages show it: in words, with the battery it is about and whoever dealt with it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clients.models import Asset, Location
from app.core.models import User
from app.processor import history
from app.processor.alerts.models import Alert, AlertEvent, Delivery, Notification
from app.processor.alerts.text import Told, tell
from app.processor.rules.base import SEVERITIES
from collector.wire.metrics import METRICS

from .labels import alarm_label
from .page import locale

AROUND_MS = 2 * 3_600_000
CHART_POINTS = 240
HEIGHT = 100.0


@dataclass(frozen=True, slots=True)
class Line:
    """One alert of a list. `name`: the battery, or the site or collector that is meant."""

    row: Alert
    told: Told
    name: str
    place: str
    acknowledged_by: str
    assigned: str

    @property
    def waits(self) -> bool:
        """Whether nobody has taken it on yet."""
        return self.row.open_key is not None and self.row.acknowledged_at is None


@dataclass(frozen=True, slots=True)
class Group:
    """Alerts of one cause: one rule, and as grave."""

    title: str
    severity: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """What the metric did around the alert, in a box of 100 × 100; `limit`: its height there."""

    code: str
    path: str
    limit: float | None
    fired: float
    low: float
    high: float
    start: int
    end: int


def lines(session: Session, people: Mapping[str, str], rows: Sequence[Alert]) -> list[Line]:
    """Alerts with their words. `people`: names by `user:7`."""
    assets = {row.asset_id for row in rows if row.asset_id}
    found = session.execute(
        select(Asset.id, Asset.name, Location.name)
        .outerjoin(Location, Location.id == Asset.location_id)
        .where(Asset.id.in_(assets))
    )
    names = {asset_id: (name, place or "") for asset_id, name, place in found}
    return [_line(session, row, names, people) for row in rows]


def _line(
    session: Session,
    row: Alert,
    names: Mapping[int, tuple[str, str]],
    people: Mapping[str, str],
) -> Line:
    name, place = names.get(row.asset_id or 0, ("", ""))
    if row.asset_id is None:
        from app.processor.delivery.message import place as place_of

        name = place_of(session, row)
    assigned = f"user:{row.assigned_to}" if row.assigned_to else ""
    return Line(
        row,
        tell(row, locale(), alarm_label),
        name,
        place,
        people.get(row.acknowledged_by, row.acknowledged_by),
        people.get(assigned, assigned),
    )


def names_of(users: Collection[User]) -> dict[str, str]:
    """What people are called, by the way timelines name them."""
    return {f"user:{user.id}": user.name for user in users}


def grouped(found: Sequence[Line]) -> list[Group]:
    """By cause: the gravest first, then what concerns most batteries."""
    by: dict[tuple[str, str], list[Line]] = {}
    for line in found:
        by.setdefault((line.row.severity, line.row.rule), []).append(line)
    groups = [Group(each[0].told.title, key[0], tuple(each)) for key, each in by.items()]
    return sorted(groups, key=lambda g: (-SEVERITIES.index(g.severity), -len(g.lines)))


def chart(session: Session, row: Alert, now: int) -> Chart | None:
    """The metric of the alert, two hours to each side; None where it has none, or no readings."""
    code = str(row.facts.get("metric") or "")
    if row.asset_id is None or code not in METRICS or METRICS[code].is_array:
        return None
    start, end = row.began_at - AROUND_MS, min(row.fired_at + AROUND_MS, now)
    found = history.series(session, row.asset_id, (code,), start, end, CHART_POINTS)
    points = [(each[0], each[2]) for each in found.metrics.get(code, ()) if each[2] is not None]
    if len(points) < 2:
        return None
    values = [value for _, value in points]
    if row.limit is not None:
        values.append(row.limit)
    low, high = min(values), max(values)
    margin = (high - low) * 0.06 or 1.0
    low, high = low - margin, high + margin

    def x(ts: int) -> float:
        return round(100 * (ts - start) / (end - start), 2)

    def y(value: float) -> float:
        return round(HEIGHT * (1 - (value - low) / (high - low)), 2)

    gap = max(4 * (found.step_ms or 0), (end - start) // 20)
    drawn, before = [], None
    for ts, value in points:
        turn = "M" if before is None or ts - before > gap else "L"
        drawn.append(f"{turn}{x(ts):g} {y(value):g}")
        before = ts
    limit = None if row.limit is None else y(row.limit)
    return Chart(code, "".join(drawn), limit, x(row.fired_at), low, high, start, end)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened, or was told."""

    at: int
    event: str
    who: str
    note: str
    ok: bool = True


def story(session: Session, row: Alert, people: Mapping[str, str]) -> list[Step]:
    """Everything that happened to an alert and everything that was told of it, in order of time."""
    events = session.scalars(select(AlertEvent).where(AlertEvent.alert_id == row.id))
    steps = [
        Step(each.at, each.event, people.get(each.author, each.author), _note(each, people))
        for each in events
    ]
    told = session.scalars(
        select(Delivery)
        .join(Notification, Notification.id == Delivery.notification_id)
        .where(Notification.alert_id == row.id)
        .order_by(Delivery.id.desc())
        .limit(200)
    )
    steps += [
        Step(each.at, f"told.{each.channel}", people.get(each.recipient, each.recipient),
             "" if each.ok else each.answer, each.ok)
        for each in told
    ]  # fmt: skip
    return sorted(steps, key=lambda step: step.at)


def _note(each: AlertEvent, people: Mapping[str, str]) -> str:
    if "user_id" in each.detail:
        who = f"user:{each.detail['user_id']}"
        return people.get(who, "—")
    return str(each.detail.get("note") or "")
