"""What is known of people can be corrected, and the register of incidents completed."""

import pytest
from sqlalchemy import select

from app.core.models import AuditEntry, Incident, User

pytestmark = pytest.mark.sqlite_only

MINE = "/profil/mes-donnees"


def actions(house):
    with house.core() as core:
        found = core.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    return [(entry.action, entry.target, entry.detail) for entry in found]


def test_people_correct_their_own_name(client_of, submit, house):
    bob = client_of("bob")
    assert "bob@laurentia.example" in bob.get(MINE).text
    assert submit(bob, MINE, MINE, name="Robert Côté").status_code == 303
    assert "Robert Côté" in bob.get(MINE).text
    assert submit(bob, MINE, MINE, name=" ").status_code == 422
    assert actions(house) == [("privacy.rectify", "user:2", {"fields": ["name"]})]


def test_administrators_correct_addresses_and_sign_in_follows(client_of, submit, house):
    alice, page = client_of("alice"), "/utilisateurs/2"
    done = submit(alice, page, f"{page}/identite", name="Bob", email="Robert@laurentia.example")
    assert done.status_code == 303
    entered = submit(
        client_of("nobody"), "/connexion", "/connexion",
        email="robert@laurentia.example", password=house.persona("bob").password,
    )  # fmt: skip
    assert entered.status_code == 303
    assert actions(house)[0] == ("privacy.rectify", "user:2", {"fields": ["email"]})


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"name": "Bob", "email": "carol@laurentia.example"}, 409),
        ({"name": "Bob", "email": "not an address"}, 422),
        ({"name": "", "email": "bob@laurentia.example"}, 422),
    ],
)
def test_impossible_corrections_change_nothing(client_of, submit, house, fields, status):
    page = "/utilisateurs/2"
    assert submit(client_of("alice"), page, f"{page}/identite", **fields).status_code == status
    with house.core() as core:
        assert (core.get_one(User, 2).name, core.get_one(User, 2).email) == (
            "Bob",
            "bob@laurentia.example",
        )
    assert actions(house) == []


def test_people_of_another_client_are_not_corrected(client_of, submit):
    mallory = client_of("mallory")
    refused = submit(mallory, "/utilisateurs", "/utilisateurs/2/identite", name="X", email="x@y.ca")
    assert refused.status_code == 404


def test_an_incident_is_completed_closed_and_opened_again(client_of, submit, house):
    sam, register = client_of("sam"), "/admin/incidents"
    told = {"facts": "Courriel au mauvais client", "persons": "3", "serious": "1"}
    submit(sam, register, register, **told)
    with house.core() as core:
        number = core.scalars(select(Incident.id)).one()
    page = f"{register}/{number}"
    assert told["facts"] in sam.get(page).text
    more = told | {"measures": "Rappelé", "closed": "1"}
    assert submit(sam, page, page, **more).status_code == 303
    with house.core() as core:
        incident = core.get_one(Incident, number)
        assert (incident.measures, incident.persons, incident.serious) == ("Rappelé", 3, True)
        assert incident.closed_at is not None
    assert submit(sam, page, page, **more | {"facts": ""}).status_code == 422
    more.pop("closed")
    submit(sam, page, page, **more)
    with house.core() as core:
        assert core.get_one(Incident, number).closed_at is None
    edits = [detail["fields"] for action, _, detail in actions(house) if action == "incident.edit"]
    assert edits == [["closed_at", "measures"], ["closed_at"]]
    assert sam.get(f"{register}/987654").status_code == 404
    assert client_of("alice").get(page).status_code == 403
