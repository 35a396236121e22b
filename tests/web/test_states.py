"""The page decides how fresh a battery is exactly as the server does."""

from itertools import product

from app.processor.state import STALE_AT_MOST_MS, connection_state, live_for, status
from tests.web.twins import call

INTERVALS = (500, 2_000, 4_000, 5_000, 30_000)


def test_connections_are_judged_alike():
    cases = [
        (age, interval)
        for interval in INTERVALS
        for limit in (0, live_for(interval), STALE_AT_MOST_MS)
        for age in (limit - 1, limit, limit + 1, None)
        if age is None or age >= 0
    ]
    judged = call("state", "connection", [(age, live_for(interval)) for age, interval in cases])
    assert judged == [connection_state(*case) for case in cases]


def test_statuses_are_judged_alike():
    cases = list(
        product(("live", "stale", "offline", "waiting"), ("critical", "warning", "info", ""))
    )
    assert call("state", "status", cases) == [status(*case) for case in cases]
