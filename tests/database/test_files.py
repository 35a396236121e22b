"""SQLite files: nobody else's on a shared machine, durable, and written by several processes."""

import stat
import threading
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.engine import make_url

from app.clients.models import Asset
from app.processor.models import LiveRevision

pytestmark = pytest.mark.sqlite_only


def test_the_folder_is_closed_to_others(bare_engines):
    folder = Path(make_url(bare_engines.settings.core_url).database).parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 5000)],
)
def test_every_connection_is_set_up(house, pragma, value):
    for engine in (house.engines.core, house.engines.tenant(house.refs["laurentia"])):
        with engine.connect() as connection:
            assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value


def test_writers_queue_up_instead_of_failing(house):
    """Each reads, then writes what it read plus one: a lock taken late would fail or lose some."""
    with house.tenant(writes=True) as session:
        session.add(LiveRevision(id=1, revision=0))
        session.commit()
    failures = []

    def climb():
        try:
            for _ in range(10):
                with house.tenant(writes=True) as session:
                    row = session.scalar(select(LiveRevision))
                    row.revision += 1
                    session.commit()
        except Exception as error:  # told by the main thread
            failures.append(error)

    threads = [threading.Thread(target=climb) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    with house.tenant() as session:
        assert session.scalar(select(LiveRevision.revision)) == 40


def test_a_reader_is_not_kept_waiting_by_a_writer(house):
    with house.tenant(writes=True) as writer:
        writer.get(Asset, 1).name = "being renamed"
        writer.flush()
        with house.tenant() as reader:
            assert reader.get(Asset, 1).name == "Batterie 1"
