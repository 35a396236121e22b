"""What core said of a caller is believed for five seconds at most, and never after it changed."""

import pytest
from sqlalchemy import update

from app.core import auth
from app.core.models import Collector, User, UserSession
from app.database import remembered
from app.database.engines import Engines
from app.database.remembered import Remembered
from app.database.sessions import open_core
from collector.wire import envelope
from tests.site import Site, reading
from tests.statements import statements

POLL = "/api/v1/live"


@pytest.fixture
def elsewhere(house):
    """Another process of the same host: a command, a cron job, a second worker."""
    with Engines(house.settings) as engines:
        yield lambda: open_core(engines, writes=True)


def test_the_second_request_asks_core_nothing(client_of):
    browser = client_of("alice")
    browser.get(POLL)
    with statements() as seen:
        assert browser.get(POLL).status_code == 200
    assert not [text for text in seen if "user_sessions" in text]


@pytest.mark.parametrize(
    "end",
    [
        lambda core, user: auth.end_sessions_of(core, user),
        lambda core, user: core.execute(update(User).values(status="disabled")),
        lambda core, user: setattr(core.get(User, user), "status", "disabled"),
        lambda core, user: setattr(core.get(User, user).tenant, "status", "suspended"),
    ],
    ids=["sessions ended", "disabled in bulk", "disabled", "client suspended"],
)
def test_what_another_process_ends_is_over_at_once(house, client_of, elsewhere, end):
    browser = client_of("alice")
    assert browser.get(POLL).status_code == 200
    with elsewhere() as core:
        end(core, house.persona("alice").id)
        core.commit()
    assert browser.get(POLL).status_code == 401


def test_a_change_past_this_program_is_seen_within_five_seconds(house, client_of, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(remembered.time, "monotonic", lambda: clock[0])
    browser = client_of("alice")
    assert browser.get(POLL).status_code == 200
    with house.engines.core.begin() as connection:  # no session, so nobody is told
        connection.execute(UserSession.__table__.delete())
    clock[0] += remembered.HELD_SECONDS
    assert browser.get(POLL).status_code == 401


def test_what_was_rolled_back_is_told_to_nobody(house, client_of, elsewhere):
    browser = client_of("alice")
    browser.get(POLL)
    with elsewhere() as core:
        auth.end_sessions_of(core, house.persona("alice").id)
        core.rollback()
    with statements() as seen:
        assert browser.get(POLL).status_code == 200
    assert not [text for text in seen if "user_sessions" in text]


def test_a_use_noted_makes_nobody_ask_again(house, client_of, elsewhere):
    browser = client_of("alice")
    browser.get(POLL)
    with elsewhere() as core:
        auth.touch_session(core, bytes(32))
        core.commit()
    with statements() as seen:
        browser.get(POLL)
    assert not [text for text in seen if "user_sessions" in text]


def test_a_revoked_collector_is_refused_at_once(house, app, elsewhere):
    site = Site(house)
    body = envelope.encode(site.batch(reading(ts=site.now)))
    assert site.post(app.test_client(), body).status_code == 200
    with elsewhere() as core:
        core.get(Collector, site.id).status = "revoked"
        core.commit()
    assert site.post(app.test_client(), body).json["code"] == "revoked"


def test_a_signature_is_checked_of_whoever_is_remembered(house, app):
    site, other = Site(house), Site(house, key_id="site-2")
    body = envelope.encode(site.batch(reading(ts=site.now)))
    assert site.post(app.test_client(), body).status_code == 200
    site.key = other.key
    assert site.post(app.test_client(), body).json["code"] == "bad_signature"


@pytest.mark.sqlite_only
def test_a_file_that_cannot_be_written_leaves_the_five_seconds(tmp_path, caplog):
    (tmp_path / "blocked").write_text("")
    known = Remembered(tmp_path / "blocked" / "core.changed")
    assert known.get("k", lambda: 1) == 1 and known.get("k", lambda: 2) == 1
    known.changed()
    assert known.get("k", lambda: 3) == 3
    assert "only later" in caplog.text


@pytest.mark.sqlite_only
def test_no_more_is_kept_than_is_allowed(tmp_path, monkeypatch):
    monkeypatch.setattr(remembered, "KEPT", 3)
    known = Remembered(tmp_path / "core.changed")
    for number in range(9):
        known.get(number, lambda: "x")
    assert len(known._known) == 3
    assert known.get("nobody", lambda: None) is None and "nobody" not in known._known
