"""Files asked for on the pages, downloaded by their person alone; reports by the month."""

import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Mailbox
from sqlalchemy import select

from app.core.models import AuditEntry
from app.database.engines import Engines
from app.processor.exports import monthly
from app.processor.exports.models import DONE, Export, ReportSchedule
from cron.exports import JOB
from cron.run import Outcome, run
from tests.collector.links.test_modbus_connection import free_port

pytestmark = pytest.mark.sqlite_only

LIST = {"about": "list", "format": "csv", "language": "fr"}


@pytest.fixture
def asked(client_of, submit):
    def send(name="alice", browser=None, **fields):
        return submit(browser or client_of(name), "/rapports", "/rapports", **LIST | fields)

    return send


def test_a_list_is_there_with_the_next_page(asked, client_of, report, house):
    report(1)
    browser = client_of("alice")
    assert asked(browser=browser).location == "/exports"
    page = browser.get("/exports")
    assert "Prêt" in page.text
    file = browser.get(re.search(r'href="(/exports/\d+/fichier)"', page.text)[1])
    assert file.headers["Content-Disposition"].startswith("attachment; filename=trackingbms-")
    digest = hashlib.sha256(file.data).hexdigest()
    assert digest in page.text
    assert file.headers["X-Content-SHA256"] == digest
    with house.core() as core:
        actions = core.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions[-2:] == ["export.ask", "export.download"]


def test_nobody_else_gets_it(asked, client_of):
    asked("alice")
    for name in ("bob", "carol", "sam", "mallory"):
        assert client_of(name).get("/exports/1/fichier").status_code in (404, 409), name
    assert client_of("bob").get("/exports").text.count("/fichier") == 0


def test_a_long_file_is_made_by_the_job_with_its_progress_shown(asked, client_of, house):
    given = {"about": "battery:1", "whole": "1", "first": "2026-01-01", "last": "2026-01-02"}
    browser = client_of("alice")
    asked(browser=browser, **given)
    page = browser.get("/exports")
    assert "En préparation" in page.text
    assert page.headers["Refresh"] == "10"
    assert browser.get("/exports/1/fichier").status_code == 409
    assert run(JOB, house.engines) is Outcome.OK
    page = browser.get("/exports")
    assert "Prêt" in page.text
    assert "Refresh" not in page.headers


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"format": "exe"}, "Choisissez un format"),
        ({"about": "battery:1", "first": "hier"}, "pas une date"),
        ({"about": "battery:1", "first": "2026-02-01", "last": "2026-01-01"}, "cinq ans au plus"),
        ({"about": "battery:1", "first": "9999-12-31", "last": "9999-12-31"}, "cinq ans au plus"),
        ({"about": "nothing"}, "Choisissez le sujet"),
    ],
)
def test_a_refused_form_says_why_and_keeps_what_was_typed(asked, fields, said):
    given = {"first": "2026-01-01", "last": "2026-01-02"} | fields
    page = asked(**given)
    assert page.status_code == 422
    assert said in page.text
    assert given["last"] in page.text


def test_a_user_asks_only_of_what_is_assigned(asked, client_of):
    page = client_of("bob").get("/rapports")
    assert "Batterie 2" in page.text
    assert "Batterie 3" not in page.text
    given = {"about": "battery:3", "first": "2026-01-01", "last": "2026-01-02"}
    assert asked("bob", **given).status_code == 404


@pytest.fixture
def posted(settings, house, tmp_path):
    """Engines of a portal with a mail server, and the letters that have arrived there."""
    port = free_port()
    controller = Controller(Mailbox(tmp_path / "mail"), hostname="127.0.0.1", port=port)
    controller.start()
    with Engines(replace(settings, smtp_url=f"smtp://127.0.0.1:{port}")) as engines:
        yield engines, lambda: [path.read_text() for path in (tmp_path / "mail/new").iterdir()]
    controller.stop()


FIRST = int(datetime(2026, 12, 1, 12, tzinfo=UTC).timestamp() * 1000)


def test_a_monthly_report_comes_once_in_its_readers_language(posted, client_of, submit, house):
    given = {"about": "site:1", "format": "pdf", "person": "2"}
    assert submit(client_of("alice"), "/rapports", "/rapports/mensuels", **given).status_code == 303
    (engines, letters), ref = posted, house.refs["laurentia"]
    early = FIRST - 3 * 3_600_000  # four in the morning there
    assert monthly.ask_due(engines, ref, early) == 0
    assert [monthly.ask_due(engines, ref, FIRST) for _ in range(2)] == [1, 0]
    with house.tenant() as session:
        (row,) = session.scalars(select(Export)).all()
    assert (row.requested_by, row.subject, row.format) == (2, "site", "pdf")
    assert datetime.fromtimestamp(row.start / 1000, UTC).isoformat() == "2026-11-01T04:00:00+00:00"
    assert datetime.fromtimestamp(row.end / 1000, UTC).isoformat() == "2026-12-01T05:00:00+00:00"
    assert [run(JOB, engines) for _ in range(2)] == [Outcome.OK] * 2
    with house.tenant() as session:
        assert session.scalars(select(Export.state)).all() == [DONE]
    (letter,) = letters()
    assert "bob@laurentia.example" in letter
    assert client_of("bob").get("/exports/1/fichier").data.startswith(b"%PDF")


def test_users_plan_for_themselves_alone(client_of, submit, house):
    given = {"about": "site:1", "format": "pdf", "person": "1"}
    submit(client_of("bob"), "/rapports", "/rapports/mensuels", **given)
    with house.tenant() as session:
        assert session.scalars(select(ReportSchedule.user_id)).all() == [2]
    submit(client_of("carol"), "/rapports", "/rapports/mensuels/1/retirer")
    with house.tenant() as session:
        assert len(session.scalars(select(ReportSchedule)).all()) == 1
    submit(client_of("bob"), "/rapports", "/rapports/mensuels/1/retirer")
    with house.tenant() as session:
        assert session.scalars(select(ReportSchedule)).all() == []
