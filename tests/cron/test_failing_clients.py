"""One client that fails stops neither the others nor the record of the run."""

from sqlalchemy import select, update

from app.core.models import JobRun, Tenant
from cron.job import Job
from cron.run import Outcome, run


def _record(house) -> JobRun:
    with house.core() as core:
        return core.scalar(select(JobRun).order_by(JobRun.id.desc()).limit(1))


def _job(served: list[str], failing: tuple[str, ...] = ()) -> Job:
    def work(_, ref):
        if ref.slug in failing:
            raise OSError("disk on fire")
        served.append(ref.slug)

    return Job("trial", 60, lambda context: context.for_each_tenant(work))


def test_the_others_are_served(house):
    served = []
    assert run(_job(served, failing=("laurentia",)), house.engines) is Outcome.FAILED
    assert served == ["boreal"]
    record = _record(house)
    assert record.ok is False
    assert record.message == "laurentia: disk on fire"
    assert record.ended_at


def test_a_client_whose_schema_is_another_is_left_alone(house):
    with house.core() as core:
        core.execute(update(Tenant).where(Tenant.slug == "laurentia").values(revision=None))
        core.commit()
    served = []
    assert run(_job(served), house.engines) is Outcome.FAILED
    assert served == ["boreal"]
    assert "flask db upgrade" in _record(house).message


def test_a_suspended_client_is_not_worked_for(house):
    with house.core() as core:
        core.execute(update(Tenant).where(Tenant.slug == "boreal").values(status="suspended"))
        core.commit()
    served = []
    assert run(_job(served), house.engines) is Outcome.OK
    assert served == ["laurentia"]


def test_a_job_that_fails_as_a_whole_is_recorded(house):
    def burst(_):
        raise RuntimeError("no more ink")

    assert run(Job("trial", 60, burst), house.engines) is Outcome.FAILED
    assert _record(house).message == "trial: no more ink"
