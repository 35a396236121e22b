"""Whether the regular work is done: the newest successful run of each job against its pace."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from .models import JobRun

LATE = 3
"""A job is late once this many of its intervals have passed without a run that succeeded."""


@dataclass(frozen=True, slots=True)
class JobStanding:
    """How one job does. Times are epoch milliseconds; None: never."""

    job: str
    every_seconds: int
    succeeded_at: int | None
    tried_at: int | None
    message: str
    """What the newest run that ended had to say."""
    late: bool


def standings(core: Session, paces: Mapping[str, int], now: int) -> list[JobStanding]:
    """How each job does, by name; `paces`: how many seconds apart it should run."""
    succeeded = dict(
        core.execute(
            select(JobRun.job, func.max(JobRun.ended_at)).where(JobRun.ok).group_by(JobRun.job)
        ).all()
    )
    tried = dict(
        core.execute(select(JobRun.job, func.max(JobRun.started_at)).group_by(JobRun.job)).all()
    )
    newest = select(func.max(JobRun.id)).where(JobRun.ok.is_not(None)).group_by(JobRun.job)
    said = dict(core.execute(select(JobRun.job, JobRun.message).where(JobRun.id.in_(newest))).all())
    return [
        JobStanding(
            job,
            pace,
            succeeded.get(job),
            tried.get(job),
            said.get(job, ""),
            job not in succeeded or now - succeeded[job] > LATE * pace * 1000,
        )
        for job, pace in sorted(paces.items())
    ]


def late(core: Session, paces: Mapping[str, int], now: int) -> list[JobStanding]:
    """The jobs that nobody runs, or that keep failing."""
    return [standing for standing in standings(core, paces, now) if standing.late]
