"""Sessions: rows that open only for their token, and end when they should."""

import pytest
from sqlalchemy import select

from app.core import auth
from app.core.models import Tenant, User, UserSession
from app.database.base import now_ms


@pytest.fixture
def core(house):
    with house.core() as core:
        yield core


def start(core, house, name="alice"):
    return auth.start_session(
        core, core.get(User, house.persona(name).id), "203.0.113.9", "Firefox"
    )


def test_a_token_finds_its_session_and_the_people_behind_it(core, house):
    token = start(core, house)
    core.commit()
    core.expunge_all()
    found = auth.find_session(core, token)
    core.close()  # everything needed was loaded at once
    assert found.user.email == "alice@laurentia.example"
    assert found.user.tenant.name == "Groupe Laurentia"
    assert found.entered_tenant is None


def test_the_database_does_not_hold_the_token(core, house):
    token = start(core, house)
    row = core.scalars(select(UserSession)).one()
    assert token.encode() not in (row.token_hash, row.csrf.encode())
    assert len(row.token_hash) == 32
    assert auth.find_session(core, row.csrf) is None
    assert auth.find_session(core, "") is None
    assert auth.find_session(core, token.swapcase()) is None


@pytest.mark.sqlite_only
def test_tokens_are_never_alike(core, house):
    assert len({start(core, house) for _ in range(200)}) == 200


@pytest.mark.parametrize(
    ("age", "unused", "alive"),
    [
        (auth.ABSOLUTE_MS - 1000, 0, True),
        (auth.ABSOLUTE_MS, 0, False),
        (auth.IDLE_MS - 1000, auth.IDLE_MS - 1000, True),
        (auth.IDLE_MS, auth.IDLE_MS, False),
    ],
)
@pytest.mark.sqlite_only
def test_idle_and_old_sessions_are_over(core, house, age, unused, alive):
    now = now_ms()
    token = start(core, house)
    row = core.scalars(select(UserSession)).one()
    row.created_at, row.seen_at = now - age, now - unused
    core.flush()
    assert (auth.find_session(core, token, now) is not None) is alive
    auth.forget_old_sessions(core, now)
    assert len(core.scalars(select(UserSession)).all()) == int(alive)


@pytest.mark.sqlite_only
def test_disabled_people_and_suspended_clients_are_out_at_once(core, house):
    alice, mallory = start(core, house), start(core, house, "mallory")
    core.get(User, house.persona("alice").id).status = "disabled"
    core.get(Tenant, 2).status = "suspended"
    core.flush()
    assert auth.find_session(core, alice) is None
    assert auth.find_session(core, mallory) is None


def test_use_is_noted_once_a_minute(core, house):
    token = start(core, house)
    session = auth.find_session(core, token)
    began = session.seen_at
    assert not auth.is_due(session, began + 59_999)
    assert auth.is_due(session, began + 60_000)
    auth.touch_session(core, session.token_hash, began + 60_000)
    core.expire_all()
    assert auth.find_session(core, token, began + 60_000).seen_at == began + 60_000


def test_signing_out_ends_one_session_or_all_others(core, house):
    first, second, third = (start(core, house) for _ in range(3))
    other = start(core, house, "bob")
    auth.end_session(core, first)
    assert auth.find_session(core, first) is None
    kept = auth.find_session(core, second)
    auth.end_sessions_of(core, house.persona("alice").id, keep=kept.token_hash)
    assert auth.find_session(core, third) is None
    assert auth.find_session(core, second) is not None
    auth.end_sessions_of(core, house.persona("alice").id)
    assert auth.find_session(core, second) is None
    assert auth.find_session(core, other) is not None
