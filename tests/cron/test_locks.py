"""Two runs of one job never overlap: on one host, nor on two that share a database."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from app.core.models import JobRun
from app.database.engines import Engines
from cron.job import Job
from cron.run import Outcome, run


def _job_that_runs(inner) -> Job:
    return Job("trial", 60, lambda context: inner())


def test_a_second_run_leaves_the_first_alone(house):
    outcomes = []
    quick = Job("trial", 60, lambda context: None)
    assert (
        run(_job_that_runs(lambda: outcomes.append(run(quick, house.engines))), house.engines)
        is Outcome.OK
    )
    assert outcomes == [Outcome.BUSY]
    assert run(quick, house.engines) is Outcome.OK
    with house.core() as core:
        assert core.scalar(select(func.count(JobRun.id))) == 2


def test_other_jobs_run_beside(house):
    outcomes = []
    other = Job("other", 60, lambda context: None)
    run(_job_that_runs(lambda: outcomes.append(run(other, house.engines))), house.engines)
    assert outcomes == [Outcome.OK]


def test_a_failure_lets_go(house):
    def burst(_):
        raise RuntimeError

    assert run(Job("trial", 60, burst), house.engines) is Outcome.FAILED
    assert run(Job("trial", 60, lambda context: None), house.engines) is Outcome.OK


@pytest.mark.mariadb_only
def test_a_second_host_leaves_the_first_alone(house, tmp_path):
    elsewhere = replace(house.settings, data_dir=tmp_path / "second host")
    quick = Job("trial", 60, lambda context: None)
    outcomes = []
    with Engines(elsewhere) as other:
        run(_job_that_runs(lambda: outcomes.append(run(quick, other))), house.engines)
        assert outcomes == [Outcome.BUSY]
        assert run(quick, other) is Outcome.OK
