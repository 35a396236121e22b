"""Every job there is keeps the contract: named like its file, repeatable, on record."""

import pytest
from sqlalchemy import select

from app.core.models import JobRun
from app.plugins import load_plugins
from cron.run import Outcome, run

JOBS = load_plugins("cron", "JOB")


def test_there_are_jobs():
    assert {"housekeep", "seal"} <= set(JOBS)


@pytest.mark.parametrize("code", JOBS)
def test_a_job_runs_and_runs_again(house, code):
    job = JOBS[code]
    assert job.run.__module__ == f"cron.{code}"
    assert job.every_seconds >= 60, "no shared host runs anything more often"

    assert [run(job, house.engines) for _ in range(2)] == [Outcome.OK, Outcome.OK]

    with house.core() as core:
        records = core.scalars(select(JobRun).where(JobRun.job == code)).all()
        assert [record.ok for record in records] == [True, True]
        assert all(record.started_at <= record.ended_at for record in records)
