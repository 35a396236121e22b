"""The night's work for one battery: look at the days that are over, conclude from all of them.

Each day is looked at in a transaction of its own, so that a run may be cut off between any two. A
day is looked at again when more of it has arrived, or when a method has changed and its readings
are still there.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.clients.models import Battery
from app.database.base import now_ms
from app.plugins import load_plugins
from app.processor.models import BatteryDay, RollupState
from app.processor.series import chunks_of
from app.processor.warranty import chain

from .base import Analytic, Finding, Observed, Pack, Quantity, Refused
from .day import Day, day_of
from .models import AnalyticDay, AnalyticResult

QUALITY = "quality"
"""The computation whose score decides whether the others look at a day."""
REMEMBERED_DAYS = 800
"""Evidence older than this is no longer concluded from."""


def analytics() -> Mapping[str, Analytic]:
    """Every computation, by code."""
    return load_plugins(__package__, "ANALYTIC")


def methods() -> int:
    """Changes whenever a computation is added or its method altered."""
    return sum(int.from_bytes(code.encode()[:4]) * a.version for code, a in analytics().items())


def waiting(session: Session, limit: int = 100) -> list[tuple[int, int]]:
    """Battery and beginning (ms) of days to be looked at, oldest first."""
    return [(asset_id, start) for asset_id, start in session.execute(_waiting().limit(limit))]


def _waiting() -> Select:
    same_day = (AnalyticDay.asset_id == BatteryDay.asset_id) & (
        AnalyticDay.start == BatteryDay.start
    )
    known = (
        AnalyticDay.start.is_not(None)
        & (AnalyticDay.covered_ms == BatteryDay.covered_ms)
        & (AnalyticDay.methods == methods())
    )
    return (
        select(BatteryDay.asset_id, BatteryDay.start)
        .join(Battery, Battery.id == BatteryDay.asset_id)
        .join(RollupState, RollupState.asset_id == BatteryDay.asset_id)
        .outerjoin(AnalyticDay, same_day)
        .where(BatteryDay.through >= BatteryDay.end, BatteryDay.start >= RollupState.raw_from)
        .where(Battery.status == "active", ~known)
        .order_by(BatteryDay.start, BatteryDay.asset_id)
    )


def look_at(session: Session, asset_id: int, start: int) -> None:
    """Keep the evidence of one day of one battery."""
    record = session.scalars(
        select(BatteryDay).where(BatteryDay.asset_id == asset_id, BatteryDay.start == start)
    ).one()
    pack = pack_of(session, asset_id)
    day = day_of(chunks_of(session, asset_id, record.start, record.end), record.start, record.end)
    quality, evidence = observe(pack, day)
    session.merge(
        AnalyticDay(
            asset_id=asset_id,
            start=record.start,
            end=record.end,
            covered_ms=record.covered_ms,
            methods=methods(),
            samples=len(day),
            quality=quality,
            evidence=evidence,
        )
    )
    session.flush()


def observe(pack: Pack, day: Day) -> tuple[float, dict[str, Any]]:
    """The day's quality (0 to 100) and what it says to each computation."""
    known = analytics()
    evidence: dict[str, Any] = {}
    quality = 100.0 if len(day) else 0.0
    if QUALITY in known and len(day):
        found = known[QUALITY].observe(pack, day) or {}
        evidence[QUALITY] = [known[QUALITY].version, found]
        quality = float(found.get("score", quality))
    for code, analytic in known.items():
        if code == QUALITY or quality < analytic.quality or not _measured(analytic, day):
            continue
        if found := analytic.observe(pack, day):
            evidence[code] = [analytic.version, found]
    return quality, evidence


def _measured(analytic: Analytic, day: Day) -> bool:
    return len(day) > 0 and all(code in day for code in analytic.needs)


def conclude(session: Session, asset_id: int, now: int | None = None) -> None:
    """Conclude from all days of a battery, and keep what is new."""
    rows = session.scalars(
        select(AnalyticDay)
        .where(AnalyticDay.asset_id == asset_id)
        .order_by(AnalyticDay.start.desc())
        .limit(REMEMBERED_DAYS)
    ).all()[::-1]
    if not rows:
        return
    pack, now = pack_of(session, asset_id), now or now_ms()
    for analytic in analytics().values():
        days = observed(rows, analytic)
        _keep(session, asset_id, analytic, days, _answer(pack, analytic, days, rows), now)
    chain.seal(session, asset_id, rows, now)


def observed(rows: Sequence[AnalyticDay], analytic: Analytic) -> list[Observed]:
    """The days that say something to a computation, in its present version."""
    return [
        Observed(row.start, row.end, found[1], row.samples, row.quality)
        for row in rows
        if (found := row.evidence.get(analytic.code)) and found[0] == analytic.version
    ]


def _answer(
    pack: Pack, analytic: Analytic, days: list[Observed], rows: Sequence[AnalyticDay]
) -> Finding | Refused:
    if days:
        return analytic.conclude(pack, days)
    if not rows:
        return Refused("no_data")
    if rows[-1].quality < analytic.quality:
        score, needed = Quantity(rows[-1].quality, "", 0), Quantity(analytic.quality, "", 0)
        return Refused("poor_data", {"score": score, "needed": needed})
    return Refused("not_measured", {"missing": ", ".join(sorted(analytic.needs))})


def _keep(
    session: Session,
    asset_id: int,
    analytic: Analytic,
    days: list[Observed],
    answer: Finding | Refused,
    now: int,
) -> None:
    result = to_json(answer)
    latest = session.scalars(
        select(AnalyticResult)
        .where(AnalyticResult.asset_id == asset_id, AnalyticResult.code == analytic.code)
        .order_by(AnalyticResult.since.desc())
        .limit(1)
    ).first()
    if latest is None or (latest.result, latest.version) != (result, analytic.version):
        since = now if latest is None else max(now, latest.since + 1)
        latest = AnalyticResult(asset_id=asset_id, code=analytic.code, since=since)
        latest.result, latest.version = result, analytic.version
        session.add(latest)
    latest.until = max(now, latest.since)
    latest.first = days[0].start if days else now
    latest.samples = sum(day.samples for day in days)
    latest.quality = round(sum(day.quality for day in days) / len(days), 1) if days else 0.0
    latest.level = answer.level if isinstance(answer, Finding) else ""
    session.flush()


def to_json(answer: Finding | Refused) -> dict[str, Any]:
    """What is kept of an answer: `[value, unit, digits, low, high]` for a quantity."""
    return {
        "text": answer.text,
        "values": {name: _plain(value) for name, value in answer.values.items()},
        "rows": [
            {name: _plain(value) for name, value in row.items()}
            for row in (answer.rows if isinstance(answer, Finding) else ())
        ],
    }


def _plain(value: Any) -> Any:
    if not isinstance(value, Quantity):
        return value
    numbers = (value.value, value.low, value.high)
    number, low, high = (None if n is None else round(float(n), value.digits + 2) for n in numbers)
    return [number, value.unit, value.digits, low, high]


def latest(session: Session, asset_id: int) -> Sequence[AnalyticResult]:
    """The newest answer of each computation for one battery."""
    newest = (
        select(AnalyticResult.code, func.max(AnalyticResult.since).label("since"))
        .where(AnalyticResult.asset_id == asset_id, AnalyticResult.code.in_(analytics()))
        .group_by(AnalyticResult.code)
        .subquery()
    )
    same = (AnalyticResult.code == newest.c.code) & (AnalyticResult.since == newest.c.since)
    return session.scalars(
        select(AnalyticResult)
        .join(newest, same)
        .where(AnalyticResult.asset_id == asset_id)
        .order_by(AnalyticResult.code)
    ).all()


def pack_of(session: Session, asset_id: int) -> Pack:
    """What the catalogue says of a battery; a battery's own values go before its type's."""
    battery = session.scalars(select(Battery).where(Battery.id == asset_id)).one()
    kind, place, told = battery.type, battery.location, battery.attributes
    return Pack(
        chemistry=kind.chemistry if kind else "LFP",
        cells=battery.cells or (kind.cells if kind else None),
        capacity_ah=battery.capacity_ah or (kind.capacity_ah if kind else None),
        application=str(told.get("application", "")),
        time_zone=place.time_zone if place else "America/Toronto",
        terms=dict(told.get("terms", {})),
    )
