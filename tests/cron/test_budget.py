"""A run ends within its budget, and the next one begins where it stopped."""

import pytest
from sqlalchemy import select

from app.core.models import JobRun
from cron.job import Context, Job
from cron.run import Outcome, run

pytestmark = pytest.mark.sqlite_only


def _one_a_run(served: list[str]) -> Job:
    """A job whose budget is over as soon as one client was served."""

    def work(context: Context, ref):
        served.append(ref.slug)
        context.deadline = 0

    return Job("trial", 60, lambda context: context.for_each_tenant(work))


def test_clients_take_turns(house):
    served = []
    for _ in range(4):
        assert run(_one_a_run(served), house.engines) is Outcome.OK
    assert served == ["laurentia", "boreal", "laurentia", "boreal"]
    with house.core() as core:
        assert set(core.scalars(select(JobRun.message))) == {"1 clients left for the next run"}


def test_no_time_no_work(house):
    served = []
    assert run(_one_a_run(served), house.engines, seconds=0) is Outcome.OK
    assert served == []


def test_a_memory_that_is_damaged_is_forgotten(house):
    folder = house.settings.data_dir / "cron"
    folder.mkdir()
    (folder / "trial.last").write_bytes(b"\xff\x00")
    served = []
    run(_one_a_run(served), house.engines)
    assert served == ["laurentia"]
