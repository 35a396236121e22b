"""When a database gives up, the push is repeated or refused for later; it is never half stored."""

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from app.clients.models import Asset
from app.connector import attempts
from app.connector.attempts import persistently
from app.database import engines as engines_
from app.database.engines import DATABASE
from app.errors import Unavailable
from app.processor.models import LiveRevision
from tests.site import minute

NOTHING = {"assets": 5, "live": 0, "chunks": 0, "batches": 0}


def file_of(house):
    return Path(make_url(house.refs["laurentia"].url).database)


@pytest.fixture
def impatient(monkeypatch):
    """The pauses between tries, not slept."""
    pauses = []
    monkeypatch.setattr(attempts.time, "sleep", pauses.append)
    return pauses


@pytest.mark.sqlite_only
def test_a_database_that_is_gone_is_worth_another_try(house, site, contents):
    path = file_of(house)
    hidden = path.rename(path.with_suffix(".away"))
    path.mkdir()
    with pytest.raises(Unavailable) as caught:
        site.push(site.batch(*minute("NEW-1", site.now)), seq=1)
    assert caught.value.retry_after > 0
    path.rmdir()
    hidden.rename(path)
    assert contents() == NOTHING
    assert site.push(site.batch(*minute("NEW-1", site.now)), seq=1).status == "stored"


@pytest.mark.sqlite_only
def test_a_locked_database_is_worth_another_try(house, site, contents, monkeypatch):
    monkeypatch.setattr(engines_, "BUSY_MS", 50)
    with sqlite3.connect(file_of(house), isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable):
            site.push(site.batch(*minute("NEW-1", site.now)))
        other.execute("ROLLBACK")
    assert contents() == NOTHING


@pytest.mark.sqlite_only
def test_a_full_disk_is_named(house, site, contents):
    engine = house.engines.tenant(house.refs["laurentia"])
    with engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
    engine.dispose()

    @event.listens_for(engine, "connect")
    def full(connection, _):
        connection.execute(f"PRAGMA max_page_count={pages}")

    wide = [r for n in range(40) for r in minute(f"PACK-{n}", site.now)]
    with pytest.raises(Unavailable) as caught:
        site.push(site.batch(*wide))
    assert caught.value.code == "storage_full"
    assert contents() == NOTHING


def test_failing_at_the_end_leaves_nothing(house, site, contents):
    name = house.refs["laurentia"].url.rpartition("/")[2]

    @event.listens_for(Engine, "commit")
    def lost(connection):
        database = connection.get_execution_options().get(DATABASE, connection.engine.url.database)
        if not database.endswith(name):
            return
        raise OperationalError("COMMIT", {}, sqlite3.OperationalError("disk I/O error"))

    with pytest.raises(Unavailable):
        site.push(site.batch(*minute("NEW-1", site.now)), seq=1)
    event.remove(Engine, "commit", lost)
    assert contents() == NOTHING
    assert site.push(site.batch(*minute("NEW-1", site.now)), seq=1).status == "stored"


def test_losing_the_core_after_the_commit_does_not_deny_the_receipt(house, site, contents, caplog):
    @event.listens_for(house.engines.core, "before_cursor_execute")
    def fails(connection, cursor, statement, *_):
        if statement.startswith("UPDATE collectors"):
            raise OperationalError(statement, {}, sqlite3.OperationalError("gone"))

    assert site.push(site.batch(*minute("NEW-1", site.now))).status == "stored"
    event.remove(house.engines.core, "before_cursor_execute", fails)
    assert contents()["chunks"] == 1 and "not noted" in caplog.text


class _Driver(Exception):
    pass


def _error(code):
    return OperationalError("SELECT 1", {}, _Driver(code, "no"))


@pytest.mark.sqlite_only
@pytest.mark.parametrize("code", [1213, 1205, 2006, 2013])
def test_what_may_pass_is_tried_three_times(impatient, code):
    calls = []

    def unit():
        calls.append(1)
        if len(calls) < 3:
            raise _error(code)
        return "done"

    assert persistently(unit) == "done"
    assert len(calls) == 3 and len(impatient) == 2


@pytest.mark.sqlite_only
@pytest.mark.parametrize("code", [1040, 1044, 1049, 2003])
def test_what_will_not_pass_is_not_tried_again(impatient, code):
    def unit():
        raise _error(code)

    with pytest.raises(Unavailable):
        persistently(unit)
    assert not impatient


@pytest.mark.mariadb_only
def test_a_deadlock_is_repeated(house, site, contents):
    """Somebody holds an asset and wants the revision, which the push holds while it wants assets."""
    with house.tenant(writes=True) as other:
        asset = other.scalars(select(Asset).where(Asset.id == 1).with_for_update()).one()
        with ThreadPoolExecutor(1) as pool:
            pushed = pool.submit(site.push, site.batch(*minute(asset.uid, site.now)))
            while not waiting(house):
                assert not pushed.done()
            try:
                other.scalars(select(LiveRevision).with_for_update()).all()
            except OperationalError as error:
                assert error.orig.args[0] == 1213
            other.rollback()
            assert pushed.result(20).status == "stored"
    assert contents()["chunks"] == 1


def waiting(house):
    """Whether a transaction of the server waits for a lock.

    The server shows the same picture for a tenth of a second after each look at it.
    """
    time.sleep(0.15)
    with house.engines.tenant(house.refs["laurentia"]).connect() as connection:
        states = connection.exec_driver_sql(
            "SELECT trx_state FROM information_schema.innodb_trx"
        ).scalars()
        return "LOCK WAIT" in list(states)
