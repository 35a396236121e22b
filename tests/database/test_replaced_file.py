"""A client's file stays open between requests, and a copy put in its place is noticed at once."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.engine import make_url

from app.clients.models import Location

pytestmark = pytest.mark.sqlite_only


def add(house, name):
    with house.tenant(writes=True) as session:
        session.add(Location(name=name))
        session.commit()


def test_a_restored_copy_is_what_is_read_and_written(house):
    path = Path(make_url(house.refs["laurentia"].url).database)
    copy = path.with_suffix(".copy")
    house.engines.dispose()
    shutil.copy(path, copy)
    add(house, "before")
    for suffix in ("-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    copy.replace(path)
    add(house, "after")
    house.engines.dispose()
    with house.tenant() as session:
        names = session.scalars(select(Location.name).where(Location.id > 2)).all()
    assert names == ["after"]
