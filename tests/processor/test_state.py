"""When a battery is live, late, offline or waiting, and what its pill says."""

import pytest

from app.processor.state import connection_state, live_for, status


@pytest.mark.parametrize(
    ("age", "interval", "expected"),
    [
        (0, 1_000, "live"),
        (6_000, 1_000, "live"),  # a collector pushes every two seconds at most
        (6_001, 1_000, "stale"),
        (12_000, 4_000, "live"),
        (12_001, 4_000, "stale"),
        (15_000, 60_000, "live"),
        (15_001, 60_000, "stale"),
        (300_000, 1_000, "stale"),
        (300_001, 1_000, "offline"),
        (None, 1_000, "waiting"),
        (-500, 1_000, "live"),  # a clock slightly ahead of ours
    ],
)
def test_connection_follows_the_age(age, interval, expected):
    assert connection_state(age, interval) == expected


def test_live_never_lasts_longer_than_fifteen_seconds():
    assert max(live_for(interval) for interval in range(0, 10**6, 997)) == 15_000


@pytest.mark.parametrize(
    ("connection", "severity", "pill"),
    [
        ("live", "", "ok"),
        ("live", "info", "ok"),
        ("live", "warning", "warn"),
        ("live", "critical", "crit"),
        ("stale", "", "stale"),
        ("stale", "critical", "crit"),
        ("offline", "critical", "off"),
        ("waiting", "", "wait"),
    ],
)
def test_the_pill_weighs_alarms_against_lateness(connection, severity, pill):
    assert status(connection, severity) == pill
