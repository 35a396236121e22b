"""A job that nobody runs, or that keeps failing, is seen."""

from app.core import jobs
from app.core.models import JobRun

NOW = 1_790_000_000_000
PACES = {"seal": 900, "retain": 86_400, "audit": 86_400}


def test_a_missed_job_is_late_and_a_failing_one_too(house):
    with house.core() as core:
        core.add_all(
            JobRun(job=job, started_at=NOW - age * 1000 - 5, ended_at=NOW - age * 1000, ok=ok,
                   message=message)
            for job, age, ok, message in (
                ("seal", 4000, True, ""),
                ("seal", 100, False, "laurentia: disk full"),
                ("retain", 90_000, True, "3 rows"),
                ("gone", 10, True, ""),
            )
        )  # fmt: skip
        core.add(JobRun(job="retain", started_at=NOW))
        core.commit()
        found = {each.job: each for each in jobs.standings(core, PACES, NOW)}
        assert [each.job for each in jobs.late(core, PACES, NOW)] == ["audit", "seal"]
    assert (found["audit"].succeeded_at, found["audit"].tried_at) == (None, None)
    assert found["seal"].succeeded_at == NOW - 4_000_000
    assert found["seal"].message == "laurentia: disk full"
    assert (found["retain"].message, found["retain"].tried_at) == ("3 rows", NOW)
