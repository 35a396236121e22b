"""The period that a page of the past is asked for: so long until now, or between two moments.

Moments are typed and shown in the time zone of the battery's site.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

HOUR, DAY = 3_600_000, 86_400_000
PERIODS = {
    "1h": HOUR,
    "24h": DAY,
    "7j": 7 * DAY,
    "30j": 30 * DAY,
    "1a": 365 * DAY,
    "5a": 5 * 365 * DAY,
}
"""What the picker offers, by what stands in the address."""
USUAL = "24h"
LEAST = 60_000
"""Nothing shorter than a minute is drawn."""
TYPED = "%Y-%m-%dT%H:%M"


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` up to `end`, epoch ms. `period` is one of PERIODS, or empty between two moments.

    `refused`: what was typed could not be understood, and the usual period stands in for it.
    """

    start: int
    end: int
    period: str
    zone: ZoneInfo
    refused: bool = False

    @property
    def first(self) -> str:
        """The beginning, as a field for a date and time takes it."""
        return typed(self.start, self.zone.key)

    @property
    def last(self) -> str:
        return typed(self.end, self.zone.key)


def asked(fields: Mapping[str, str], zone: ZoneInfo, now: int, usual: str = USUAL) -> Span:
    """The period of an address: `periode=7j`, or `de=2026-11-22T14:30&a=…`; else the usual one."""
    if "periode" not in fields and (fields.get("de") or fields.get("a")):
        start, end = (_moment(fields.get(name, ""), zone) for name in ("de", "a"))
        if start is not None and end is None and not fields.get("a"):
            end = now
        if start is not None and end is not None and start + LEAST <= end <= start + 20 * 366 * DAY:
            return Span(start, end, "", zone)
        return Span(now - PERIODS[usual], now, usual, zone, refused=True)
    period = fields.get("periode", usual)
    known = period in PERIODS
    period = period if known else usual
    return Span(now - PERIODS[period], now, period, zone, refused=not known)


def _moment(text: str, zone: ZoneInfo) -> int | None:
    try:
        local = datetime.fromisoformat(text)
        moment = local if local.tzinfo else local.replace(tzinfo=zone)
        ts = round(moment.astimezone(UTC).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
    return ts if ts >= 0 else None


def typed(ts: int, zone: str) -> str:
    """A moment as a field for a date and time holds it."""
    return datetime.fromtimestamp(ts / 1000, ZoneInfo(zone)).strftime(TYPED)
