"""Signing in and out, preferences, and the way into a client."""

import pytest
from sqlalchemy import select

from app.core.models import AuditEntry

pytestmark = pytest.mark.sqlite_only


def test_signing_in_goes_where_one_wanted_to_go(client_of, submit, house):
    browser = client_of("nobody")
    alice = house.persona("alice")
    answer = submit(
        browser,
        "/connexion",
        "/connexion",
        email=alice.email,
        password=alice.password,
        suite="/batteries?etat=off",
    )
    assert (answer.status_code, answer.location) == (303, "/batteries?etat=off")
    assert browser.get("/batteries").status_code == 200
    assert submit(browser, "/", "/deconnexion").status_code == 303
    assert browser.get("/batteries").status_code == 303
    with house.core() as core:
        entry = core.scalar(select(AuditEntry).where(AuditEntry.action == "session.start"))
        assert (entry.actor, entry.tenant_id) == (f"user:{alice.id}", 1)


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x", ""]
)
def test_signing_in_never_leads_elsewhere(client_of, submit, house, elsewhere):
    alice = house.persona("alice")
    answer = submit(
        client_of("nobody"),
        "/connexion",
        "/connexion",
        email=alice.email,
        password=alice.password,
        suite=elsewhere,
    )
    assert answer.location == "/"


def test_a_wrong_password_and_an_unknown_person_get_the_same_answer(client_of, submit):
    answers = [
        submit(client_of("nobody"), "/connexion", "/connexion", email=email, password="faux")
        for email in ("alice@laurentia.example", "personne@laurentia.example")
    ]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert all("Le courriel ou le mot de passe est inexact." in a.text for a in answers)


def test_preferences_are_kept(client_of, submit):
    browser = client_of("alice")
    assert submit(browser, "/profil", "/profil", locale="en", theme="dark").status_code == 303
    page = browser.get("/").text
    assert '<html lang="en-CA" data-theme="dark"' in page


def test_a_new_password_replaces_the_old_one_and_ends_other_sessions(client_of, submit, house):
    here, there = client_of("alice"), client_of("alice")
    alice = house.persona("alice")
    refused = submit(here, "/profil", "/profil/mot-de-passe", current="faux", password="court")
    assert refused.status_code == 422
    assert "Ce n’est pas votre mot de passe." in refused.text
    assert "12\u00a0caractères ou plus" in refused.text
    wanted = "une phrase toute neuve"
    done = submit(here, "/profil", "/profil/mot-de-passe", current=alice.password, password=wanted)
    assert done.status_code == 303
    assert here.get("/").status_code == 200
    assert there.get("/").status_code == 303


def test_entering_a_client_needs_a_reason_shows_a_banner_and_is_recorded(client_of, submit, house):
    browser = client_of("sam")
    assert browser.get("/").location == "/admin/clients"
    assert browser.get("/batteries").status_code == 409
    refused = submit(browser, "/admin/clients", "/admin/clients/1/entrer", reason=" ")
    assert refused.status_code == 422
    assert "Un motif est nécessaire." in refused.text
    submit(browser, "/admin/clients", "/admin/clients/1/entrer", reason="alerte Rack B2")
    for path in ("/", "/batteries", "/batteries/3", "/collecteurs"):
        page = browser.get(path).text
        assert "Vous êtes dans l’espace de Groupe Laurentia." in page, path
        assert "rail--super" in page
    assert submit(browser, "/", "/admin/quitter").location == "/admin/clients"
    assert browser.get("/batteries").status_code == 409
    with house.core() as core:
        entries = core.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
        told = [(entry.action, entry.tenant_id, entry.detail) for entry in entries]
        looks = [entry.target for entry in entries if entry.action == "tenant.look"]
    assert told[0] == ("tenant.enter", 1, {"reason": "alerte Rack B2", "mode": "read"})
    assert looks == ["/", "/batteries", "/batteries/3", "/collecteurs"]
    assert told[-1] == ("tenant.leave", 1, {})
    assert len(told) == len(looks) + 2


def test_nobody_else_enters_a_client(client_of, submit):
    for person in ("alice", "mallory"):
        browser = client_of(person)
        answer = submit(browser, "/", "/admin/clients/2/entrer", reason="curiosité")
        assert answer.status_code == 403
