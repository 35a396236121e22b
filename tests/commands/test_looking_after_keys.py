"""`flask keys`, `flask audit`, `flask privacy`: what an operator does and sees."""

import json

import pytest
from sqlalchemy import select, text

from app.clients.models import Battery
from app.core.journal import record
from app.core.models import AuditEntry, User, UserSession
from app.database.vault import CORE
from tests.house import PERSONAS


@pytest.fixture
def run(app):
    """`run("keys", "status")`: what was printed; the exit code must be the one expected."""

    def type_it(*words, code=0):
        result = app.test_cli_runner().invoke(args=list(words))
        assert result.exit_code == code, result.output
        return result.output

    return type_it


def test_keys_are_renewed_while_everything_stays_readable(run, app, house):
    assert "rows sealed with an older data key: 0" in run("keys", "status")
    assert "5 rows sealed anew" in run("keys", "rotate", "--data")
    assert "rows sealed with an older data key: 0" in run("keys", "status")
    with house.core() as core:
        people = core.scalars(select(User)).all()
        assert {user.email for user in people} == {p.email for p in PERSONAS.values()}
        assert {user.email_sealed[:3] for user in people} == {b"\x01\x00\x02"}


def test_an_interrupted_renewal_is_finished_by_the_next(run, app, house):
    app.extensions["engines"].vault.renew(CORE)
    assert "rows sealed with an older data key: 5" in run("keys", "status")
    assert "5 rows sealed anew" in run("keys", "rotate")
    assert app.extensions["engines"].vault.keys(CORE).newest == 2


def test_clients_keys_are_renewed_too(run, app, house):
    with house.tenant(writes=True) as session:
        session.get_one(Battery, 1).responsible = "Dana"
        session.commit()
    app.extensions["engines"].vault.renew(1)
    assert "rows sealed with an older data key: 1" in run("keys", "status")
    assert "6 rows sealed anew" in run("keys", "rotate", "--data")
    assert "rows sealed with an older data key: 0" in run("keys", "status")
    with house.tenant() as session:
        battery = session.get_one(Battery, 1)
        assert (battery.responsible, battery.responsible_sealed[:3]) == ("Dana", b"\x01\x00\x02")


def test_a_rewritten_trail_is_named(run, house):
    with house.core() as core:
        for n in range(3):
            record(core, house.principal("alice"), f"trial.{n}")
        core.commit()
    assert "ok     client 1: 3 entries" in run("audit", "verify")
    run("audit", "anchor")
    with house.engines.core.execution_options(writes=True).begin() as connection:
        connection.execute(text("UPDATE audit_log SET action = 'x' WHERE tenant_id = 1 AND n = 2"))
    assert "BROKEN client 1: entry 2: the entry was altered" in run("audit", "verify", code=1)
    assert "BROKEN" in run("audit", "verify", "--tenant", "laurentia", code=1)
    assert "ok" in run("audit", "verify", "--tenant", "boreal", code=0)


def test_a_person_gets_all_that_is_known_and_can_be_forgotten(run, house, client_of):
    bob = PERSONAS["bob"]
    client_of("bob")
    with house.core() as core:
        record(core, house.principal("bob"), "session.start", address="203.0.113.7")
        core.commit()
    known = json.loads(run("privacy", "export", bob.email))
    assert (known["person"]["email"], known["person"]["name"]) == (bob.email, "Bob")
    assert len(known["sessions"]) == 1
    assert "session.start" in [entry["action"] for entry in known["journal"]]

    run("privacy", "erase", bob.email, "--yes")
    with house.core() as core:
        user = core.get(User, bob.id)
        assert (user.email, user.name, user.password_hash, user.email_index) == (None,) * 4
        assert (user.email_sealed, user.name_sealed, user.status) == (b"", b"", "erased")
        assert core.scalars(select(UserSession)).all() == []
        did = core.scalars(select(AuditEntry.action).where(AuditEntry.actor == "user:2")).all()
        assert did == ["session.start"], "what was done stays, under a number"
    assert "nobody with this address" in run("privacy", "export", bob.email, code=1)
    assert "ok     client 1" in run("audit", "verify")
