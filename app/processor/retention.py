"""Retention: how long each kind of history is kept, and letting go of it in small steps.

Readings cost most and are kept for the shortest time; roll-ups answer for what is older. What is
kept is decided by the installation (`Settings`), by each client (`clients_config`), and there for
single battery types. Two things are never let go: a day that has not been compiled, and what lies
in a kept range, such as the hours around a critical alert.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.clients.models import Asset, BatteryType, ClientConfig
from app.errors import Invalid, sentence
from app.settings import Settings

from .days import DAY_MS, parse_days, write_days
from .models import (
    DAMAGED,
    HOT,
    BatteryDay,
    HistoryChunk,
    KeptRange,
    Rollup,
    RollupBacklog,
    RollupState,
)

KEY = "retention"
AROUND_MS = 2 * 3_600_000
"""How much before and after a critical alert is kept."""
PIECE = 50
"""Most rows let go in one transaction."""
MINUTES, QUARTERS, HOURS, DAYS = 60, 900, 3600, 86_400
"""The tiers of `tiers`, which needs NumPy."""


@dataclass(frozen=True, slots=True)
class Kept:
    """For how many days each kind of history is kept; None: for ever."""

    readings: int | None
    minutes: int | None
    quarters: int | None
    hours: int | None
    days: int | None


CLASSES = tuple(entry.name for entry in fields(Kept))
"""From the finest to the coarsest."""


def installation(settings: Settings) -> Kept:
    """What the installation keeps where a client says nothing."""
    return Kept(
        settings.keep_readings_days or None,
        settings.keep_minutes_days or None,
        settings.keep_quarters_days or None,
        settings.keep_hours_days or None,
        settings.keep_records_days or None,
    )


def stated(session: Session) -> dict[str, Any]:
    """What this client has decided: `{"all": {class: days}, "types": {type id: {class: days}}}`."""
    row = session.get(ClientConfig, KEY)
    return {"all": {}, "types": {}} if row is None else row.value


def state(session: Session, settings: Settings, wanted: Mapping[str, Any]) -> None:
    """Replace what this client has decided. Raises Invalid when it cannot be meant."""
    known = {str(number) for number in session.scalars(select(BatteryType.id))}
    if unknown := wanted["types"].keys() - known:
        raise Invalid("There is no such battery type.", fields={f"types.{min(unknown)}": UNKNOWN})
    for number in (None, *wanted["types"]):
        _check(_applied(installation(settings), wanted, number), number)
    row = session.get(ClientConfig, KEY)
    if row is None:
        session.add(ClientConfig(key=KEY, value=dict(wanted)))
    else:
        row.value = dict(wanted)
    session.flush()


UNKNOWN = sentence("There is no such battery type.")
TOO_SHORT = sentence("What is coarser is kept at least as long as what is finer.")


def _check(kept: Kept, number: str | None) -> None:
    before = 0.0
    for name in CLASSES:
        days = getattr(kept, name)
        longer = float("inf") if days is None else days
        if longer < before:
            field = name if number is None else f"types.{number}.{name}"
            raise Invalid("Some fields need attention.", fields={field: TOO_SHORT})
        before = longer


def kept_of(session: Session, settings: Settings, type_id: int | None) -> Kept:
    """What is kept of batteries of a type."""
    number = None if type_id is None else str(type_id)
    return _applied(installation(settings), stated(session), number)


def _applied(kept: Kept, wanted: Mapping[str, Any], number: str | None) -> Kept:
    own = wanted["types"].get(number, {}) if number else {}
    return Kept(*({**_days(kept), **wanted["all"], **own}[name] for name in CLASSES))


def _days(kept: Kept) -> dict[str, int | None]:
    return {name: getattr(kept, name) for name in CLASSES}


def protect(session: Session, asset_id: int, start: int, end: int, reason: str) -> None:
    """Keep a stretch of an asset's history (ms, both included) whatever its age.

    `reason` is for people: “alert 812: cell overvoltage”. A stretch that is kept already for this
    reason grows.
    """
    row = session.scalar(
        select(KeptRange).where(
            KeptRange.asset_id == asset_id,
            KeptRange.reason == reason[:120],
            KeptRange.start <= end,
            KeptRange.end >= start,
        )
    )
    if row is None:
        session.add(KeptRange(asset_id=asset_id, start=start, end=end, reason=reason[:120]))
    else:
        row.start, row.end = min(row.start, start), max(row.end, end)
    session.flush()


def assets(session: Session) -> Sequence[tuple[int, int | None]]:
    """Every asset of which there is a history to let go, with its type."""
    found = select(Asset.id, Asset.type_id).join(RollupState, RollupState.asset_id == Asset.id)
    return [(asset_id, type_id) for asset_id, type_id in session.execute(found.order_by(Asset.id))]


def let_go(session: Session, asset_id: int, kept: Kept, now: int) -> int:
    """Let go of at most `PIECE` rows of what is older than it is kept; how many those were.

    Commit after each call and call again until the answer is 0. What charts may still ask for is
    written down in the same transaction.
    """
    known = session.get(RollupState, asset_id, with_for_update=True)
    if known is None:
        return 0
    steps = (
        (_readings, kept.readings),
        (_tier(MINUTES), kept.minutes),
        (_tier(QUARTERS), kept.quarters),
        (_tier(HOURS), kept.hours),
        (_tier(DAYS), kept.days),
        (_records, kept.days),
    )
    for step, days in steps:
        if days is not None:
            horizon = now // DAY_MS * DAY_MS - days * DAY_MS
            if removed := step(session, known, horizon):
                return removed
    return 0


def _readings(session: Session, known: RollupState, horizon: int) -> int:
    mine = HistoryChunk.asset_id == known.asset_id
    known.raw_from = max(known.raw_from, min(horizon, _first_waiting(session, known)))
    compiled, waiting = parse_days(known.days), _waiting(session, known)
    old = (
        select(HistoryChunk.start, HistoryChunk.end, HistoryChunk.kind)
        .where(mine, HistoryChunk.end < known.raw_from, HistoryChunk.kind != HOT)
        .where(~_overlapped(HistoryChunk))
        .order_by(HistoryChunk.start)
    )
    removed = 0
    for start, end, kind in session.execute(old).all():
        if removed >= PIECE:
            break
        days = set(range(start // DAY_MS, end // DAY_MS + 1))
        if kind == DAMAGED or (days <= compiled and days.isdisjoint(waiting)):
            row = (mine, HistoryChunk.start == start, HistoryChunk.kind == kind)
            removed += session.execute(delete(HistoryChunk).where(*row)).rowcount
    return removed


def _first_waiting(session: Session, known: RollupState) -> int:
    """The first day (ms) not let go yet whose readings are still needed."""
    marked = select(func.min(RollupBacklog.start)).where(
        RollupBacklog.asset_id == known.asset_id, RollupBacklog.start >= known.raw_from
    )
    hot = select(func.min(HistoryChunk.start)).where(
        HistoryChunk.asset_id == known.asset_id,
        HistoryChunk.kind == HOT,
        HistoryChunk.start >= known.raw_from,
    )
    found = (session.scalar(marked), session.scalar(hot), known.compiled_to)
    return min(ts for ts in found if ts is not None) // DAY_MS * DAY_MS


def _waiting(session: Session, known: RollupState) -> set[int]:
    marked = select(RollupBacklog.start).where(RollupBacklog.asset_id == known.asset_id)
    return {start // DAY_MS for start in session.scalars(marked)}


def _tier(seconds: int):
    def step(session: Session, known: RollupState, horizon: int) -> int:
        mine = (Rollup.asset_id == known.asset_id, Rollup.tier == seconds)
        old = (
            select(Rollup.start, Rollup.end)
            .where(*mine, Rollup.end <= horizon, ~_overlapped(Rollup))
            .order_by(Rollup.start)
            .limit(PIECE)
        )
        rows = session.execute(old).all()
        for start, end in rows:
            session.execute(delete(Rollup).where(*mine, Rollup.start == start))
            _forget(known, seconds, start, end)
        return len(rows)

    return step


def _forget(known: RollupState, seconds: int, start: int, end: int) -> None:
    if seconds == HOURS:
        known.hours_from = max(known.hours_from, end)
        return
    name = {MINUTES: "minutes", QUARTERS: "quarters", DAYS: "days"}[seconds]
    days = parse_days(getattr(known, name)) - set(range(start // DAY_MS, end // DAY_MS))
    setattr(known, name, write_days(days))


def _records(session: Session, known: RollupState, horizon: int) -> int:
    old = select(BatteryDay.day).where(
        BatteryDay.asset_id == known.asset_id, BatteryDay.end <= horizon
    )
    found = session.scalars(old.limit(PIECE)).all()
    mine = (BatteryDay.asset_id == known.asset_id, BatteryDay.day.in_(found))
    return session.execute(delete(BatteryDay).where(*mine)).rowcount if found else 0


def _overlapped(model: type[HistoryChunk] | type[Rollup]):
    """Whether a row reaches into a kept range."""
    return (
        select(KeptRange.id)
        .where(
            KeptRange.asset_id == model.asset_id,
            KeptRange.start <= model.end,
            KeptRange.end >= model.start,
        )
        .exists()
    )
