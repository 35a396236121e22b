"""Signing in, as a browser does over HTTPS: cookies, fixation, failures, the wrong host."""

import re
from dataclasses import replace

import pytest
from sqlalchemy import select

from app import create_app
from app.core.auth import find_session
from app.core.models import UserSession

pytestmark = pytest.mark.sqlite_only

SITE = "https://portal.example"


@pytest.fixture
def browser(house):
    app = create_app(replace(house.settings, public_url=SITE, require_second_factor="off"))
    app.testing = True
    yield app.test_client()
    app.extensions["engines"].dispose()


def form_token(browser):
    page = browser.get("/connexion", base_url=SITE)
    return re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]


def sign_in(browser, email, password, **more):
    return browser.post(
        "/connexion",
        base_url=SITE,
        data={"email": email, "password": password, "csrf_token": form_token(browser), **more},
    )


def cookies(answer):
    return {text.partition("=")[0]: text for text in answer.headers.getlist("Set-Cookie")}


def test_the_session_cookie_is_for_this_host_over_https_and_not_for_scripts(browser, house):
    alice = house.persona("alice")
    answer = sign_in(browser, alice.email, alice.password)
    assert answer.status_code == 303
    cookie = cookies(answer)["__Host-sid"]
    for attribute in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax"):
        assert attribute in cookie.split("; ")
    assert "Domain" not in cookie
    assert browser.get("/api/v1/live", base_url=SITE).status_code == 200


def test_the_cookie_of_the_form_is_as_careful(browser):
    cookie = cookies(browser.get("/connexion", base_url=SITE))["__Host-form"]
    for attribute in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax"):
        assert attribute in cookie.split("; ")


def test_a_token_planted_before_signing_in_is_not_kept(browser, house):
    alice = house.persona("alice")
    browser.set_cookie("__Host-sid", "planted" * 7, domain="portal.example", secure=True)
    sign_in(browser, alice.email, alice.password)
    token = browser.get_cookie("__Host-sid", domain="portal.example").value
    assert "planted" not in token
    with house.core() as core:
        assert find_session(core, token).user.email == alice.email
        assert find_session(core, "planted" * 7) is None


def test_signing_out_clears_what_the_browser_kept(client_of, house):
    browser = client_of("bob")
    with house.core() as core:
        csrf = core.scalar(select(UserSession.csrf))
    answer = browser.post("/deconnexion", data={"csrf_token": csrf})
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert "Clear-Site-Data" not in browser.get("/connexion").headers


def test_signing_out_ends_the_session_and_not_only_the_cookie(browser, house):
    alice = house.persona("alice")
    sign_in(browser, alice.email, alice.password)
    token = browser.get_cookie("__Host-sid", domain="portal.example").value
    with house.core() as core:
        csrf = find_session(core, token).csrf
    answer = browser.post("/deconnexion", base_url=SITE, data={"csrf_token": csrf})
    assert answer.status_code == 303
    assert "__Host-sid=;" in cookies(answer)["__Host-sid"]
    browser.set_cookie("__Host-sid", token, domain="portal.example", secure=True)
    assert browser.get("/api/v1/live", base_url=SITE).status_code == 401


def test_failures_look_alike_and_run_out(browser, house):
    alice = house.persona("alice")
    wrong = sign_in(browser, alice.email, "wrong")
    unknown = sign_in(browser, "nobody@laurentia.example", "wrong")
    assert wrong.status_code == unknown.status_code == 401
    assert _without_names(wrong) == _without_names(unknown)
    answers = [sign_in(browser, alice.email, "wrong").status_code for _ in range(5)]
    assert answers == [401] * 4 + [429]
    refused = sign_in(browser, alice.email, alice.password)
    assert (refused.status_code, refused.mimetype) == (429, "text/html")
    assert int(refused.headers["Retry-After"]) > 0
    assert "__Host-sid" not in cookies(refused)


def _without_names(answer):
    text = re.sub(r'value="[^"]*"|nonce="[^"]*"', "", answer.text)
    return re.sub(r"[\w.]+@[\w.]+", "", text)


@pytest.mark.parametrize(
    ("wanted", "got"),
    [
        ("/batteries?type=1", "/batteries?type=1"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_one_only_ever_goes_on_to_a_page_of_ones_own(browser, house, wanted, got):
    alice = house.persona("alice")
    assert sign_in(browser, alice.email, alice.password, suite=wanted).location == got


def test_the_portal_answers_to_its_own_name_only(browser):
    assert browser.get("/connexion", base_url="https://evil.example").status_code == 400
    assert browser.get("/connexion", base_url=SITE + ":443").status_code == 200


def test_browsers_are_told_to_stay_on_https(browser):
    headers = browser.get("/connexion", base_url=SITE).headers
    assert headers["Strict-Transport-Security"].startswith("max-age=31536000")
