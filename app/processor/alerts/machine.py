"""The state machine of one rule and one subject. Pure: it is handed a verdict and an event time.

    ok → pending → firing → recovering → ok (resolved)

`ok` is the absence of a track. Acknowledging is a mark on a firing or recovering track, since it
changes who must care and not how the battery is. Timers count only time that was seen: a gap adds
nothing, and nothing unknown fires or resolves. Whatever interrupts a condition restarts its timer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.processor.rules.base import BREACH, CLEAR, UNKNOWN, Rule

PENDING, FIRING, RECOVERING = "pending", "firing", "recovering"

FIRED, RESOLVED, RETURNED = "fired", "resolved", "returned"
LOST, FOUND = "lost", "found"
"""What can happen at a step. RETURNED: broken again before it had resolved. LOST: became unknown;
FOUND: is known again."""
WORSE, WITHDRAWN = "worse", "withdrawn"
"""What can happen besides: a value beyond the worst so far, or a graver word of the BMS; a rule or
a battery that is no more."""

GAP_MS = 60_000
"""Readings further apart than this, and than three of the battery's intervals, leave a gap."""
CLEAR_SAMPLES = 2
DAMPED_MS = 3_600_000
"""How long an unstable alert must have been good before it is believed to be over."""
ACCURACY = 20
"""Timers are stored in steps of a twentieth, and not more often than `STORED_MS`."""
STORED_MS = 15_000


@dataclass(frozen=True, slots=True)
class Timing:
    """How patient a rule is; see `Rule`. Milliseconds."""

    hold: int
    samples: int
    clear: int
    needs_ack: bool = False


@dataclass(frozen=True, slots=True)
class Track:
    """Where a rule stands for one subject.

    `held` ms and `count` readings its condition (broken; when recovering: good) has been seen to
    last; `last` and `since` are event times, of the reading judged last and of the first one of
    the breach. `alert` is the row of the open alert, 0 without one.
    """

    state: str
    since: int
    last: int
    held: int = 0
    count: int = 1
    alert: int = 0
    acked: bool = False
    unstable: bool = False
    unknown: bool = False
    severity: str = ""
    worst: float | None = None

    def stored(self) -> list:
        """As it lies in the database."""
        return [
            self.state,
            self.since,
            self.last,
            self.held,
            self.count,
            self.alert,
            int(self.acked),
            int(self.unstable),
            int(self.unknown),
            self.severity,
            self.worst,
        ]

    @property
    def open(self) -> bool:
        """Whether an alert is open for it."""
        return self.state != PENDING


def loaded(fields: Sequence) -> Track:
    """The track that `stored` gave."""
    state, since, last, held, count, alert, acked, unstable, unknown, severity, worst = fields
    return Track(
        state,
        since,
        last,
        held,
        count,
        alert,
        bool(acked),
        bool(unstable),
        bool(unknown),
        severity,
        worst,
    )


def timing_of(rule: Rule) -> Timing:
    """The timing of a rule."""
    return Timing(
        round(rule.for_s * 1000), rule.samples, round(rule.clear_for_s * 1000), rule.needs_ack
    )


def step(
    track: Track | None,
    verdict: str,
    ts: int,
    timing: Timing,
    gap_ms: int = GAP_MS,
    previous: int = 0,
) -> tuple[Track | None, str | None]:
    """One reading later: the new track, None at rest, and what happened, if anything did.

    `previous` is the event time of the reading before, where the track may be older because
    nothing worth storing had happened since. A reading that is not newer than the last one judged
    changes nothing.
    """
    if track is None:
        return _begun(ts, timing) if verdict == BREACH else (None, None)
    if ts <= track.last:
        return track, None
    if verdict == UNKNOWN:
        return silent(track)
    found = FOUND if track.unknown else None
    reached = max(track.last, previous)
    seen = reached if ts - reached > gap_ms else ts
    lasted = 0 if found else seen - track.last
    track = replace(track, unknown=False)
    after, event = _known(track, verdict, ts, lasted, timing)
    return after, event or (found if after is not None and after.open else None)


def silent(track: Track) -> tuple[Track, str | None]:
    """Nothing is known any more: the timer stands still and nothing resolves."""
    if track.unknown:
        return track, None
    return replace(track, unknown=True), LOST if track.open else None


def _begun(ts: int, timing: Timing) -> tuple[Track, str | None]:
    track = Track(PENDING, ts, ts)
    return _ripe(track, timing)


def _known(
    track: Track, verdict: str, ts: int, lasted: int, timing: Timing
) -> tuple[Track | None, str | None]:
    if track.state == PENDING:
        if verdict != BREACH:
            return None, None
        return _ripe(_longer(track, ts, lasted), timing)
    if track.state == FIRING:
        if verdict != CLEAR:
            return replace(track, last=ts), None
        return _over(replace(track, state=RECOVERING, last=ts, held=0, count=1), timing)
    if verdict == CLEAR:
        return _over(_longer(track, ts, lasted), timing)
    back = replace(track, state=FIRING, last=ts, held=0, count=1)
    return back, RETURNED if verdict == BREACH else None


def _longer(track: Track, ts: int, lasted: int) -> Track:
    return replace(track, last=ts, held=track.held + lasted, count=track.count + 1)


def _ripe(track: Track, timing: Timing) -> tuple[Track, str | None]:
    if track.held < timing.hold or track.count < timing.samples:
        return track, None
    return replace(track, state=FIRING), FIRED


def _over(track: Track, timing: Timing) -> tuple[Track | None, str | None]:
    wanted = max(timing.clear, DAMPED_MS) if track.unstable else timing.clear
    waits = timing.needs_ack and not track.acked
    few = timing.clear > 0 and track.count < CLEAR_SAMPLES
    if waits or few or track.held < wanted:
        return track, None
    return None, RESOLVED


def worth_storing(before: Track | None, after: Track | None, timing: Timing) -> bool:
    """Whether the step from one to the other has to be written now.

    A change of state always is; a timer in steps, so that a condition of a day does not cost a
    row at every reading. A firing track that goes on firing is not written at all.
    """
    if before is None or after is None:
        return before is not after
    if before.state != after.state or before.unknown != after.unknown:
        return True
    if after.state == FIRING:
        return False
    wanted = timing.hold if after.state == PENDING else timing.clear
    few = after.count <= max(timing.samples, CLEAR_SAMPLES)
    return few or after.last - before.last >= min(wanted / ACCURACY, STORED_MS)
