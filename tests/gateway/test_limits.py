"""Limits: counted exactly across processes, never locking out a person by somebody else's failures."""

import multiprocessing
import sqlite3
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask, Response, request
from flask_login import LoginManager
from werkzeug.exceptions import HTTPException

from app.gateway import devices, language, limits, problems
from app.gateway.counters import CountersFile
from app.settings import Settings

MARKS = {"sign-in": limits.SIGN_IN, "enrol": limits.ENROL, "ingest": limits.INGEST}
ALICE = {"email": "alice@laurentia.example"}


@pytest.fixture
def counters(tmp_path):
    return tmp_path / "limits.sqlite3"


@pytest.fixture
def tried(tmp_path, counters):
    """An application whose views fail on request, under the portal's own limits."""
    app = Flask("tried")
    app.config["SECRET_KEY"] = "x" * 40
    app.extensions["engines"] = SimpleNamespace(settings=Settings(secret_key="x" * 40))
    LoginManager(app).request_loader(lambda request: None)
    language.init_app(app, Settings(secret_key="x" * 40, data_dir=tmp_path))
    app.register_error_handler(HTTPException, problems.tell_http_error)
    for name, marked in MARKS.items():
        app.add_url_rule(f"/api/{name}", name, _view(name, marked), methods=["POST"])
    limits.init_app(app, f"counters://{counters}")
    return app


def _view(name, marked):
    def view():
        if request.form["answer"] == "401" and name == "sign-in":
            limits.note_failure()
        return "", int(request.form["answer"])

    view.__qualname__ = name  # Flask-Limiter tells views apart by it
    return limits.limited(marked)(view)


def attempt(app, answer=401, name="sign-in", address="203.0.113.9", headers=None, **form):
    return app.test_client().post(
        f"/api/{name}",
        data={"answer": answer, **form},
        environ_base={"REMOTE_ADDR": address},
        headers=headers,
    )


def test_failures_of_one_account_from_one_address_run_out(tried):
    assert [attempt(tried, **ALICE).status_code for _ in range(6)] == [401] * 5 + [429]
    assert attempt(tried, 200, email=" ALICE@laurentia.example").status_code == 429
    assert attempt(tried, 200, email="bob@laurentia.example").status_code == 200
    assert attempt(tried, 200, address="198.51.100.7", **ALICE).status_code == 200


def test_successes_cost_nothing(tried):
    assert {attempt(tried, 200, **ALICE).status_code for _ in range(20)} == {200}


def test_one_address_cannot_try_many_accounts(tried):
    answers = [attempt(tried, email=f"u{n}@x.example").status_code for n in range(51)]
    assert answers == [401] * 50 + [429]
    assert attempt(tried, 200, address="198.51.100.7", **ALICE).status_code == 200


def test_an_account_tried_from_everywhere_leaves_one_try_to_each_place(tried):
    def answers(n, address):
        return [attempt(tried, address=address, **ALICE).status_code for _ in range(n)]

    assert answers(3, "198.51.100.1") == [401] * 3
    for n in range(limits.ATTACK):
        attempt(tried, address=f"198.51.{n // 50}.{n % 50}", **ALICE)
    assert answers(2, "203.0.113.77") == [401, 429]
    assert attempt(tried, 200, address="203.0.113.78", **ALICE).status_code == 200
    assert attempt(tried, address="203.0.113.77", email="bob@x.example").status_code == 401


def test_a_browser_that_knows_the_account_has_tries_of_its_own(tried):
    for n in range(limits.ATTACK + 1):
        attempt(tried, address=f"198.51.{n // 50}.{n % 50}", **ALICE)
    for _ in range(6):
        attempt(tried, **ALICE)
    assert attempt(tried, 200, **ALICE).status_code == 429
    browser = tried.test_client()
    with tried.test_request_context():
        made = devices.remember_device(Response(), ALICE["email"])
    browser.set_cookie("device", made.headers["Set-Cookie"].partition("=")[2].partition(";")[0])

    def try_at_home(answer, **form):
        return browser.post(
            "/api/sign-in",
            data={"answer": answer, **form},
            environ_base={"REMOTE_ADDR": "203.0.113.9"},
        ).status_code

    assert [try_at_home(401, **ALICE) for _ in range(4)] == [401] * 4
    assert try_at_home(200, **ALICE) == 200
    assert try_at_home(401, email="bob@laurentia.example") == 401
    browser.set_cookie("device", "forged.x.y")
    assert try_at_home(200, **ALICE) == 429


def test_a_household_of_ipv6_is_one_address(tried):
    answers = [
        attempt(tried, address=f"2001:db8:1:2::{n:x}", name="enrol").status_code for n in range(6)
    ]
    assert answers == [401] * 5 + [429]
    assert attempt(tried, address="2001:db8:1:3::1", name="enrol").status_code == 401


def test_collectors_are_counted_by_their_key(tried):
    for _ in range(600):
        assert attempt(tried, 200, "ingest", headers={"X-TBMS-Key": "one"}).status_code == 200
    assert attempt(tried, 200, "ingest", headers={"X-TBMS-Key": "one"}).status_code == 429
    assert attempt(tried, 200, "ingest", headers={"X-TBMS-Key": "two"}).status_code == 200


def test_the_refusal_says_when_to_come_back(tried):
    for _ in range(5):
        attempt(tried, **ALICE)
    refused = attempt(tried, **ALICE)
    assert 0 < int(refused.headers["Retry-After"]) <= 15 * 60 + 1
    assert (refused.mimetype, refused.json["code"]) == (
        "application/problem+json",
        "too_many_requests",
    )


def test_processes_count_together(counters):
    CountersFile(f"counters://{counters}").incr("warm", 60)
    with multiprocessing.get_context("fork").Pool(4, initializer=lambda: None) as pool:
        seen = pool.map(_count, [str(counters)] * 4)
    assert sorted(number for part in seen for number in part) == list(range(1, 1001))


def _count(path: str) -> list[int]:
    storage = CountersFile(f"counters://{path}")
    return [storage.incr("shared", 60) for _ in range(250)]


def _acquire(path: str) -> int:
    storage = CountersFile(f"counters://{path}")
    return sum(storage.acquire_sliding_window_entry("one", 100, 86_400) for _ in range(250))


def test_of_a_thousand_tries_in_four_processes_exactly_the_limit_passes(counters):
    CountersFile(f"counters://{counters}").incr("warm", 60)
    with multiprocessing.get_context("fork").Pool(4, initializer=lambda: None) as pool:
        assert sum(pool.map(_acquire, [str(counters)] * 4)) == 100


def test_a_new_window_forgives_by_and_by(counters, monkeypatch):
    """Just after a full window nothing passes; half-way through the next, half of the limit."""
    storage, clock = CountersFile(f"counters://{counters}"), SimpleNamespace(now=6_000_000.0)
    monkeypatch.setattr("app.gateway.counters.time", SimpleNamespace(time=lambda: clock.now))

    def passed():
        return sum(storage.acquire_sliding_window_entry("a", 10, 600) for _ in range(30))

    assert passed() == 10
    assert storage.get_sliding_window("a", 600) == (0, 600, 10, 1200)
    clock.now += 600
    assert passed() == 0
    clock.now += 300
    assert passed() == 5
    clock.now += 1200
    assert passed() == 10
    storage.clear_sliding_window("a", 600)
    assert passed() == 10


def test_a_window_ends(counters):
    storage = CountersFile(f"counters://{counters}")
    assert storage.incr("a", 60) == 1
    assert storage.incr("a", 60, amount=2) == 3
    assert storage.get("a") == 3
    assert storage.get_expiry("a") == pytest.approx(time.time() + 60, abs=2)
    with sqlite3.connect(counters) as db:
        db.execute("UPDATE counters SET expires = ?", (time.time() - 1,))
    assert storage.get("a") == 0
    assert storage.incr("b", 60) == 1
    with sqlite3.connect(counters) as db:
        assert db.execute("SELECT key FROM counters").fetchall() == [("b",)]
    storage.clear("b")
    assert storage.get("b") == 0


def test_without_its_file_a_process_counts_alone(tried, counters):
    storage = tried.extensions["limits"].storage
    storage.clear("opened")
    storage._db.close()  # what a lost disk looks like from here
    assert [attempt(tried, **ALICE).status_code for _ in range(6)] == [401] * 5 + [429]


def test_the_address_of_a_mapped_client_is_its_ipv4_one():
    app = Flask("t")
    with app.test_request_context(environ_base={"REMOTE_ADDR": "::ffff:203.0.113.9"}):
        assert limits.client_address() == "203.0.113.9"


def test_counters_are_private_to_their_file(tmp_path):
    one, other = (CountersFile(f"counters://{tmp_path / name}") for name in ("a", "b"))
    one.incr("k", 60)
    assert (one.get("k"), other.get("k")) == (1, 0)
    assert one.check()
    assert Path(tmp_path / "a").is_file()
