"""Live readings against the rules of their batteries, in the transaction that stores them.

`prepare` looks before the live table is written, `evaluate` judges after it. Only the newest
reading of each push is judged: it comes every few seconds, in order, and is recent. Blocks repeat
what was live or bring what is past, and the past never rings. A short excursion between two pushes
is the BMS's to catch, and its alarm stands in the next reading.

What an asset's rules are is compiled once a process and used for as long as nothing that they
depend on has changed; where they stand is one row an asset, written only when that has changed.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Row, Select, bindparam, select
from sqlalchemy.orm import Session

from app.clients.models import Battery, BatteryType, ClientConfig
from app.database.prepared import Prepared, upsert
from app.processor.models import LiveReading
from app.processor.rules.base import (
    ABOVE,
    BREACH,
    CLEAR,
    SEVERITIES,
    UNKNOWN,
    WHOLE,
    Finding,
    Judge,
    Rule,
)
from app.processor.rules.sample import Facts, Sample
from collector.wire.reading import Reading

from .effective import Place, kinds, resolve, stored_rules
from .machine import (
    GAP_MS,
    WITHDRAWN,
    WORSE,
    Timing,
    Track,
    loaded,
    silent,
    step,
    timing_of,
    worth_storing,
)
from .models import AlertState
from .raising import Happening, raise_all, worst_of

VERSION_KEY = "alerts.version"
"""Of `clients_config`: changes with every change of a rule."""
RECENT_MS = 10 * 60_000
"""An older reading is not live, whatever brought it."""
GAP_INTERVALS = 3
WORTH_TELLING = 0.005
MOST_CACHED = 5_000

READING, FIGURES, SILENCE = "reading", "figures", "silence"


@dataclass(frozen=True, slots=True)
class Judged:
    """A rule with what the engine needs at every reading."""

    rule: Rule
    judge: Judge
    silent: str
    timing: Timing


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The enabled rules of one battery, by what they judge. `key`: what they were made from."""

    key: tuple
    by_code: Mapping[str, Judged]
    by_source: Mapping[str, tuple[Judged, ...]]

    def of(self, source: str) -> tuple[Judged, ...]:
        return self.by_source.get(source, ())


@dataclass(slots=True)
class Standing:
    """What is known of one battery before its new reading is judged."""

    rules: RuleSet
    facts: Facts
    before: Reading | None
    gap_ms: int
    tracks: dict[str, Track]


Standings = dict[int, Standing]

_compiled: dict[tuple[str, int], RuleSet] = {}


def _standing(_: str, size: int) -> Select:
    version = select(ClientConfig.value).where(ClientConfig.key == VERSION_KEY).scalar_subquery()
    return (
        select(
            Battery.id,
            Battery.type_id,
            Battery.location_id,
            Battery.cells,
            Battery.capacity_ah,
            BatteryType.chemistry,
            BatteryType.cells.label("type_cells"),
            BatteryType.capacity_ah.label("type_capacity"),
            BatteryType.limits,
            LiveReading.interval_ms,
            LiveReading.reading,
            AlertState.tracks,
            version.label("version"),
        )
        .select_from(Battery)
        .outerjoin(BatteryType, BatteryType.id == Battery.type_id)
        .outerjoin(LiveReading, LiveReading.asset_id == Battery.id)
        .outerjoin(AlertState, AlertState.asset_id == Battery.id)
        .where(
            Battery.id.in_([bindparam(f"id{i}") for i in range(size)]), Battery.status == "active"
        )
    )


_STANDING = Prepared(Battery, _standing)
_KEEP = upsert(AlertState, ("asset_id",), ("tracks", "open", "severity"))


def prepare(session: Session, asset_ids: Collection[int]) -> Standings:
    """How the alerts of these batteries stand: one statement, and two after a rule has changed.

    Batteries that are not active have no rules and are left out.
    """
    ids = sorted(asset_ids)
    if not ids:
        return {}
    size = 1 << (len(ids) - 1).bit_length()  # few sizes, so that few statements are prepared
    values = {f"id{i}": ids[min(i, len(ids) - 1)] for i in range(size)}
    changes: Sequence | None = None
    standings: Standings = {}
    for row in _STANDING.rows(session, values, size):
        place = Place(row.chemistry, row.type_id, row.location_id, row.id)
        key = (row.version, place)
        rules = _compiled.get((session.tenant.url, row.id))
        if rules is None or rules.key != key:
            changes = stored_rules(session) if changes is None else changes
            rules = compile_rules(key, place, changes)
            if len(_compiled) >= MOST_CACHED:
                _compiled.clear()
            _compiled[session.tenant.url, row.id] = rules
        standings[row.id] = _stands(row, rules)
    return standings


def _stands(row: Row, rules: RuleSet) -> Standing:
    limits = json.loads(row.limits) if row.limits else {}
    tracks = json.loads(row.tracks) if row.tracks else {}
    return Standing(
        rules,
        Facts(
            row.cells or row.type_cells,
            row.capacity_ah or row.type_capacity,
            limits.get("current"),
        ),
        _earlier(json.loads(row.reading)) if row.reading else None,
        max(GAP_MS, GAP_INTERVALS * (row.interval_ms or 0)),
        {key: loaded(fields) for key, fields in tracks.items()},
    )


def _earlier(document: Mapping[str, Any]) -> Reading:
    """The numbers of a stored reading: it was checked when it came."""
    return Reading(document["asset"], document["ts"], document["values"], document["arrays"])


def compile_rules(key: tuple, place: Place, changes: Sequence) -> RuleSet:
    """The enabled rules of a place, ready to be asked."""
    found: dict[str, list[Judged]] = {}
    for each in resolve(place, changes):
        rule = each.rule
        if rule.enabled:
            kind = kinds()[rule.kind]
            judged = Judged(rule, kind.judge, kind.silent, timing_of(rule))
            found.setdefault(rule.source, []).append(judged)
    by_code = {each.rule.code: each for judged in found.values() for each in judged}
    return RuleSet(key, by_code, {source: tuple(judged) for source, judged in found.items()})


def evaluate(
    session: Session, standings: Standings, readings: Mapping[int, Reading], now: int
) -> None:
    """Judge the new live reading of each battery. The caller holds the live revision.

    A reading that is not recent is not judged. Hearing anything ends an alert of silence.
    """
    happened: list[Happening] = []
    for asset_id, reading in readings.items():
        standing = standings.get(asset_id)
        if standing is None or abs(now - reading.ts) > RECENT_MS:
            continue
        sample = Sample(reading, standing.facts, standing.before, {"silence": 0.0})
        sources = (READING, SILENCE) if standing.tracks else (READING,)
        happened += advance(standing, asset_id, sample, sources)
    _settle(session, standings, happened, now)


def judge_figures(
    session: Session,
    figures: Mapping[int, Mapping[str, float]],
    ts: int,
    source: str = FIGURES,
) -> bool:
    """Judge numbers that no reading carries: results of the night, or the age of a silence.

    `figures` of each battery by their code in `rules.sample.QUANTITIES`; what is absent is
    unknown. Says whether anything has changed. The caller holds the live revision.
    """
    standings = prepare(session, figures)
    happened: list[Happening] = []
    for asset_id, standing in standings.items():
        standing.before = None
        sample = Sample(Reading("", ts), standing.facts, None, figures[asset_id])
        happened += advance(standing, asset_id, sample, (source,))
    return _settle(session, standings, happened, ts)


def advance(
    standing: Standing, asset_id: int, sample: Sample, sources: Sequence[str]
) -> list[Happening]:
    """One step of every rule of these sources; what has to be stored of it."""
    happened: list[Happening] = []
    tracks = standing.tracks
    watched: dict[str, set[str]] = {}
    for key in tracks:
        code, _, subject = key.partition("|")
        watched.setdefault(code, set()).add(subject)
    for source in sources:
        for judged in standing.rules.of(source):
            findings = judged.judge(judged.rule.params, sample)
            subjects = watched.get(judged.rule.code)
            for subject, finding in findings.items():
                if finding.verdict != BREACH and not (subjects and subject in subjects):
                    continue  # at rest, and remains so: nearly every rule at nearly every reading
                _step(standing, asset_id, sample, judged, subject, finding, happened)
            for subject in subjects - findings.keys() if subjects else ():
                gone = _gone(findings, judged)
                _step(standing, asset_id, sample, judged, subject, gone, happened)
    for code in watched.keys() - standing.rules.by_code.keys():
        happened += _withdrawn(standing, asset_id, sample, code, watched[code])
    return happened


def _gone(findings: Mapping[str, Finding], judged: Judged) -> Finding:
    """What it means that a subject is not mentioned: where all were judged as one, that."""
    whole = findings.get(WHOLE) if judged.rule.kind != "fault" else None
    return whole or Finding(judged.silent)


def _step(
    standing: Standing,
    asset_id: int,
    sample: Sample,
    judged: Judged,
    subject: str,
    finding: Finding,
    happened: list[Happening],
) -> None:
    key = f"{judged.rule.code}|{subject}"
    before = standing.tracks.get(key)
    ts = sample.reading.ts
    earlier = standing.before.ts if standing.before else 0
    after, event = step(before, finding.verdict, ts, judged.timing, standing.gap_ms, earlier)
    if after is not None and finding.verdict == BREACH:
        after, worse = _worst(after, finding, judged.rule)
        event = event or (WORSE if worse and before is not None and before.open else None)
    if event is None and not worth_storing(before, after, judged.timing):
        return
    happened.append(Happening(asset_id, key, judged.rule, finding, sample, before, after, event))


def _worst(track: Track, finding: Finding, rule: Rule) -> tuple[Track, bool]:
    """The track with its worst value and severity, and whether that says more than before.

    A value counts as worse by steps of half a percent of its limit, so that one that creeps does
    not cost a row at every reading.
    """
    severity = finding.severity or rule.severity
    graver = not track.severity or SEVERITIES.index(severity) > SEVERITIES.index(track.severity)
    if graver:
        track = replace(track, severity=severity)
    value = finding.value
    if value is None:
        return track, graver
    sign = 1 if rule.params.get("side", ABOVE) == ABOVE else -1
    size = abs(finding.limit or 0) * WORTH_TELLING
    if track.worst is None or sign * (value - track.worst) > size:
        return replace(track, worst=value), True
    return track, graver


def _withdrawn(
    standing: Standing, asset_id: int, sample: Sample, code: str, subjects: Collection[str]
) -> list[Happening]:
    """A rule that is no more, or was disabled, leaves nothing open."""
    finding = Finding(CLEAR)
    return [
        Happening(asset_id, key, None, finding, sample, standing.tracks[key], None, WITHDRAWN)
        for key in (f"{code}|{subject}" for subject in subjects)
    ]


def fall_silent(session: Session, asset_ids: Collection[int], now: int) -> bool:
    """Nothing is heard of these batteries: their timers stand still, their alerts are unknown."""
    standings = prepare(session, asset_ids)
    happened = []
    for asset_id, standing in standings.items():
        sample = Sample(Reading("", now), standing.facts)
        for key, track in standing.tracks.items():
            judged = standing.rules.by_code.get(key.partition("|")[0])
            if judged is None or judged.rule.source != READING:
                continue
            after, event = silent(track)
            if after is not track:
                finding = Finding(UNKNOWN)
                happened.append(
                    Happening(asset_id, key, judged.rule, finding, sample, track, after, event)
                )
    return _settle(session, standings, happened, now)


def withdraw(session: Session, asset_ids: Collection[int], now: int) -> bool:
    """End every alert of batteries that are no longer of the fleet; it is said that nothing was
    resolved."""
    statement = select(AlertState).where(AlertState.asset_id.in_(asset_ids))
    standings, happened = {}, []
    for row in session.scalars(statement) if asset_ids else ():
        tracks = {key: loaded(fields) for key, fields in row.tracks.items()}
        nothing = RuleSet((), {}, {})
        standings[row.asset_id] = standing = Standing(nothing, Facts(), None, GAP_MS, tracks)
        sample = Sample(Reading("", now))
        happened += advance(standing, row.asset_id, sample, ())
    return _settle(session, standings, happened, now)


def _settle(
    session: Session, standings: Standings, happened: Sequence[Happening], now: int
) -> bool:
    """Store what happened: alerts first, then where the rules stand; says whether there was any."""
    if not happened:
        return False
    settled = raise_all(session, happened, now)
    changed: set[int] = set()
    for each, track in settled:
        tracks = standings[each.asset_id].tracks
        changed.add(each.asset_id)
        if track is None:
            tracks.pop(each.key, None)
        else:
            tracks[each.key] = track
    _KEEP.each(session, [state_row(i, standings[i].tracks) for i in sorted(changed)])
    return True


def state_row(asset_id: int, tracks: Mapping[str, Track]) -> dict[str, Any]:
    """The row of `alert_states` for these tracks."""
    open_tracks = [track for track in tracks.values() if track.open]
    return {
        "asset_id": asset_id,
        "tracks": json.dumps({key: track.stored() for key, track in tracks.items()}),
        "open": len(open_tracks),
        "severity": worst_of(track.severity for track in open_tracks),
    }
