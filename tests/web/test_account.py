"""One's own account: the second factor from its QR code to sign-in, browsers, confirmation, keys."""

import re
from dataclasses import replace

import pyotp
import pytest
from sqlalchemy import select, update

from app import create_app
from app.core.models import AuditEntry, User, UserSession
from app.database.base import now_ms

pytestmark = pytest.mark.sqlite_only


@pytest.fixture
def turn_on(submit):
    """Set an authenticator up as a person does; returns its secret and the recovery codes."""

    def set_up(browser):
        page = browser.get("/profil/second-facteur").text
        assert "<svg" in page
        secret = re.search(r'<code class="mono">([A-Z2-7 ]+)</code>', page)[1].replace(" ", "")
        code = pyotp.TOTP(secret).now()
        done = submit(browser, "/profil/second-facteur", "/profil/second-facteur", code=code)
        assert done.status_code == 200, done.text
        return secret, re.findall(r"<span>([0-9A-Z-]{19})</span>", done.text)

    return set_up


@pytest.fixture
def sign_in(client_of, submit, house):
    def enter(name="alice", browser=None):
        browser = browser or client_of("nobody")
        who = house.persona(name)
        answer = submit(
            browser,
            "/connexion",
            "/connexion",
            email=who.email,
            password=who.password,
            suite="/types",
        )
        return browser, answer

    return enter


def make_stale(house):
    with house.core() as core:
        core.execute(update(UserSession).values(fresh_at=now_ms() - 11 * 60_000))
        core.commit()


def next_code(house, secret):
    """A code that was not taken yet: the step of the last one is forgotten."""
    with house.core() as core:
        core.execute(update(User).values(totp_step=None))
        core.commit()
    return pyotp.TOTP(secret).now()


def test_with_an_authenticator_a_password_alone_opens_nothing(
    client_of, turn_on, sign_in, submit, house
):
    other = client_of("alice")
    secret, codes = turn_on(client_of("alice"))
    assert len(codes) == 10
    assert other.get("/types").status_code == 303  # other browsers are signed out
    browser, answer = sign_in()
    assert answer.location.startswith("/connexion/verification")
    assert browser.get("/types").status_code == 303
    page = answer.location
    wrong = submit(browser, page, "/connexion/verification", code="000000", suite="/types")
    assert (wrong.status_code, "Ce code n’est pas le bon." in wrong.text) == (401, True)
    code = next_code(house, secret)
    done = submit(browser, page, "/connexion/verification", code=code, suite="/types")
    assert (done.status_code, done.location) == (303, "/types")
    assert browser.get("/types").status_code == 200
    again, _ = sign_in()
    assert submit(again, page, "/connexion/verification", code=code).status_code == 401
    assert submit(again, page, "/connexion/verification", code=codes[3]).status_code == 303
    assert "9\u00a0codes de secours restants".replace("\u00a0", " ") in again.get(
        "/profil"
    ).text.replace("\u00a0", " ")


def test_the_second_step_is_for_whoever_has_just_shown_the_password(
    client_of, turn_on, sign_in, house
):
    assert client_of("nobody").get("/connexion/verification").location == "/connexion"
    turn_on(client_of("alice"))
    browser, answer = sign_in()
    with house.core() as core:
        core.execute(update(User).where(User.id == 1).values(ver=User.ver + 1))
        core.commit()
    assert browser.get(answer.location).location == "/connexion"


def test_a_wrong_code_changes_nothing(client_of, submit, house):
    browser = client_of("alice")
    refused = submit(browser, "/profil/second-facteur", "/profil/second-facteur", code="123")
    assert refused.status_code == 422
    with house.core() as core:
        assert core.get(User, 1).totp_secret is None


def test_programs_show_a_code_too(client_of, turn_on, app, house):
    secret, _ = turn_on(client_of("alice"))
    alice = house.persona("alice")
    body = {"email": alice.email, "password": alice.password}

    def ask(**more):
        return app.test_client().post("/api/v1/tokens", json={**body, **more})

    assert ask().json["code"] == "code_needed"
    assert ask(code="000000").json["code"] == "bad_code"
    assert ask(code=next_code(house, secret)).status_code == 200


def test_administrators_set_it_up_first_where_it_is_demanded(house, submit, turn_on):
    app = create_app(replace(house.settings, require_second_factor="on"))
    app.testing = True
    try:
        for name, confined in (("alice", True), ("sam", True), ("bob", False), ("carol", False)):
            browser, who = app.test_client(), house.persona(name)
            submit(browser, "/connexion", "/connexion", email=who.email, password=who.password)
            page = browser.get("/types" if name != "sam" else "/admin/clients")
            assert (page.status_code == 303) is confined, name
            assert browser.get("/profil").status_code == 200
            if confined:
                assert page.location.startswith("/profil/second-facteur")
                refused = browser.get("/api/v1/live")
                assert (refused.status_code, refused.json["code"]) == (403, "second_factor_needed")
                body = {"email": who.email, "password": who.password}
                assert app.test_client().post("/api/v1/tokens", json=body).status_code == 403
                turn_on(browser)
                page = browser.get("/types" if name != "sam" else "/admin/clients")
                assert page.status_code == 200
    finally:
        app.extensions["engines"].dispose()


def test_dangerous_acts_ask_again_who_one_is_and_give_a_new_token(client_of, submit, house):
    browser = client_of("alice")
    make_stale(house)
    asked = browser.get("/profil/second-facteur")
    assert asked.location == "/confirmer?suite=%2Fprofil%2Fsecond-facteur"
    before = browser.get_cookie("sid").value
    wrong = submit(browser, asked.location, "/confirmer", password="faux")
    assert wrong.status_code == 401
    done = submit(
        browser,
        asked.location,
        "/confirmer",
        password=house.persona("alice").password,
        suite="/profil/second-facteur",
    )
    assert done.location == "/profil/second-facteur"
    assert browser.get(done.location).status_code == 200
    after = browser.get_cookie("sid").value
    assert after != before
    browser.set_cookie("sid", before)
    assert browser.get("/profil").status_code == 303


def test_a_stale_form_leads_back_to_its_page(client_of, house):
    browser = client_of("alice")
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/profil/cles").text)[1]
    make_stale(house)
    answer = browser.post(
        "/profil/cles",
        data={"csrf_token": token, "name": "x", "scopes": "see_fleet", "days": "30"},
        headers={"Referer": "http://localhost/profil/cles?evil=//x"},
    )
    assert answer.location == "/confirmer?suite=%2Fprofil%2Fcles"


def test_one_sees_and_ends_ones_other_browsers_only(client_of, submit, house):
    here, there, bobs = client_of("alice"), client_of("alice"), client_of("bob")
    page = here.get("/profil").text
    assert page.count("celui-ci") == 1
    names = re.findall(r'name="session" value="([0-9a-f]{16})"', page)
    assert len(names) == 1
    assert submit(here, "/profil", "/profil/sessions/fermer", session=names[0]).status_code == 303
    assert there.get("/profil").status_code == 303
    with house.core() as core:
        bob = core.scalar(select(UserSession).where(UserSession.user_id == 2))
        name = bob.token_hash.hex()[:16]
    assert submit(here, "/profil", "/profil/sessions/fermer", session=name).status_code == 404
    client_of("alice")
    submit(here, "/profil", "/profil/sessions/fermer")
    assert here.get("/profil").text.count('name="session"') == 0
    assert bobs.get("/profil").status_code == 200


def test_a_key_is_shown_once_and_ended_on_its_page(client_of, submit, app):
    browser = client_of("alice")
    form = {"name": "Rapport <b>", "scopes": "see_fleet", "days": "90"}
    made = submit(browser, "/profil/cles", "/profil/cles", **form)
    key = re.search(r"tbms_test_[^<]+", made.text)[0]
    assert "<b>" not in made.text.split('id="h-keys"')[1].split("</table>")[0]
    live = app.test_client().get("/api/v1/live", headers={"Authorization": f"Bearer {key}"})
    assert live.status_code == 200
    page = browser.get("/profil/cles").text
    assert key not in page
    action = re.search(r'action="(/profil/cles/\d+/revoquer)"', page)[1]
    assert submit(browser, "/profil/cles", action).status_code == 303
    assert "Révoqué" in browser.get("/profil/cles").text
    refused = submit(browser, "/profil/cles", "/profil/cles", **{**form, "name": " "})
    assert refused.status_code == 422


def test_a_guessable_password_is_refused_and_a_change_ends_tokens(client_of, submit, house, app):
    alice = house.persona("alice")
    body = {"email": alice.email, "password": alice.password}
    token = app.test_client().post("/api/v1/tokens", json=body).json["access_token"]
    here = client_of("alice")
    form = {"current": alice.password, "password": "motdepasse2026!"}
    refused = submit(here, "/profil", "/profil/mot-de-passe", **form)
    assert refused.status_code == 422
    assert "parmi les premiers" in refused.text
    done = submit(
        here, "/profil", "/profil/mot-de-passe", **{**form, "password": "une phrase toute neuve"}
    )
    assert done.status_code == 303
    live = app.test_client().get("/api/v1/live", headers={"Authorization": f"Bearer {token}"})
    assert live.status_code == 401
    with house.core() as core:
        actions = core.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
        assert actions == ["token.create", "password.change"]
