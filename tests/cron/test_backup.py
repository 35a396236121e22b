"""The job of backups: once a day, and it says what it did."""

from dataclasses import replace

import pyrage
import pytest
from sqlalchemy import select

from app.core.models import JobRun
from app.database import backups
from app.database.engines import Engines
from cron.backup import JOB
from cron.run import Outcome, run


def _messages(house):
    with house.core() as core:
        return core.scalars(select(JobRun.message).order_by(JobRun.id)).all()


def test_it_makes_one_a_day_and_proves_a_database(house):
    public = str(pyrage.x25519.Identity.generate().to_public())
    with Engines(replace(house.settings, backup_key=public)) as engines:
        assert run(JOB, engines) is Outcome.OK
        assert run(JOB, engines) is Outcome.OK
        assert len(backups.stored(engines.settings)) == 1
    first, second = _messages(house)
    assert "4 parcels" in first
    assert "proved" in first
    assert second == ""


@pytest.mark.sqlite_only
def test_a_place_that_fails_fails_the_job(house):
    public = str(pyrage.x25519.Identity.generate().to_public())
    settings = replace(
        house.settings, backup_key=public, backup_copies="webdav://u:secret-word@127.0.0.1:9/"
    )
    with Engines(settings) as engines:
        assert run(JOB, engines) is Outcome.FAILED
    (message,) = _messages(house)
    assert "webdav://127.0.0.1/" in message
    assert "secret-word" not in message


@pytest.mark.sqlite_only
def test_without_a_key_it_says_so(house):
    assert run(JOB, house.engines) is Outcome.OK
    assert "BACKUP_KEY" in _messages(house)[0]
