"""How fresh a battery's numbers are, and the one word its pill says.

Pages decide this themselves as time passes (a silent battery changes nothing on the server), so
the rule is small, pure, and sent to them as numbers: `live_for` travels with every snapshot.
"""

LIVE, STALE, OFFLINE, WAITING = "live", "stale", "offline", "waiting"

LIVE_INTERVALS = 3
"""A battery is late once this many of its intervals have passed without a reading."""
LIVE_AT_MOST_MS = 15_000
STALE_AT_MOST_MS = 300_000
SHORTEST_INTERVAL_MS = 2_000
"""A collector does not push more often than this, however often it measures."""

_PILLS = {"critical": "crit", "warning": "warn"}


def live_for(interval_ms: int) -> int:
    """How old (ms) a reading may be and still count as live, for a battery of this interval."""
    return min(LIVE_INTERVALS * max(interval_ms, SHORTEST_INTERVAL_MS), LIVE_AT_MOST_MS)


def connection_state(age_ms: int | None, interval_ms: int) -> str:
    """`live`, `stale`, `offline`, or `waiting` for a battery never heard of (age None)."""
    if age_ms is None:
        return WAITING
    if age_ms <= live_for(interval_ms):
        return LIVE
    return STALE if age_ms <= STALE_AT_MOST_MS else OFFLINE


def status(connection: str, severity: str) -> str:
    """The pill: `crit`, `warn`, `ok`, `off`, `stale` or `wait`.

    An alarm outweighs lateness, but nothing is claimed of a battery that is offline.
    """
    if connection == WAITING:
        return "wait"
    if connection == OFFLINE:
        return "off"
    return _PILLS.get(severity) or ("stale" if connection == STALE else "ok")
