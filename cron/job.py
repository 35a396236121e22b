"""What a job is, and what it is given: a budget, the engines, and a loop over the clients."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from app.clients.tenants import each_tenant
from app.core.access import TenantRef
from app.core.journal import about
from app.core.models import Tenant
from app.database.base import now_ms
from app.database.engines import Engines
from app.database.migrate import head
from app.database.sessions import open_core
from app.settings import Settings

log = logging.getLogger(__name__)


class Behind(RuntimeError):
    """A client's schema is not the one this code works with."""


@dataclass(frozen=True, slots=True)
class Job:
    """One kind of regular work. `run` may be cut off between any two commits and begun again."""

    code: str
    every_seconds: int
    run: Callable[["Context"], None]


@dataclass(slots=True)
class Context:
    """One run of a job: until when it may last, what it said, what went wrong for whom."""

    engines: Engines
    deadline: float
    """On the monotonic clock."""
    place: Path
    """A file only this run may touch; it remembers which client was served last."""
    now: int = field(default_factory=now_ms)
    notes: list[str] = field(default_factory=list)
    failures: dict[str, Exception] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        return self.engines.settings

    def time_left(self) -> bool:
        """Whether another step may begin."""
        return time.monotonic() < self.deadline

    def note(self, text: str) -> None:
        """Add to what the record of this run says."""
        self.notes.append(text)

    def for_each_tenant(self, work: Callable[["Context", TenantRef], None]) -> None:
        """Do `work` for every active client, while there is time; one that fails stops only itself.

        Begins after the client served last, so that a budget too small for all starves nobody.
        """
        waiting, behind = self._in_turn()
        for position, ref in enumerate(waiting):
            if not self.time_left():
                self.note(f"{len(waiting) - position} clients left for the next run")
                return
            token = about.set(about.get() | {"tenant": ref.id})
            try:
                if ref.id in behind:
                    raise Behind("its schema is not at this code's revision: flask db upgrade")
                work(self, ref)
            except Exception as error:  # whatever stops one client must not stop the others
                log.exception("client %s failed", ref.slug)
                self.failures[ref.slug] = error
            finally:
                about.reset(token)
            self.place.write_text(str(ref.id), encoding="ascii")

    def _in_turn(self) -> tuple[list[TenantRef], set[int]]:
        """The clients in the order of this run, and the ids of those whose schema is another."""
        other_schema = Tenant.revision.is_distinct_from(head("tenant"))
        with open_core(self.engines) as core:
            refs = each_tenant(core, self.engines)
            behind = set(core.scalars(select(Tenant.id).where(other_schema)))
        last = self._last_served()
        return sorted(refs, key=lambda ref: (ref.id <= last, ref.id)), behind

    def _last_served(self) -> int:
        try:
            return int(self.place.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return 0
