"""Running a job: alone, within its budget, on record."""

import logging
import time
from enum import Enum

from app.core.journal import about
from app.core.models import JobRun
from app.database.base import now_ms
from app.database.engines import Engines
from app.database.sessions import open_core

from .job import Context, Job
from .lock import only_run

log = logging.getLogger(__name__)

SECONDS = 50.0
"""Shared hosts end what lasts a minute."""
MAX_MESSAGE = 2000


class Outcome(Enum):
    """How a run ended. BUSY: another one was at it, which is no failure."""

    OK = "ok"
    FAILED = "failed"
    BUSY = "busy"


def run(job: Job, engines: Engines, seconds: float = SECONDS) -> Outcome:
    """Run a job unless it is running; what happened is kept as a row of `job_runs`."""
    deadline = time.monotonic() + seconds
    folder = engines.settings.data_dir / "cron"
    token = about.set({"job": job.code})
    try:
        with only_run(job.code, folder, engines.core) as alone:
            if not alone:
                log.info("another run of %s is at it", job.code)
                return Outcome.BUSY
            return _on_record(job, Context(engines, deadline, folder / f"{job.code}.last"))
    finally:
        about.reset(token)


def _on_record(job: Job, context: Context) -> Outcome:
    with open_core(context.engines, writes=True) as core:
        record = JobRun(job=job.code, started_at=now_ms())
        core.add(record)
        core.commit()
    try:
        job.run(context)
    except Exception as error:  # recorded like a client's failure; the exit code tells the host
        log.exception("%s failed", job.code)
        context.failures[job.code] = error
    with open_core(context.engines, writes=True) as core:
        record = core.get(JobRun, record.id)
        record.ended_at = now_ms()
        record.ok = not context.failures
        record.message = _message(context)
        core.commit()
    return Outcome.FAILED if context.failures else Outcome.OK


def _message(context: Context) -> str:
    failed = [f"{who}: {error}" for who, error in context.failures.items()]
    return "\n".join(failed + context.notes)[:MAX_MESSAGE]
