"""Days: sets of UTC days as text, and where days begin at a site."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clients.models import Asset, Location

DAY_MS = 86_400_000
QUARTER_MS = 900_000
UTC = ZoneInfo("UTC")


def parse_days(text: str) -> set[int]:
    """`20000-20003,20007`, days since 1970, as a set."""
    days: set[int] = set()
    for part in filter(None, text.split(",")):
        low, _, high = part.partition("-")
        days.update(range(int(low), int(high or low) + 1))
    return days


def write_days(days: Iterable[int]) -> str:
    """The shortest text that `parse_days` reads as these."""
    runs = groupby(enumerate(sorted(days)), key=lambda pair: pair[1] - pair[0])
    ranges = [[day for _, day in run] for _, run in runs]
    return ",".join(str(r[0]) if len(r) == 1 else f"{r[0]}-{r[-1]}" for r in ranges)


def zone_of(session: Session, asset_id: int) -> ZoneInfo:
    """The time zone of the asset's site; the client's where it has none."""
    found = (
        select(Location.time_zone)
        .join(Asset, Asset.location_id == Location.id)
        .where(Asset.id == asset_id)
    )
    return ZoneInfo(session.scalar(found) or session.tenant.time_zone)


def date_at(ts: int, zone: ZoneInfo) -> date:
    """The date at a site."""
    return datetime.fromtimestamp(ts / 1000, zone).date()


def midnight(day: date, zone: ZoneInfo) -> int:
    """When a day begins at a site: epoch milliseconds, a whole quarter of an hour of UTC."""
    begins = datetime.combine(day, time(), zone).astimezone(UTC)
    return int(begins.timestamp()) * 1000 // QUARTER_MS * QUARTER_MS


def midnights(start: int, end: int, zone: ZoneInfo) -> list[int]:
    """Where days of the site begin, from the one that `start` lies in to the first from `end` on.

    Two neighbours are 23, 24 or 25 hours apart, as the clocks of the site go.
    """
    day = date_at(start, zone)
    found = [midnight(day, zone)]
    while found[-1] < end:
        day += timedelta(days=1)
        found.append(midnight(day, zone))
    return found
