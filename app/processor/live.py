"""The live table: the newest reading of each asset, and the snapshot that pages show.

A reading counts when it is newer than the one stored, whatever order pushes arrive in.
"""

from collections.abc import Collection, Mapping
from typing import Any

import orjson
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from app.clients.models import Asset
from app.database.prepared import upsert
from collector.wire.alarms import SEVERITIES, Alarm
from collector.wire.reading import Reading, derive

from .alerts.models import AlertState
from .models import LiveReading
from .state import STALE_AT_MOST_MS, live_for

DEFAULT_INTERVAL_MS = 5_000
CLOCK_TOLERANCE_MS = 15 * 60 * 1000
"""A stored reading further in the future than this was dated by a broken clock: any is newer."""

_APPLY = upsert(
    LiveReading,
    ("asset_id",),
    ("ts", "received_at", "interval_ms", "collector_id", "severity", "reading"),
)


def apply(
    session: Session, asset_id: int, reading: Reading, received_at: int, collector_id: int
) -> bool:
    """Make this the asset's live reading if it is newer; says whether it was."""
    statement = select(LiveReading.ts, LiveReading.interval_ms)
    found = session.execute(statement.where(LiveReading.asset_id == asset_id)).one_or_none()
    known = {} if found is None else {asset_id: tuple(found)}
    return bool(apply_all(session, {asset_id: reading}, known, received_at, collector_id))


def apply_all(
    session: Session,
    readings: Mapping[int, Reading],
    known: Mapping[int, tuple[int, int]],
    received_at: int,
    collector_id: int,
) -> set[int]:
    """Apply one tidy reading per asset id, in one statement; returns the ids that changed.

    `known`: time and interval of what the table holds of them, read while the revision is held.
    """
    rows = []
    for asset_id, reading in readings.items():
        interval = DEFAULT_INTERVAL_MS
        if asset_id in known:
            ts, before = known[asset_id]
            if not _newer(reading.ts, ts, received_at):
                continue
            interval = _interval(before, reading.ts - ts)
        rows.append(_row(asset_id, reading, interval, received_at, collector_id))
    _APPLY.each(session, rows)
    return {row["asset_id"] for row in rows}


def snapshot(
    session: Session, asset_ids: Collection[int] | None = None, *, arrays: bool = True
) -> list[dict[str, Any]]:
    """Live state of every asset of the session's scope that is not retired, in one statement.

    One dict per asset: `id`, `uid`, `status` (pending or active), `ts`, `received_at`,
    `interval_ms`, `live_ms` (age up to which it is live), `severity` (the worse of what its BMS
    says and of its open alerts), `alerts` (how many are open, and the worst), `values`, `arrays`,
    `states`, `alarms`. An asset never heard of has `ts` None and nothing else to say.
    Without `arrays` the per-cell values stay out: a fleet page has no room for them.
    """
    statement = (
        select(
            Asset.id,
            Asset.uid,
            Asset.status,
            LiveReading.ts,
            LiveReading.received_at,
            LiveReading.interval_ms,
            LiveReading.severity,
            LiveReading.reading,
            AlertState.open,
            AlertState.severity,
        )
        .outerjoin(LiveReading, LiveReading.asset_id == Asset.id)
        .outerjoin(AlertState, AlertState.asset_id == Asset.id)
        .where(Asset.status != "retired")
        .order_by(Asset.id)
    )
    if asset_ids is not None:
        statement = statement.where(Asset.id.in_(asset_ids))
    return [_entry(row, arrays) for row in session.execute(statement)]


def worst(alarms: Collection[Alarm]) -> str:
    """The highest severity among these alarms; empty without any."""
    return max((alarm.severity for alarm in alarms), key=SEVERITIES.index, default="")


def _row(
    asset_id: int, reading: Reading, interval: int, received_at: int, collector_id: int
) -> dict[str, Any]:
    return {
        "asset_id": asset_id,
        "ts": reading.ts,
        "received_at": received_at,
        "interval_ms": interval,
        "collector_id": collector_id,
        "severity": worst(reading.alarms),
        "reading": orjson.dumps(derive(reading).to_json()).decode(),
    }


def _newer(ts: int, stored: int, now: int) -> bool:
    return ts > stored or (stored > now + CLOCK_TOLERANCE_MS and ts != stored)


def _interval(before: int, step: int) -> int:
    """A quarter of the news: quick to follow another cadence, slow to believe one late reading.

    Silence and steps back in time say nothing about the cadence.
    """
    return (3 * before + step) // 4 if 0 < step <= STALE_AT_MOST_MS else before


def _entry(row: Row, arrays: bool) -> dict[str, Any]:
    asset_id, uid, asset_status, ts, received_at, interval, severity, reading, *alerts = row
    interval = DEFAULT_INTERVAL_MS if interval is None else interval
    reading = reading or {}
    return {
        "id": asset_id,
        "uid": uid,
        "status": asset_status,
        "ts": ts,
        "received_at": received_at,
        "interval_ms": interval,
        "live_ms": live_for(interval),
        "severity": _graver(severity or "", alerts[1] or ""),
        "alerts": {"open": alerts[0] or 0, "severity": alerts[1] or ""},
        "values": reading.get("values", {}),
        "arrays": reading.get("arrays", {}) if arrays else {},
        "states": reading.get("states", {}),
        "alarms": reading.get("alarms", []),
    }


def _graver(alarm: str, alert: str) -> str:
    """The worse of an alarm and an alert, in the words of alarms: urgent is critical there."""
    known = ("", *SEVERITIES)
    return max(alarm, "critical" if alert == "urgent" else alert, key=known.index)
