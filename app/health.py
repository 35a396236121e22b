"""The last look at the installation, noted by a job so that a page need not ask the network."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from app.checks import Answer, check_all, open_tenants
from app.core.auth import tenant_ref
from app.database.base import now_ms
from app.database.capacity import size
from app.database.engines import Engines
from app.database.sessions import open_core
from app.settings import Settings

FILE = Path("cron", "health.json")


@dataclass(frozen=True, slots=True)
class Look:
    """What was found. `sizes`: bytes of each database; absent where it did not answer."""

    at: int
    answers: list[Answer]
    sizes: dict[str, int]

    @property
    def wrong(self) -> list[Answer]:
        return [answer for answer in self.answers if not answer.ok]


def look(engines: Engines) -> Look:
    """Ask every check and measure every database now, and note it."""
    found = Look(now_ms(), check_all(engines), _sizes(engines))
    answers = [
        {**asdict(answer), "values": {k: _plain(v) for k, v in answer.values.items()}}
        for answer in found.answers
    ]
    path = engines.settings.data_dir / FILE
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    said = {"at": found.at, "answers": answers, "sizes": found.sizes}
    partial.write_text(json.dumps(said), encoding="utf-8")
    partial.replace(path)
    return found


def noted(settings: Settings) -> Look | None:
    """The last look; None before the first."""
    try:
        said = json.loads((settings.data_dir / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return Look(said["at"], [Answer(**answer) for answer in said["answers"]], said["sizes"])


def _plain(value: object) -> object:
    return value if isinstance(value, int | float) else str(value)


def _sizes(engines: Engines) -> dict[str, int]:
    with open_core(engines) as core:
        refs = [tenant_ref(engines, row) for row in core.scalars(open_tenants())]
    databases = {"core": engines.core, **{ref.slug: engines.tenant(ref) for ref in refs}}
    found = {}
    for name, engine in databases.items():
        try:
            found[name] = size(engine)
        except SQLAlchemyError:
            continue  # the checks say what is the matter with it
    return found
