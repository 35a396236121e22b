"""Backups: one folder a day with a parcel for each database, one for the files, and a manifest.

A day's folder is `….partial` until its manifest is written. A run that is cut off is continued by
the next one: what has its note (`….json`) beside it is done. Days are UTC.
"""

import json
import shutil
import tarfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from app.core.access import TenantRef
from app.errors import Misconfigured, NotFound
from app.settings import Settings

from . import parcels
from .copies import lines_of, prove
from .dump import Damaged, Tally
from .engines import Engines

DAILY, WEEKLY, MONTHLY = 7, 4, 6
FILES = "files"
NOT_FILES = ("backups", "cache", "cron", "db", "logs", "scratch")
"""Folders of the data folder that are copied otherwise, or made again by themselves."""
MANIFEST = "manifest.json"
PARTIAL = ".partial"


@dataclass(frozen=True, slots=True)
class Backup:
    """One day that is whole: its folder and what its manifest says."""

    day: date
    folder: Path
    made_at: int
    items: dict[str, dict[str, Any]]
    """By name (`core`, `client-3`, `files`): file, bytes, sha256, and of databases the tallies."""

    @property
    def bytes(self) -> int:
        return sum(item["bytes"] for item in self.items.values())


def home(settings: Settings) -> Path:
    """Where backups are on this host."""
    return Path(settings.backup_dir or settings.data_dir / "backups").expanduser().absolute()


def name_of(ref: TenantRef | None) -> str:
    """What the parcel of a client's database, or of core's, is called."""
    return f"client-{ref.id}" if ref else "core"


def stored(settings: Settings) -> list[Backup]:
    """The days that are whole, newest first."""
    found = []
    for path in sorted(home(settings).glob(f"*/{MANIFEST}"), reverse=True):
        if not path.parent.name.endswith(PARTIAL):
            said = json.loads(path.read_text(encoding="utf-8"))
            day = date.fromisoformat(path.parent.name)
            found.append(Backup(day, path.parent, said["made_at"], said["items"]))
    return found


def of_day(settings: Settings, day: str) -> Backup:
    """The backup of a day (`2026-11-24`), or with `newest` the last one; raises NotFound."""
    for backup in stored(settings):
        if day in ("newest", str(backup.day)):
            return backup
    raise NotFound("There is no backup of this day.")


def make(
    engines: Engines,
    refs: Sequence[TenantRef],
    now: int,
    time_left: Callable[[], bool] = lambda: True,
) -> Backup | None:
    """Make the backup of today, or go on with it; None while time did not suffice for all of it.

    Raises Misconfigured without BACKUP_KEY: what a host could read would not be a safe copy.
    """
    settings = engines.settings
    keys = parcels.recipients(settings.backup_key)
    if not keys:
        raise Misconfigured("BACKUP_KEY is missing: flask backup key makes one.")
    day = datetime.fromtimestamp(now / 1000, UTC).date()
    done = home(settings) / str(day)
    if done.is_dir():
        return of_day(settings, str(day))
    folder = done.with_name(done.name + PARTIAL)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for ref in (None, *refs):
        if not time_left():
            return None
        _pack_database(engines, ref, folder, keys)
    _pack_files(settings, folder, keys)
    items = {path.stem: json.loads(path.read_text("utf-8")) for path in folder.glob("*.json")}
    manifest = {"day": str(day), "made_at": now, "items": items}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    for name in items:
        (folder / f"{name}.json").unlink()
    folder.rename(done)
    return of_day(settings, str(day))


def kept(days: Iterable[date]) -> set[date]:
    """Which days stay: the last seven, the newest of each of four weeks and of six months."""
    newest_first = sorted(set(days), reverse=True)
    weeks = {day.isocalendar()[:2]: day for day in reversed(newest_first)}
    months = {(day.year, day.month): day for day in reversed(newest_first)}
    return {
        *newest_first[:DAILY],
        *sorted(weeks.values(), reverse=True)[:WEEKLY],
        *sorted(months.values(), reverse=True)[:MONTHLY],
    }


def prune(settings: Settings, now: int) -> list[str]:
    """Remove what need not stay, and beginnings that nobody finished; returns their names."""
    stay = {str(day) for day in kept(backup.day for backup in stored(settings))}
    today = str(datetime.fromtimestamp(now / 1000, UTC).date())
    removed = []
    for folder in home(settings).iterdir() if home(settings).is_dir() else ():
        if folder.name not in stay and folder.name != today + PARTIAL and folder.is_dir():
            shutil.rmtree(folder)
            removed.append(folder.name)
    return sorted(removed)


def check(backup: Backup) -> None:
    """Raise Damaged unless every parcel is, byte for byte, what the manifest says."""
    for name, item in backup.items.items():
        path = backup.folder / item["file"]
        if not path.is_file():
            raise Damaged(f"{path.name} is missing")
        if parcels.checksum(path) != parcels.Parcel(item["bytes"], item["sha256"]):
            raise Damaged(f"{name} of {backup.day} is not what was written")


def opened(backup: Backup, name: str, key: Any, folder: Path) -> Iterator[bytes]:
    """The lines of one parcel; `key`: the private one. Raises NotFound, Sealed or Damaged."""
    if name not in backup.items:
        raise NotFound("This backup holds no such database.")
    path = backup.folder / backup.items[name]["file"]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return parcels.unpack(path, key, folder)


def drill(
    engines: Engines, ref: TenantRef | None, backup: Backup, key: Any, folder: Path
) -> dict[str, Tally]:
    """Restore one database of a backup into a scratch database: rows and checksums must be those
    of the manifest, which were counted when the backup was made. Raises Damaged."""
    name = name_of(ref)
    found = prove(engines, ref, opened(backup, name, key, folder), folder)
    said = {table: Tally(**tally) for table, tally in backup.items[name]["tables"].items()}
    if found != said:
        raise Damaged(f"{name} does not hold what the manifest of {backup.day} says")
    return found


def rehearse(engines: Engines, ref: TenantRef | None, folder: Path) -> dict[str, Tally]:
    """The drill that needs no private key: dump a database and restore that, before encryption."""
    return prove(engines, ref, lines_of(engines, ref), folder)


def _pack_database(
    engines: Engines, ref: TenantRef | None, folder: Path, keys: Sequence[Any]
) -> None:
    name = name_of(ref)
    note = folder / f"{name}.json"
    if note.exists():
        return
    heard = _Heard()
    path = folder / f"{name}.dump.gz.age"
    parcel = parcels.pack(heard.listen(lines_of(engines, ref)), path, keys)
    item = {
        "file": path.name,
        **asdict(parcel),
        "client": ref.slug if ref else None,
        "revision": heard.revision,
        "tables": {table: asdict(tally) for table, tally in heard.tables.items()},
    }
    note.write_text(json.dumps(item), encoding="utf-8")


def _pack_files(settings: Settings, folder: Path, keys: Sequence[Any]) -> None:
    path = folder / f"{FILES}.tar.gz.age"
    parcel = parcels.pack(_tar(settings.data_dir, home(settings)), path, keys)
    item = {"file": path.name, **asdict(parcel)}
    (folder / f"{FILES}.json").write_text(json.dumps(item), encoding="utf-8")


def _tar(root: Path, backups: Path) -> Iterator[bytes]:
    """The files of the data folder as a tar archive in pieces; one file in memory at a time."""
    sink = _Sink()
    with tarfile.open(fileobj=sink, mode="w|") as archive:
        for path in sorted(root.rglob("*")):
            name = path.relative_to(root)
            if name.parts[0] in NOT_FILES or path.is_relative_to(backups) or not path.is_file():
                continue
            archive.add(path, arcname=str(name), recursive=False)
            yield sink.take()
    yield sink.take()


class _Sink:
    """Where an archive is written, to be taken away piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


class _Heard:
    """What a dump says of itself while it passes."""

    def __init__(self) -> None:
        self.revision = ""
        self.tables: dict[str, Tally] = {}

    def listen(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        for line in lines:
            if line.startswith(b"{"):
                said = json.loads(line)
                self.revision = said.get("revision", self.revision)
                if name := said.get("end"):
                    self.tables[name] = Tally(said["rows"], said["sum"])
            yield line
