"""What a rule would have done: the same judges and the same state machine, over the history.

The period is first drawn in a few thousand buckets; where no extreme of a bucket reaches the limit
nothing can have fired, and only the rest is gone through reading by reading.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

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
SETTLING_MS = 60_000
"""Gone through before what may have rung."""
PATIENCE = 4
"""Segments without a reading after which what is not over is left so: silence ends nothing."""


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


class Run:
    """The state machine of one rule, in memory, and the episodes that have come of it."""

    def __init__(self, rule: Rule, facts: Facts) -> None:
        self._rule, self._facts = rule, facts
        self._judge, self._timing = kinds()[rule.kind].judge, timing_of(rule)
        self._before: Reading | None = None
        self._over: list[Episode] = []
        self._running: dict[str, Episode] = {}
        self.tracks: dict[str, Track] = {}

    def feed(self, reading: Reading) -> None:
        """One reading later."""
        sample = Sample(reading, self._facts, self._before, reading.values)
        for subject, finding in self._judge(self._rule.params, sample).items():
            before = self.tracks.pop(subject, None)
            track, event = step(before, finding.verdict, reading.ts, self._timing)
            if track is not None:
                self.tracks[subject] = track
            if event == FIRED:
                found = Episode(reading.ts, None, finding.value, finding.cell)
                self._running[subject] = found
            elif event == RESOLVED:
                self._over.append(replace(self._running.pop(subject), resolved=reading.ts))
        self._before = reading

    @property
    def episodes(self) -> list[Episode]:
        """Those that are over and those that are not, in order of time."""
        return sorted((*self._over, *self._running.values()), key=lambda each: each.fired)


def rehearse(rule: Rule, facts: Facts, readings: Iterable[Reading]) -> list[Episode]:
    """The episodes of a rule over these readings of one battery, in order of time."""
    run = Run(rule, facts)
    for reading in readings:
        run.feed(reading)
    return run.episodes


def try_out(session: Session, asset_id: int, rule: Rule, facts: Facts, now: int) -> Rehearsal:
    """What a rule would have done with the last thirty days of a battery.

    Raises Invalid for kinds whose past is not in the history: what the BMS complained of, silence.
    """
    codes = _codes(rule)
    if not codes:
        raise Invalid("This kind of rule cannot be tried on the past.", code="not_in_history")
    since = now - DAYS * DAY_MS
    run, left, reached = Run(rule, facts), MOST_SEGMENTS, since
    for start, end in _suspects(session, asset_id, rule, facts, codes, since, now):
        reached, patience = max(start, reached), PATIENCE
        # Beyond its end a window goes on for as long as something is pending or not over.
        while reached < now and left and (reached < end or (run.tracks and patience)):
            stop = min(reached + SEGMENT_MS, now if reached >= end else end)
            readings = list(_readings(session, asset_id, codes, reached, stop))
            for reading in readings:
                run.feed(reading)
            patience = PATIENCE if readings else patience - 1
            reached, left = stop, left - 1
    return Rehearsal(tuple(run.episodes), since, now if left else reached, bool(left))


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
            yield ts - SETTLING_MS, ts + width


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
