"""The journal: each client's own, found by filters, taken away as a file; and what is personal."""

import csv
import io

import pytest
from sqlalchemy import select

from app.core.journal import record
from app.core.models import AuditEntry, Incident
from app.web import spreadsheet
from cron.audit import JOB
from cron.run import run

pytestmark = pytest.mark.sqlite_only

FORMULA = "=HYPERLINK(1)"


@pytest.fixture
def trail(house):
    """Something in both clients' journals, and sixty entries in Laurentia's."""
    with house.core() as core:
        record(core, house.principal("mallory"), "battery.accept", target="BOR-SECRET")
        for n in range(60):
            record(core, house.principal("alice"), "collector.claim", target=f"Site {n}")
        record(core, house.principal("alice"), "collector.revoke", target=FORMULA)
        core.commit()
    return house


def test_a_client_sees_its_own_journal_alone(trail, client_of):
    page = client_of("alice").get("/journal")
    assert page.status_code == 200
    assert "alice@laurentia.example" in page.text
    assert "Clé de collecteur révoquée" in page.text
    assert "Site 59" in page.text and "Site 5<" not in page.text, "fifty a page"
    assert "BOR-SECRET" not in page.text
    assert "BOR-SECRET" in client_of("sam").get("/journal?action=battery").text
    assert client_of("bob").get("/journal").status_code == 403


def test_filters_and_older_pages_find_the_rest(trail, client_of):
    browser = client_of("alice")
    found = browser.get("/journal?action=collector.revoke").text
    assert "Clé de collecteur révoquée" in found and "Site 59" not in found
    assert "Site 59" not in browser.get("/journal?actor=user:2").text
    with trail.core() as core:
        half = core.scalar(select(AuditEntry.id).where(AuditEntry.target == "Site 10"))
    older = browser.get(f"/journal?avant={half}").text
    assert "Site 9" in older and "Site 11" not in older
    assert browser.get("/journal?avant=²").status_code == 200


def test_it_says_whether_it_is_as_it_was_written(trail, client_of):
    browser = client_of("alice")
    assert "pas encore vérifié" in browser.get("/journal").text
    run(JOB, trail.engines)
    assert "Tel qu’il a été écrit" in browser.get("/journal").text
    with trail.core() as core:
        core.scalars(select(AuditEntry).where(AuditEntry.target == "Site 3")).one().target = "x"
        core.commit()
    run(JOB, trail.engines)
    assert "Altéré" in browser.get("/journal").text


def test_the_file_holds_no_formula(trail, client_of):
    answer = client_of("alice").get("/journal/export.csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="journal.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert len(rows) == 61
    assert rows[0]["target"] == f"'{FORMULA}"
    assert {row["tenant_id"] for row in rows} == {"1"}
    entries = client_of("alice").get("/journal/export.json").json["entries"]
    assert (len(entries), entries[0]["target"]) == (61, FORMULA)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "＝1", "\0=1"])
def test_no_text_begins_a_formula(text):
    assert spreadsheet.cell(text).startswith("'")
    assert (spreadsheet.cell(-1), spreadsheet.cell(2.5), spreadsheet.cell(None)) == (
        "-1",
        "2.5",
        "",
    )


def test_everybody_reads_who_answers_for_privacy(client_of):
    page = client_of("nobody").get("/confidentialite")
    assert page.status_code == 200
    assert "plus haute autorité" in page.text


def test_somebody_takes_their_own_data_away(client_of):
    answer = client_of("bob").get("/profil/mes-donnees.json")
    assert answer.json["person"]["email"] == "bob@laurentia.example"
    assert "alice" not in answer.text


def test_an_incident_is_registered_and_exported(house, client_of, submit):
    sam = client_of("sam")
    refused = submit(sam, "/admin/incidents", "/admin/incidents", facts=" ", persons="3")
    assert refused.status_code == 422
    told = {"facts": "Courriel envoyé au mauvais client", "persons": "3", "serious": "1"}
    assert submit(sam, "/admin/incidents", "/admin/incidents", **told).status_code == 303
    with house.core() as core:
        (incident,) = core.scalars(select(Incident)).all()
        assert (incident.facts, incident.persons, incident.serious) == (told["facts"], 3, True)
        actions = core.scalars(select(AuditEntry.action)).all()
        assert actions == ["incident.report"]
    assert told["facts"] in sam.get("/admin/incidents").text
    assert told["facts"] in sam.get("/admin/incidents.csv").text
    assert client_of("alice").get("/admin/incidents").status_code == 403
