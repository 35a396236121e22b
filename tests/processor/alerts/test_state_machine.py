"""The state machine: any order of readings, gaps and restarts; what is unknown settles nothing."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.processor.alerts.machine import (
    DAMPED_MS,
    FIRED,
    FIRING,
    FOUND,
    GAP_MS,
    LOST,
    PENDING,
    RECOVERING,
    RESOLVED,
    RETURNED,
    Timing,
    Track,
    loaded,
    silent,
    step,
    worth_storing,
)
from app.processor.rules.base import BETWEEN, BREACH, CLEAR, UNKNOWN

T0 = 1_790_000_000_000
MINUTE = Timing(hold=60_000, samples=3, clear=60_000)

verdicts = st.sampled_from((BREACH, BETWEEN, CLEAR, UNKNOWN))
steps = st.sampled_from((1_000, 5_000, 20_000, GAP_MS, GAP_MS + 1, 3_600_000))
stories = st.lists(st.tuples(verdicts, steps), max_size=120)
timings = st.builds(
    Timing,
    hold=st.sampled_from((0, 10_000, 60_000, 1_800_000)),
    samples=st.integers(1, 3),
    clear=st.sampled_from((0, 60_000, 300_000)),
    needs_ack=st.booleans(),
)


def run(story, timing, track=None, ts=T0):
    """The tracks and events of a story, `(ts, verdict, track, event)` at each reading."""
    for verdict, after in story:
        ts += after
        track, event = step(track, verdict, ts, timing)
        yield ts, verdict, track, event


def every(verdict, count, seconds=5):
    return [(verdict, seconds * 1000)] * count


def events(story, timing=MINUTE, track=None):
    return [event for *_, event in run(story, timing, track) if event]


def test_it_fires_after_its_time_and_not_before():
    assert events(every(BREACH, 12)) == []
    assert events(every(BREACH, 13)) == [FIRED]


def test_it_wants_three_readings_however_far_apart():
    patient = Timing(hold=0, samples=3, clear=60_000)
    assert events(every(BREACH, 2, 59), patient) == []
    assert events(every(BREACH, 3, 59), patient) == [FIRED]


def test_recovery_restarts_the_timer():
    for interruption in (CLEAR, BETWEEN):
        story = every(BREACH, 12) + [(interruption, 5000)] + every(BREACH, 12)
        assert events(story) == []


def test_a_gap_adds_nothing_to_a_timer():
    assert events(every(BREACH, 8) + [(BREACH, 600_000)] + every(BREACH, 4)) == []
    assert events(every(BREACH, 8) + [(BREACH, 600_000)] + every(BREACH, 5)) == [FIRED]


def test_it_resolves_after_being_good_for_its_time():
    fired = every(BREACH, 13)
    assert events(fired + every(CLEAR, 12)) == [FIRED]
    assert events(fired + every(CLEAR, 13)) == [FIRED, RESOLVED]


def test_between_the_values_an_alert_stays():
    assert events(every(BREACH, 13) + every(BETWEEN, 500)) == [FIRED]


def test_trembling_around_the_clear_value_restarts_the_recovery():
    story = every(BREACH, 13) + (every(CLEAR, 10) + every(BETWEEN, 1)) * 5
    assert events(story) == [FIRED]


def test_broken_again_before_it_resolved_is_the_same_alert():
    story = every(BREACH, 13) + every(CLEAR, 5) + every(BREACH, 1)
    assert events(story) == [FIRED, RETURNED]


def test_what_must_be_seen_waits_for_somebody():
    timing = replace(MINUTE, needs_ack=True)
    *_, (ts, _, track, _) = run(every(BREACH, 13) + every(CLEAR, 100), timing)
    assert track.state == RECOVERING
    assert step(replace(track, acked=True), CLEAR, ts + 5000, timing) == (None, RESOLVED)


def test_an_unstable_alert_is_believed_after_an_hour():
    track = Track(FIRING, T0, T0, unstable=True)
    story = every(CLEAR, DAMPED_MS // 30_000, 30)  # the first begins the hour
    assert events(story, track=track) == []
    assert events(story + every(CLEAR, 1, 30), track=track) == [RESOLVED]


def test_unknown_is_said_once_and_found_again():
    story = every(BREACH, 13) + every(UNKNOWN, 3) + every(BREACH, 2)
    assert events(story) == [FIRED, LOST, FOUND]


def test_older_readings_change_nothing():
    track = Track(PENDING, T0, T0, held=59_000, count=12)
    assert step(track, CLEAR, T0, MINUTE) == (track, None)
    assert step(track, BREACH, T0 - 5000, MINUTE) == (track, None)


@given(stories, timings)
def test_alerts_open_and_end_in_turns(story, timing):
    open_now = False
    for _, _, track, event in run(story, timing):
        if event == FIRED:
            assert not open_now
            open_now = True
        elif event == RESOLVED:
            assert open_now
            open_now = False
        assert open_now == (track is not None and track.open)


@given(stories, timings)
def test_nothing_unknown_fires_or_resolves(story, timing):
    for _, verdict, _, event in run(story, timing):
        if verdict == UNKNOWN:
            assert event in (None, LOST)
        if event == RESOLVED:
            assert verdict == CLEAR
        if event == FIRED:
            assert verdict == BREACH


@given(stories, timings, st.integers(1, 400))
def test_silence_resolves_nothing(story, timing, times):
    *_, (_, _, track, _) = run([(CLEAR, 1000), *story], timing)
    if track is not None:
        for _ in range(times):
            after, event = silent(track)
            assert (after.state, after.held) == (track.state, track.held)
            assert event in (None, LOST)
            track = after


@given(stories, timings)
def test_no_alert_is_older_than_its_unbroken_breach(story, timing):
    """Every `for` timer restarts on recovery: what fires was broken at each reading known since."""
    unbroken = 0
    for _, verdict, track, event in run(story, timing):
        if verdict == BREACH:
            unbroken += 1
        elif verdict != UNKNOWN:
            unbroken = 0
        if event == FIRED:
            assert unbroken >= timing.samples and track.held >= timing.hold
        if track is not None and track.state == PENDING:
            assert track.count == unbroken


@given(stories, timings)
def test_forgetting_what_was_not_worth_storing_changes_nothing_that_matters(story, timing):
    """A process that starts anew at every reading, with what was stored, raises the same alerts."""
    kept, stored, ts = None, None, T0
    for verdict, after in story:
        previous, ts = ts, ts + after
        kept, said = step(kept, verdict, ts, timing)
        before = loaded(stored) if stored else None
        track, heard = step(before, verdict, ts, timing, previous=previous)
        assert heard == said
        if worth_storing(before, track, timing) or heard:
            stored = track.stored() if track else None


@pytest.mark.parametrize(("held", "stored"), [(1_000, False), (16_000, True)])
def test_a_long_timer_is_stored_in_steps(held, stored):
    day = Timing(hold=86_400_000, samples=3, clear=60_000)
    before = Track(PENDING, T0, T0, held=600_000, count=120)
    after, _ = step(before, BREACH, T0 + held, day)
    assert worth_storing(before, after, day) is stored
