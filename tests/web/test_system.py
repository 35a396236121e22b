"""The page of whoever looks after the portal, and the line for everybody else."""

import pytest

from app import health
from app.core.models import JobRun
from app.database.base import now_ms
from app.plugins import load_plugins
from cron.check import JOB
from cron.run import Outcome, run

pytestmark = pytest.mark.sqlite_only


def _all_ran(house):
    with house.core() as core:
        for job in load_plugins("cron", "JOB"):
            core.add(JobRun(job=job, started_at=now_ms(), ended_at=now_ms(), ok=True, message=""))
        core.commit()


def test_the_job_notes_what_the_page_shows(house, client_of):
    sam = client_of("sam")
    before = sam.get("/admin/systeme").text
    assert "python -m cron check" in before
    assert run(JOB, house.engines) is Outcome.OK
    found = health.noted(house.settings)
    assert {"core", "laurentia", "boreal"} == set(found.sizes)
    assert found.wrong

    page = sam.get("/admin/systeme").text

    assert "flask backup key" in page
    assert "laurentia" in page
    for job in load_plugins("cron", "JOB"):
        assert f">{job}</th>" in page


@pytest.mark.parametrize("name", ["alice", "bob", "carol"])
def test_it_is_nobody_elses(client_of, name):
    assert client_of(name).get("/admin/systeme").status_code == 403


def test_everybody_may_ask_whether_it_works(house, client_of):
    nobody = client_of("nobody")
    late = nobody.get("/etat")
    assert late.status_code == 200
    assert "du travail régulier est en retard" in late.text
    _all_ran(house)
    well = nobody.get("/etat").text
    assert "Tout fonctionne" in well
    for secret in ("laurentia", "Laurentia", "boreal", "seal"):
        assert secret not in well


def test_a_database_out_of_reach_is_said(house, client_of):
    nobody = client_of("nobody")
    with house.engines.core.execution_options(writes=True).begin() as connection:
        connection.exec_driver_sql("DROP TABLE job_runs")
    answer = nobody.get("/etat")
    assert answer.status_code == 503
    assert "Rien n’est perdu" in answer.text
