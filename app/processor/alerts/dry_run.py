"""What a rule would have done: the same judges and the same state machine, over the history.

The period is first drawn in a few thousand buckets; where no extreme of a bucket reaches the limit
nothing can have fired, and only the rest is gone through reading by reading.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.errors import Invalid
from app.processor import history
from app.processor.rules.base import BREACH, Rule
from app.processor.rules.sample import Facts, Sample, needs
from collector.wire.metrics import METRICS
from collector.wire.reading import Reading

from .effective import kinds
from .machine import FIRED, GAP_MS, RESOLVED, Track, step, timing_of

DAYS = 30
DAY_MS = 86_400_000
POINTS = 5_000
"""Rows asked of the history at once."""
SEGMENT_MS = 4_500_000
"""At a reading a second, as much as can be asked at once."""
MOST_SEGMENTS = 200
SETTLING_MS = 600_000
"""Gone through before and after what may have rung, for what was pending or recovered."""


@dataclass(frozen=True, slots=True)
class Episode:
    """From firing to the end; `resolved` is None where the period ended first."""

    fired: int
    resolved: int | None
    worst: float | None
    cell: int | None


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What would have rung. `until`: how far the period could be gone through."""

    episodes: tuple[Episode, ...]
    since: int
    until: int
    complete: bool


def rehearse(rule: Rule, facts: Facts, readings: Iterable[Reading]) -> list[Episode]:
    """The episodes of a rule over these readings of one battery, in order of time."""
    judge, timing = kinds()[rule.kind].judge, timing_of(rule)
    tracks: dict[str, Track] = {}
    running: dict[str, Episode] = {}
    episodes: list[Episode] = []
    before: Reading | None = None
    for reading in readings:
        findings = judge(rule.params, Sample(reading, facts, before, reading.values))
        for subject, finding in findings.items():
            track, event = step(tracks.get(subject), finding.verdict, reading.ts, timing)
            if event == FIRED:
                running[subject] = Episode(reading.ts, None, finding.value, finding.cell)
            elif event == RESOLVED:
                found = running.pop(subject)
                episodes.append(Episode(found.fired, reading.ts, found.worst, found.cell))
            if track is None:
                tracks.pop(subject, None)
            else:
                tracks[subject] = track
        before = reading
    return sorted((*episodes, *running.values()), key=lambda each: each.fired)


def try_out(session: Session, asset_id: int, rule: Rule, facts: Facts, now: int) -> Rehearsal:
    """What a rule would have done with the last thirty days of a battery.

    Raises Invalid for kinds whose past is not in the history: what the BMS complained of, silence.
    """
    codes = _codes(rule)
    if not codes:
        raise Invalid("This kind of rule cannot be tried on the past.", code="not_in_history")
    since = now - DAYS * DAY_MS
    windows = list(_suspects(session, asset_id, rule, facts, codes, since, now))
    segments = list(_segments(windows))
    done = segments[:MOST_SEGMENTS]
    readings = (
        reading
        for start, end in done
        for reading in _readings(session, asset_id, codes, start, end)
    )
    episodes = rehearse(rule, facts, readings)
    complete = len(done) == len(segments)
    return Rehearsal(tuple(episodes), since, now if complete else done[-1][1], complete)


def _codes(rule: Rule) -> tuple[str, ...]:
    """The metrics that its judge will ask for."""
    if rule.kind not in ("threshold", "spread", "rate"):
        return ()
    asked = [rule.params["metric"]]
    asked += [condition[0] for condition in rule.params.get("when", ())]
    if rule.kind == "spread":
        asked += ["cell_voltage_max", "cell_voltage_min", "soc", "current"]
    if rule.kind == "rate":
        asked += ["cell_voltage_min"]
    codes = dict.fromkeys(code for each in asked for code in needs(each))
    return tuple(code for code in codes if code in METRICS and not METRICS[code].is_array)


def _suspects(
    session: Session,
    asset_id: int,
    rule: Rule,
    facts: Facts,
    codes: Sequence[str],
    since: int,
    now: int,
) -> Iterator[tuple[int, int]]:
    """Where the extremes of a bucket, taken together, could break the rule."""
    drawn = history.series(session, asset_id, codes, since, now, POINTS)
    width = drawn.step_ms or GAP_MS
    buckets: dict[int, list[tuple[str, float, float]]] = {}
    for code, rows in drawn.metrics.items():
        for ts, low, _, high in rows:
            if low is not None:
                buckets.setdefault(ts, []).append((code, low, high))
    for ts in sorted(buckets):
        if _may_break(rule, facts, buckets[ts], ts):
            yield ts - SETTLING_MS, ts + width + SETTLING_MS


def _may_break(
    rule: Rule, facts: Facts, bucket: Sequence[tuple[str, float, float]], ts: int
) -> bool:
    """Judged at both extremes of everything; its conditions and phases are for the readings."""
    if rule.kind == "rate":
        own = [high - low for code, low, high in bucket if code == rule.params["metric"]]
        return bool(own) and own[0] >= rule.params["limit"]
    params = {k: v for k, v in rule.params.items() if k not in ("when", "phase")} | {"phase": "any"}
    judge = kinds()[rule.kind].judge
    lows = {code: low for code, low, _ in bucket}
    highs = {code: high for code, _, high in bucket}
    mixed = highs | {code: low for code, low in lows.items() if code.endswith("_min")}
    ambient = mixed | {code: low for code, low in lows.items() if code.startswith("ambient")}
    return any(
        finding.verdict == BREACH
        for values in (lows, highs, mixed, ambient)
        for finding in judge(params, Sample(Reading("", ts, values), facts)).values()
    )


def _segments(windows: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The windows without overlap, each short enough to be asked for at once."""
    reached = 0
    for start, end in windows:
        start = max(start, reached)
        while start < end:
            stop = min(start + SEGMENT_MS, end)
            yield start, stop
            start = reached = stop


def _readings(
    session: Session, asset_id: int, codes: Sequence[str], start: int, end: int
) -> Iterator[Reading]:
    drawn = history.series(session, asset_id, codes, start, end, POINTS)
    moments: dict[int, dict[str, float]] = {}
    for code, rows in drawn.metrics.items():
        for ts, _, mean, _ in rows:
            if mean is not None:
                moments.setdefault(ts, {})[code] = mean
    return (Reading("", ts, moments[ts]) for ts in sorted(moments))
