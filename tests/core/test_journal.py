"""The record: audit entries in the caller's transaction, log lines nothing can forge."""

import io
import json
import logging

import pytest
from sqlalchemy import select

from app.core import journal
from app.core.models import AuditEntry


@pytest.fixture
def log():
    """A logger of its own, and what it wrote."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(journal.JsonFormatter())
    logger = logging.Logger("test")
    logger.addHandler(handler)
    return logger, stream


def test_an_entry_says_who_did_what_to_what_from_where(house):
    with house.core() as core:
        journal.record(
            core,
            house.principal("alice"),
            "collector.revoke",
            target="collector:7",
            detail={"name": "Entrepôt"},
            address="203.0.113.9",
            request_id="abc",
        )
        core.commit()
    with house.core() as core:
        entry = core.scalars(select(AuditEntry)).one()
    assert (entry.actor, entry.action, entry.target) == (
        "user:1",
        "collector.revoke",
        "collector:7",
    )
    assert (entry.tenant_id, entry.address, entry.request_id) == (1, "203.0.113.9", "abc")
    assert entry.detail == {"name": "Entrepôt"}
    assert entry.at > 0


@pytest.mark.sqlite_only
def test_what_did_not_happen_is_not_recorded(house):
    with house.core() as core:
        journal.record(core, house.principal("alice"), "user.create")
        core.rollback()
    with house.core() as core:
        assert len(core.scalars(select(AuditEntry)).all()) == 0


@pytest.mark.sqlite_only
def test_what_nobody_did_is_recorded_too_and_long_texts_are_cut(house):
    with house.core() as core:
        entry = journal.record(core, None, "session.refuse", target="x" * 500, address="y" * 99)
        core.commit()
    assert (entry.actor, len(entry.target), len(entry.address)) == ("nobody", 120, 45)


def test_a_log_line_is_one_json_object_with_its_context(log):
    logger, stream = log
    token = journal.about.set({"request_id": "abc", "tenant": 1})
    logger.warning("refused %s", 'a\r\n{"level":"forged"}\x1b[31m\u2028')
    journal.about.reset(token)
    (line,) = stream.getvalue().splitlines()
    told = json.loads(line)
    assert told["message"] == 'refused a\r\n{"level":"forged"}\x1b[31m\u2028'
    assert (told["level"], told["request_id"], told["tenant"]) == ("WARNING", "abc", 1)


def test_a_failure_keeps_its_trace_on_the_same_line(log):
    logger, stream = log
    try:
        raise ValueError("broken\npack")
    except ValueError:
        logger.exception("failed")
    (line,) = stream.getvalue().splitlines()
    assert "broken\npack" in json.loads(line)["error"]


def test_request_identifiers_are_short_and_different():
    made = {journal.new_request_id() for _ in range(1000)}
    assert len(made) == 1000
    assert all(len(name) == 16 and int(name, 16) >= 0 for name in made)
