"""The daily look at the audit trail."""

import pytest
from sqlalchemy import select, text

from app.core import anchors, audit
from app.core.journal import record
from app.core.models import AuditHead, JobRun
from cron.audit import JOB
from cron.run import Outcome, run

pytestmark = pytest.mark.sqlite_only


@pytest.fixture
def trail(house):
    with house.core() as core:
        record(core, house.principal("alice"), "trial.1", address="203.0.113.7")
        record(core, house.principal("alice"), "trial.2")
        core.commit()
    return house


def test_an_intact_trail_is_anchored(trail):
    assert run(JOB, trail.engines) is Outcome.OK
    assert [(each.scope, each.n) for each in anchors.read(trail.settings.data_dir)] == [(1, 2)]
    with trail.core() as core:
        head = core.get(AuditHead, 1)
    assert (head.problem, head.verified_at is not None) == ("", True)
    assert run(JOB, trail.engines) is Outcome.OK


def test_a_broken_one_fails_the_job_and_says_where(trail):
    with trail.engines.core.execution_options(writes=True).begin() as connection:
        connection.execute(text("DELETE FROM audit_log WHERE n = 2"))
    assert run(JOB, trail.engines) is Outcome.FAILED
    with trail.core() as core:
        assert core.get(AuditHead, 1).problem.startswith("2: ")
        assert "entry 2" in core.scalars(select(JobRun)).one().message


def test_what_is_old_enough_goes(trail, monkeypatch):
    monkeypatch.setattr(audit, "KEPT_MS", -60_000)
    assert run(JOB, trail.engines) is Outcome.OK
    with trail.core() as core:
        (certificate,) = audit._entries(core, 1)
        assert (certificate.action, certificate.detail["entries"]) == ("audit.prune", 2)
        assert audit.verify(core, 1, anchors.read(trail.settings.data_dir)).intact


def test_a_line_cut_short_is_passed_over(trail):
    run(JOB, trail.engines)
    path = trail.settings.data_dir / anchors.FILE
    path.write_text(path.read_text() + '{"scope": 1, "n"')
    assert len(anchors.read(trail.settings.data_dir)) == 1
