"""The people of a client: invited by a link that works once, given batteries, shut out."""

import re
from dataclasses import replace

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Mailbox
from sqlalchemy import select, update

from app import create_app
from app.clients import users
from app.core.models import AuditEntry, User, UserSession
from app.core.passwords import verify_password
from app.database.base import now_ms
from tests.collector.links.test_modbus_connection import free_port

pytestmark = pytest.mark.sqlite_only

NEW = {"name": "Linh Nguyen", "email": "linh@laurentia.example", "role": "user"}
WANTED = "une phrase toute neuve"


def path_of(page):
    return "/acces/" + re.search(r"/acces/([\w.-]+)", page.text)[1]


@pytest.fixture
def invite(client_of, submit):
    def send(browser=None, **fields):
        return submit(
            browser or client_of("alice"), "/utilisateurs", "/utilisateurs", **NEW | fields
        )

    return send


def test_an_invitation_lets_somebody_choose_a_password_once(invite, client_of, submit, house):
    made = invite()
    assert made.status_code == 200
    path = path_of(made)
    visitor = client_of("nobody")
    page = visitor.get(path)
    assert (page.status_code, page.headers["Referrer-Policy"]) == (200, "no-referrer")
    assert submit(visitor, path, path, password="motdepasse2026!").status_code == 422
    done = submit(visitor, path, path, password=WANTED)
    assert done.location == "/connexion"
    assert visitor.get(path).status_code == 404
    entered = submit(
        visitor, "/connexion", "/connexion", email=NEW["email"], password=WANTED, suite="/types"
    )
    assert entered.location == "/types"
    with house.core() as core:
        actions = core.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["user.invite", "password.change", "session.start"]


def test_nobody_signs_in_before_choosing_a_password(invite, client_of, submit):
    invite()
    refused = submit(
        client_of("nobody"), "/connexion", "/connexion", email=NEW["email"], password=""
    )
    assert refused.status_code == 401


def test_a_link_is_dead_when_replaced_forged_old_or_its_person_is_out(
    invite, client_of, submit, house
):
    first = path_of(invite())
    with house.core() as core:
        linh = core.scalars(select(User).order_by(User.id.desc()).limit(1)).one().id
    again = submit(client_of("alice"), f"/utilisateurs/{linh}", f"/utilisateurs/{linh}/lien")
    second, visitor = path_of(again), client_of("nobody")
    assert visitor.get(first).status_code == 404
    assert visitor.get(second).status_code == 200
    for forged in (second[:-2] + "xx", second.replace("/acces/", "/acces/x"), "/acces/x"):
        assert visitor.get(forged).status_code == 404
    with house.core() as core:
        core.execute(update(User).where(User.id == linh).values(status="disabled"))
        core.commit()
    assert visitor.get(second).status_code == 404


def test_a_new_password_by_link_ends_what_was_open(client_of, submit, house):
    bob = client_of("bob")
    path = path_of(submit(client_of("alice"), "/utilisateurs/2", "/utilisateurs/2/lien"))
    assert bob.get("/types").status_code == 200
    submit(client_of("nobody"), path, path, password=WANTED)
    assert bob.get("/types").status_code == 303
    with house.core() as core:
        assert verify_password(core.get(User, 2).password_hash, WANTED)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"email": "pas une adresse"}, 422), ({"name": " "}, 422), ({"role": "super_admin"}, 422),
        ({"role": ""}, 422), ({"email": "bob@laurentia.example"}, 409),
    ],
)  # fmt: skip
def test_impossible_invitations_are_refused_with_the_reason(invite, fields, status):
    assert invite(**fields).status_code == status


def test_batteries_are_assigned_and_withdrawn(client_of, submit, house):
    alice, bob = client_of("alice"), client_of("bob")
    assert bob.get("/batteries/3").status_code == 404
    form = {"role": "user", "status": "active", "assets": ["3"]}
    done = submit(alice, "/utilisateurs/2", "/utilisateurs/2", **form)
    assert done.status_code == 303
    with house.tenant() as session:
        assert users.granted(session, 2) == {3}
    foreign = submit(alice, "/utilisateurs/2", "/utilisateurs/2", **{**form, "assets": ["999"]})
    assert foreign.status_code == 404


def test_a_changed_role_or_an_end_is_felt_at_once(client_of, submit, house):
    alice, bob = client_of("alice"), client_of("bob")
    submit(alice, "/utilisateurs/2", "/utilisateurs/2", role="reader", status="active")
    assert bob.get("/types").status_code == 303
    submit(alice, "/utilisateurs/3", "/utilisateurs/3", role="reader", status="disabled")
    with house.core() as core:
        assert (core.get(User, 2).role, core.get(User, 3).status) == ("reader", "disabled")


def test_the_last_administrator_stays_one(client_of, submit, house):
    alice = client_of("alice")
    for form in (
        {"role": "user", "status": "active"},
        {"role": "client_admin", "status": "disabled"},
    ):
        refused = submit(alice, "/utilisateurs/2", "/utilisateurs/1", **form)
        assert refused.status_code == 409
    with house.core() as core:
        assert (core.get(User, 1).role, core.get(User, 1).status) == ("client_admin", "active")


def test_people_of_another_client_are_not_found(client_of, submit):
    mallory = client_of("mallory")
    assert "laurentia" not in mallory.get("/utilisateurs").text
    assert mallory.get("/utilisateurs/2").status_code == 404
    for action in ("/utilisateurs/2", "/utilisateurs/2/lien"):
        answer = submit(mallory, "/utilisateurs", action, role="reader", status="disabled")
        assert answer.status_code == 404


def test_only_who_manages_people_sees_them_and_only_after_confirming_changes_them(
    client_of, submit, house
):
    for name in ("bob", "carol"):
        assert client_of(name).get("/utilisateurs").status_code == 403
    alice = client_of("alice")
    with house.core() as core:
        core.execute(update(UserSession).values(fresh_at=now_ms() - 11 * 60_000))
        core.commit()
    asked = submit(alice, "/utilisateurs", "/utilisateurs", **NEW)
    assert asked.location.startswith("/confirmer")


def test_a_super_admin_looks_unless_they_came_to_change(client_of, submit, house):
    sam = client_of("sam")
    token = sam.get_cookie("sid").value
    submit(sam, "/admin/clients", "/admin/clients/1/entrer", reason="alerte")
    assert sam.get_cookie("sid").value != token
    assert sam.get("/batteries/3").status_code == 200
    refused = submit(sam, "/", "/utilisateurs", **NEW)
    assert refused.status_code == 403
    assert "pour regarder seulement" in refused.text
    submit(sam, "/admin/clients", "/admin/clients/1/entrer", reason="demande", mode="write")
    assert submit(sam, "/", "/utilisateurs", **NEW).status_code == 200
    with house.core() as core:
        core.execute(update(UserSession).values(entered_until=now_ms() - 1))
        core.commit()
    assert sam.get("/batteries/3").status_code == 409
    with house.core() as core:
        rows = core.scalars(select(AuditEntry).where(AuditEntry.action == "tenant.enter")).all()
        assert [(row.tenant_id, row.detail["mode"]) for row in rows] == [(1, "read"), (1, "write")]


def test_links_are_mailed_where_there_is_a_mail_server(house, submit, client_of, tmp_path):
    port = free_port()
    sink = Controller(Mailbox(str(tmp_path / "mail")), hostname="127.0.0.1", port=port)
    sink.start()
    app = create_app(replace(house.settings, smtp_url=f"smtp://127.0.0.1:{port}"))
    app.testing = True
    try:
        alice = house.persona("alice")
        browser = app.test_client()
        submit(browser, "/connexion", "/connexion", email=alice.email, password=alice.password)
        made = submit(browser, "/utilisateurs", "/utilisateurs", **NEW)
        assert "envoyé à linh@laurentia.example" in made.text
        (letter,) = (tmp_path / "mail" / "new").iterdir()
        assert path_of(made)[:40] in letter.read_text().replace("=\n", "").replace("=3D", "=")
        sink.stop()
        again = submit(browser, "/utilisateurs", "/utilisateurs", **{**NEW, "email": "x@y.example"})
        assert (again.status_code, "envoyé" in again.text) == (200, False)
        assert path_of(again)
    finally:
        app.extensions["engines"].dispose()
