"""From what happened to rows: alerts opened and ended, their timelines, what is to be told.

A handful of statements however many alerts: a storm of ten thousand is inserts, not a queue of
round trips.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from app.processor.retention import protect
from app.processor.rules.base import CRITICAL, SEVERITIES, URGENT, Finding, Rule
from app.processor.rules.sample import Sample

from . import outbox
from .machine import (
    FIRED,
    FIRING,
    FOUND,
    LOST,
    RECOVERING,
    RESOLVED,
    RETURNED,
    WITHDRAWN,
    WORSE,
    Track,
)
from .models import Alert, AlertEvent

UNSTABLE = "unstable"
FLAPPING = 3
"""More transitions than this within a day are one unstable alert, and one message."""
DAY_MS = 86_400_000
CONTEXT = ("soc", "current", "temperature_max")
"""What the text says besides the value itself."""
AROUND_MS = 3_600_000
OVERSHADOWED = "graver"
KEPT_FOR = "critical alerts"
GRAVE = (CRITICAL, URGENT)
ENDS = (RESOLVED, WITHDRAWN)
TOLD = (FIRED, RESOLVED, UNSTABLE)
"""Events of which somebody may be told. The others are in the timeline."""

Settled = list[tuple["Happening", Track | None]]


@dataclass(frozen=True, slots=True)
class Happening:
    """One rule and subject of one battery that moved at one sample. `rule` None: it is no more."""

    asset_id: int
    key: str
    rule: Rule | None
    finding: Finding
    sample: Sample
    before: Track | None
    after: Track | None
    event: str | None

    @property
    def ts(self) -> int:
        return self.sample.reading.ts


def raise_all(session: Session, happened: Sequence[Happening], now: int) -> Settled:
    """Store all of it; returns each with the track to be kept, which names its alert."""
    opened = _opened(session, [each for each in happened if each.event == FIRED])
    known = _known(session, happened)
    settled: Settled = []
    events: list[dict[str, Any]] = []
    telling: list[tuple[Alert, str]] = []
    for each in happened:
        track = each.after
        if each.event == FIRED:
            alert = opened[each.asset_id, each.key]
            track = replace(each.after, alert=alert.id, unstable=alert.unstable)
        else:
            alert = known.get(each.before.alert) if each.before else None
        if alert is not None:
            event = each.event
            if event != FIRED:
                event = _moved(alert, each)
                track = replace(track, unstable=alert.unstable) if track else None
            if event not in (None, WORSE):
                events.append(_event(alert.id, each.ts, event, each.finding))
            if event in TOLD:
                telling.append((alert, UNSTABLE if alert.unstable and event == FIRED else event))
        settled.append((each, track))
    session.flush()
    if events:
        session.execute(insert(AlertEvent), events)
    outbox.queue(session, telling, now)
    _keep_history(session, telling)
    return settled


def _keep_history(session: Session, telling: Sequence[tuple[Alert, str]]) -> None:
    """What surrounds a grave alert stays at full resolution: one stretch a battery, however many
    alerts there are in it."""
    stretches: dict[int, tuple[int, int]] = {}
    for alert, _ in telling:
        if alert.severity in GRAVE and alert.asset_id is not None:
            start, end = alert.began_at, alert.resolved_at or alert.fired_at
            known = stretches.get(alert.asset_id, (start, end))
            stretches[alert.asset_id] = min(start, known[0]), max(end, known[1])
    for asset_id, (start, end) in sorted(stretches.items()):
        protect(session, asset_id, start - AROUND_MS, end + AROUND_MS, KEPT_FOR)


def worst_of(severities: Iterable[str]) -> str:
    """The gravest of these; empty without any."""
    return max(severities, key=SEVERITIES.index, default="")


def open_key(asset_id: int | None, key: str) -> str:
    """What no two open alerts may share."""
    return f"{asset_id or ''}|{key}"


def _opened(session: Session, fired: Sequence[Happening]) -> Mapping[tuple[int, str], Alert]:
    """A row for each alert that fired. One that is open already, which only a restored database
    can have, is taken up."""
    if not fired:
        return {}
    keys = [open_key(each.asset_id, each.key) for each in fired]
    already = {
        alert.open_key: alert
        for alert in session.scalars(select(Alert).where(Alert.open_key.in_(keys)))
    }
    lately = _lately(session, fired)
    rows = {}
    for each, key in zip(fired, keys, strict=True):
        moves, unstable = lately.get((each.asset_id, *_names(each.key)), (0, False))
        row = already.get(key) or _row(each, key, moves + 1 > FLAPPING)
        if row.unstable and unstable:
            row.facts = row.facts | {"again": True}
        rows[each.asset_id, each.key] = row
    session.add_all(rows.values())
    session.flush()
    _overshadow(session, rows.values())
    return rows


def _overshadow(session: Session, rows: Collection[Alert]) -> None:
    """Tell nobody of an alert where a graver one of the same measurement is open: it says more."""
    new = [row for row in rows if "metric" in row.facts]
    if not new:
        return
    ranks: dict[tuple, int] = {}
    statement = select(Alert).where(
        Alert.asset_id.in_({row.asset_id for row in new}), Alert.open_key.is_not(None)
    )
    for row in session.scalars(statement):
        rank = SEVERITIES.index(row.severity)
        ranks[_measurement(row)] = max(rank, ranks.get(_measurement(row), 0))
    for row in new:
        if SEVERITIES.index(row.severity) < ranks[_measurement(row)]:
            row.facts = row.facts | {"muted": OVERSHADOWED}


def _measurement(row: Alert) -> tuple:
    return row.asset_id, row.facts.get("metric"), row.facts.get("side"), row.subject


def _lately(
    session: Session, fired: Sequence[Happening]
) -> dict[tuple[int, str, str], tuple[int, bool]]:
    """How often the same subjects changed between well and ill within a day, and whether
    somebody was told that they are unstable."""
    since = min(each.ts for each in fired) - DAY_MS
    statement = (
        select(
            Alert.asset_id,
            Alert.rule,
            Alert.subject,
            func.sum(Alert.transitions),
            func.max(Alert.unstable),
        )
        .where(
            Alert.asset_id.in_({each.asset_id for each in fired}),
            Alert.rule.in_({_names(each.key)[0] for each in fired}),
            Alert.fired_at > since,
        )
        .group_by(Alert.asset_id, Alert.rule, Alert.subject)
    )
    return {
        (asset_id, rule, subject): (int(moves), bool(unstable))
        for asset_id, rule, subject, moves, unstable in session.execute(statement)
    }


def _names(key: str) -> tuple[str, str]:
    code, _, subject = key.partition("|")
    return code, subject


def _row(each: Happening, key: str, unstable: bool) -> Alert:
    code, subject = _names(each.key)
    rule, finding, track = each.rule, each.finding, each.after
    return Alert(
        asset_id=each.asset_id,
        rule=code,
        kind=rule.kind,
        subject=subject,
        cell=finding.cell,
        severity=track.severity or rule.severity,
        open_key=key,
        value=finding.value,
        limit=finding.limit,
        worst=finding.value,
        facts=facts_of(rule, each.sample, each.ts - track.since),
        began_at=track.since,
        fired_at=each.ts,
        unstable=unstable,
    )


def facts_of(rule: Rule, sample: Sample, held_ms: int) -> dict[str, Any]:
    """What the text needs of a moment that will be gone."""
    facts: dict[str, Any] = {"held_ms": held_ms}
    for name in ("metric", "array", "figure", "side"):
        if name in rule.params:
            facts[name] = rule.params[name]
    for code in CONTEXT:
        value = sample.value(code)
        if value is not None:
            facts[code] = round(value, 2)
    if not rule.cause[0]:
        facts |= {"title": rule.title[0], "advice": rule.advice[0]}
    return facts


def _known(session: Session, happened: Sequence[Happening]) -> dict[int, Alert]:
    ids = {each.before.alert for each in happened if each.before and each.before.alert}
    if not ids:
        return {}
    found = session.scalars(select(Alert).where(Alert.id.in_(ids), Alert.open_key.is_not(None)))
    return {alert.id: alert for alert in found}


def _moved(alert: Alert, each: Happening) -> str | None:
    """Change an open alert by what happened to it; the event for its timeline."""
    event, track = each.event, each.after
    if event in ENDS:
        alert.state, alert.open_key, alert.resolved_at = "resolved", None, each.ts
        alert.unknown_since = None
        alert.transitions += 1
        return event
    alert.unknown_since = each.ts if event == LOST else alert.unknown_since
    if event == FOUND:
        alert.unknown_since = None
    alert.severity = worst_of((alert.severity, track.severity or alert.severity))
    if track.worst is not None:
        alert.worst = track.worst
    moved = each.before.state != track.state
    alert.state = _shown_state(alert, track)
    if event == RETURNED:
        alert.transitions += 1
        if alert.transitions > FLAPPING and not alert.unstable:
            alert.unstable = True
            return UNSTABLE
    return event or (RECOVERING if moved and track.state == RECOVERING else None)


def _shown_state(alert: Alert, track: Track) -> str:
    if track.state == RECOVERING:
        return RECOVERING
    return "acknowledged" if alert.acknowledged_at else FIRING


def _event(alert_id: int, ts: int, event: str, finding: Finding) -> dict[str, Any]:
    value = {} if finding.value is None else {"value": finding.value}
    return {"alert_id": alert_id, "at": ts, "event": event, "author": "", "detail": value}
