"""`python -m cron JOB` once, for the host's cron; `python -m cron loop` where nothing else runs it.

Exit code 1 when anything failed, so that a host that mails failures mails this one.
"""

import argparse
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from app.core.journal import configure_logging
from app.database.engines import Engines
from app.errors import Misconfigured
from app.plugins import load_plugins
from app.settings import Settings

from .job import Job
from .run import SECONDS, Outcome, run


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, run, and say how it went."""
    jobs = load_plugins("cron", "JOB")
    asked = _parse(arguments, jobs)
    os.umask(0o077)  # what the portal's own processes do too
    try:
        settings = Settings.from_env()
    except Misconfigured as error:
        print(error, file=sys.stderr)
        return 2
    configure_logging(settings)
    with Engines(settings) as engines:
        if asked.job == "loop":
            return _loop(jobs, engines, asked.seconds)
        return int(run(jobs[asked.job], engines, asked.seconds) is Outcome.FAILED)


def _parse(arguments: Sequence[str] | None, jobs: Mapping[str, Job]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m cron", description="Run one job once.")
    parser.add_argument("job", choices=[*sorted(jobs), "loop"], help="loop: all, each in its time")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="budget of one run")
    return parser.parse_args(arguments)


def _loop(jobs: Mapping[str, Job], engines: Engines, seconds: float) -> int:
    """Run every job at its pace, one at a time, until told to end."""
    from apscheduler.executors.pool import ThreadPoolExecutor
    from apscheduler.schedulers.blocking import BlockingScheduler

    scheduler = BlockingScheduler(
        timezone=UTC,
        executors={"default": ThreadPoolExecutor(1)},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    for job in jobs.values():
        scheduler.add_job(
            run,
            "interval",
            (job, engines, seconds),
            id=job.code,
            seconds=job.every_seconds,
            next_run_time=datetime.now(UTC),
        )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        scheduler.start()
    except (KeyboardInterrupt, SystemExit):
        scheduler.shutdown(wait=True)  # the run in hand ends within its budget
    return 0


if __name__ == "__main__":
    sys.exit(main())
