"""A write sent twice under one key is done once, and answered alike."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, update

from app.clients.models import Location
from app.core.models import Claim
from app.gateway.idempotency import BUSY_MS
from app.gateway.models import KEPT_MS, IdempotencyKey

PATH = "/api/v1/locations"


def named(key="once-1"):
    return {"Idempotency-Key": key}


def places(house):
    with house.tenant() as session:
        return session.scalar(select(func.count(Location.id)))


def test_the_second_answer_is_the_first(client_of, house):
    browser = client_of("alice")
    first = browser.post(PATH, json={"name": "Quai"}, headers=named())
    again = browser.post(PATH, json={"name": "Quai"}, headers=named())
    assert first.status_code == again.status_code == 201
    assert (again.data, again.headers["ETag"]) == (first.data, first.headers["ETag"])
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert places(house) == 3


def test_a_key_belongs_to_one_request_and_one_caller(client_of, house):
    browser = client_of("alice")
    browser.post(PATH, json={"name": "Quai"}, headers=named())
    other = browser.post(PATH, json={"name": "Pont"}, headers=named())
    assert (other.status_code, other.json["code"]) == (409, "key_reused")
    neighbour = client_of("mallory").post(PATH, json={"name": "Quai"}, headers=named())
    assert (neighbour.status_code, neighbour.json["id"]) == (201, 3)
    assert places(house) == 3


def test_what_failed_may_be_tried_again(client_of):
    browser = client_of("alice")
    taken = {"name": "Parc des Érables"}
    for _ in range(2):
        answer = browser.post(PATH, json=taken, headers=named())
        assert (answer.status_code, answer.json["code"]) == (409, "name_taken")
    assert browser.post(PATH, json={"name": "Libre"}, headers=named()).status_code == 201


def test_of_many_at_once_one_is_done(app, client_of, house):
    token = client_of("alice").get_cookie("sid").value

    def send(_):
        browser = app.test_client()
        browser.set_cookie("sid", token)
        return browser.post(PATH, json={"name": "Quai"}, headers=named())

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))
    assert {answer.status_code for answer in answers} <= {201, 503}
    assert sum(answer.status_code == 201 for answer in answers) >= 1
    busy = [answer for answer in answers if answer.status_code == 503]
    assert all(answer.json["code"] in ("in_progress", "database") for answer in busy)
    assert all(answer.headers["Retry-After"] for answer in busy)
    assert places(house) == 3


@pytest.mark.parametrize("status", [201, None])
def test_old_keys_are_free_again(client_of, house, status):
    browser = client_of("alice")
    browser.post(PATH, json={"name": "Quai"}, headers=named())
    with house.core() as core:
        old = IdempotencyKey.created_at - KEPT_MS - 1
        core.execute(update(IdempotencyKey).values(created_at=old, status=status))
        core.commit()
    assert browser.post(PATH, json={"name": "Pont"}, headers=named()).status_code == 201


@pytest.mark.parametrize(("age", "status", "code"), [
    (0, 503, "in_progress"), (BUSY_MS + 1, 409, "outcome_unknown"),
])  # fmt: skip
def test_a_write_whose_process_died_is_never_done_twice(client_of, house, age, status, code):
    """It was committed, and its answer was not kept: what a kill between the two leaves."""
    browser = client_of("alice")
    browser.post(PATH, json={"name": "Quai"}, headers=named())
    with house.core() as core:
        died = {"status": None, "answer": None, "created_at": IdempotencyKey.created_at - age}
        core.execute(update(IdempotencyKey).values(died))
        core.commit()
    again = browser.post(PATH, json={"name": "Quai"}, headers=named())
    assert (again.status_code, again.json["code"]) == (status, code)
    assert places(house) == 3
    assert browser.post(PATH, json={"name": "Pont"}, headers=named("once-2")).status_code == 201


def test_what_is_shown_once_cannot_be_read_from_the_table(client_of, house):
    path, body = "/api/v1/collectors/claims", {"name": "Quai"}
    code = client_of("alice").post(path, json=body, headers=named()).json["code"]
    with house.core() as core:
        kept = core.scalars(select(IdempotencyKey)).one()
        assert code.encode() not in kept.answer
        assert core.scalar(select(func.count(Claim.id))) == 1
    assert client_of("alice").post(path, json=body, headers=named()).json["code"] == code


@pytest.mark.sqlite_only
@pytest.mark.parametrize("key", ["", "x" * 65, "é"])
def test_an_unusable_key_is_refused(client_of, key):
    answer = client_of("alice").post(PATH, json={"name": "Quai"}, headers=named(key))
    assert (answer.status_code, answer.json["code"]) == (422, "bad_key")


@pytest.mark.sqlite_only
@pytest.mark.parametrize("body", [{"time_zone": "Nowhere/At-All"}, {"status": "active"}])
def test_a_write_under_a_key_never_waits_for_its_own_lock(client_of, body):
    """SQLite has one writer: what a view began, or read after its commit, must not hold it."""
    browser, path = client_of("sam"), "/api/v1/clients/1"
    headers = named() | {"If-Match": browser.get(path).headers["ETag"]}
    began = time.monotonic()
    answer = browser.patch(path, json=body, headers=headers)
    assert answer.status_code in (200, 422)
    assert time.monotonic() - began < 3


def test_settings_under_a_key_are_kept_once(client_of):
    path, body = "/api/v1/modules/web/config", {"poll_seconds": 2.0}
    answers = [client_of("sam").put(path, json=body, headers=named()) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[1].headers["Idempotent-Replayed"] == "true"
