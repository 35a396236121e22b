"""Webhooks as a resource: made with an address that is called, tried, and taken away."""

from dataclasses import replace

import pytest

from app import create_app
from app.core.auth import start_session, token_digest
from app.core.models import User, UserSession
from app.core.notices import Webhook

pytestmark = pytest.mark.sqlite_only


@pytest.fixture
def ask(post, house):
    """`ask("POST", "/webhooks", json=…)` as an administrator of Laurentia."""
    yield from asking(house, 1)


@pytest.fixture
def mallory(post, house):
    """The same as the administrator of the client next door."""
    yield from asking(house, 5)


def asking(house, user_id: int):
    app = create_app(replace(house.settings, webhook_networks="127.0.0.1/32"))
    with house.core() as core:
        token = start_session(core, core.get(User, user_id))
        core.commit()
        csrf = core.get(UserSession, token_digest(token)).csrf
    browser = app.test_client()
    browser.set_cookie("sid", token)
    headers = {"X-CSRF-Token": csrf, "Sec-Fetch-Site": "same-origin"}
    yield lambda method, path, **given: browser.open(
        f"/api/v1{path}", method=method, headers=headers, **given
    )
    app.extensions["engines"].dispose()


def made(ask, url: str):
    body = {"name": "GMAO", "url": url, "severities": ["critical"]}
    return ask("POST", "/webhooks", json=body)


def test_a_secret_is_shown_once(ask, receiver, house):
    answer = made(ask, receiver.url)
    assert answer.status_code == 201 and answer.json["secret"].startswith("whsec_")
    listed = ask("GET", "/webhooks").json["items"]
    assert [each["name"] for each in listed] == ["GMAO"]
    assert "secret" not in listed[0] and "url" not in listed[0]
    with house.core() as core:
        row = core.query(Webhook).one()
        assert receiver.url.encode() not in row.url_sealed


@pytest.mark.parametrize(
    "url", ["https://10.0.0.1/", "https://169.254.169.254/x", "ftp://x.example"]
)
def test_an_address_inside_is_refused_when_it_is_made(ask, url):
    answer = made(ask, url)
    assert answer.status_code == 422 and "url" in answer.text


def test_a_trial_says_what_was_answered_and_switches_it_on_again(ask, receiver, house):
    number = made(ask, receiver.url).json["id"]
    receiver.status = 500
    assert ask("POST", f"/webhooks/{number}/test").json["ok"] is False
    with house.core() as core:
        core.get(Webhook, number).active = False
        core.commit()
    receiver.status = 204
    assert ask("POST", f"/webhooks/{number}/test").json == {"ok": True, "answer": "204"}
    assert ask("GET", "/webhooks").json["items"][0]["active"] is True
    assert len(receiver.got) == 2


def test_it_is_taken_away(ask, receiver):
    number = made(ask, receiver.url).json["id"]
    assert ask("DELETE", f"/webhooks/{number}").status_code == 200
    assert ask("GET", "/webhooks").json["items"] == []
    assert ask("DELETE", f"/webhooks/{number}").status_code == 404


def test_what_was_told_can_be_listed(ask, post, letters):
    number = post.alert()
    post.deliver()
    answer = ask("GET", f"/deliveries?alert={number}")
    assert answer.status_code == 200, answer.text
    found = answer.json["items"]
    assert {each["recipient"] for each in found} == {"user:1", "user:2"}
    assert all(each["ok"] and each["event"] == "fired" for each in found)


def test_the_client_next_door_finds_nothing(ask, mallory, receiver, post):
    number = made(ask, receiver.url).json["id"]
    post.alert()
    post.deliver()
    assert mallory("GET", "/webhooks").json["items"] == []
    assert mallory("GET", "/deliveries").json["items"] == []
    assert mallory("POST", f"/webhooks/{number}/test").status_code == 404
    assert mallory("DELETE", f"/webhooks/{number}").status_code == 404
