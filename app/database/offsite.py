"""Copies of backups off the host: what is missing there is sent, what need not stay is removed.

A place holds flat names, `2026-11-24_core.dump.gz.age`. The manifest goes last, so that a day whose
manifest is there is there whole.
"""

from datetime import date
from pathlib import Path
from urllib.parse import SplitResult

from app.errors import NotFound
from app.settings import Settings

from .backups import MANIFEST, Backup, kept, stored
from .destinations.base import Place, Unreached, named, opened, urls

BETWEEN = "_"


def copy_all(settings: Settings) -> dict[str, Exception]:
    """Bring every place up to date; returns what failed, by place. A failure stops that place."""
    failures: dict[str, Exception] = {}
    for url in urls(settings.backup_copies):
        try:
            _copy(stored(settings), url)
        except Unreached as error:
            failures[named(url)] = error
    return failures


def days_at(url: SplitResult) -> list[date]:
    """The days that are whole at a place, newest first. Raises Unreached."""
    with opened(url) as place:
        return sorted(_whole_days(place.names()), reverse=True)


def fetch(settings: Settings, day: str, folder: Path) -> Path:
    """Bring a day back from the first place that has it whole, into `folder/day`."""
    for url in urls(settings.backup_copies):
        with opened(url) as place:
            names = place.names()
            if date.fromisoformat(day) not in _whole_days(names):
                continue
            target = folder / day
            target.mkdir(mode=0o700, parents=True, exist_ok=True)
            for name in sorted(names):
                begin, _, rest = name.partition(BETWEEN)
                if begin == day:
                    place.fetch(name, target / Path(rest).name)
            return target
    raise NotFound("There is no backup of this day.")


def _copy(backups: list[Backup], url: SplitResult) -> None:
    with opened(url) as place:
        there = place.names()
        for backup in reversed(backups):
            _send(backup, place, there)
        days = {backup.day for backup in backups} | _whole_days(there)
        _clear(place, place.names(), kept(days))


def _send(backup: Backup, place: Place, there: set[str]) -> None:
    for file in [*sorted(item["file"] for item in backup.items.values()), MANIFEST]:
        name = f"{backup.day}{BETWEEN}{file}"
        if name not in there:
            place.put(backup.folder / file, name)


def _clear(place: Place, names: set[str], stay: set[date]) -> None:
    """Remove days that need not stay; what has no date in its name is not ours."""
    for name in sorted(names, key=lambda name: not name.endswith(MANIFEST)):
        day = _day(name)
        if day is not None and day not in stay:
            place.remove(name)


def _whole_days(names: set[str]) -> set[date]:
    return {day for name in names if name.endswith(BETWEEN + MANIFEST) and (day := _day(name))}


def _day(name: str) -> date | None:
    begin, between, _ = name.partition(BETWEEN)
    try:
        return date.fromisoformat(begin) if between else None
    except ValueError:
        return None
