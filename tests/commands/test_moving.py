"""A client moves to another server, even of another kind, and nothing of it is lost."""

import pytest
from sqlalchemy import select, update

from app import create_app
from app.clients.models import Asset
from app.core.access import EVERY_ASSET
from app.core.auth import tenant_ref
from app.core.models import Tenant
from app.database import copies, migrate
from app.database.copies import lines_of
from app.database.sessions import open_tenant


@pytest.fixture
def flask(house):
    app = create_app(house.settings)
    yield lambda *words: app.test_cli_runner().invoke(args=words)
    app.extensions["engines"].dispose()


def _ref(house):
    with house.core() as core:
        row = core.scalar(select(Tenant).where(Tenant.slug == "laurentia"))
        assert row.revision == migrate.head("tenant"), "its door is open again"
        return tenant_ref(house.engines, row)


def _file(tmp_path):
    return f"sqlite:///{tmp_path}/elsewhere/moved.sqlite3"


def test_everything_is_there_afterwards(flask, house, tmp_path):
    before, boreal = list(lines_of(house.engines, _ref(house))), house.refs["boreal"]
    others = list(lines_of(house.engines, boreal))

    moved = flask("tenant", "move", "laurentia", _file(tmp_path))

    assert moved.exit_code == 0, moved.output
    assert _ref(house).url == _file(tmp_path)
    assert list(lines_of(house.engines, _ref(house))) == before
    assert list(lines_of(house.engines, boreal)) == others


@pytest.mark.mariadb_only
def test_and_back_to_a_server(flask, house, tmp_path):
    home, before = _ref(house).url, list(lines_of(house.engines, _ref(house)))
    assert flask("tenant", "move", "laurentia", _file(tmp_path)).exit_code == 0
    with open_tenant(house.engines, _ref(house), EVERY_ASSET, writes=True) as session:
        session.execute(update(Asset).values(name="of the file"))
        session.commit()
    changed = list(lines_of(house.engines, _ref(house)))

    back = flask("tenant", "move", "laurentia", home)

    assert back.exit_code == 0, back.output
    assert list(lines_of(house.engines, _ref(house))) == changed != before


@pytest.mark.sqlite_only
def test_what_is_written_meanwhile_comes_along(flask, house, tmp_path, monkeypatch):
    """A request that had begun commits while its database is being copied."""
    old, whole = _ref(house), copies.restore

    def restore_and_write(*arguments):
        found = whole(*arguments)
        monkeypatch.setattr(copies, "restore", whole)
        with open_tenant(house.engines, old, EVERY_ASSET, writes=True) as session:
            session.execute(update(Asset).values(name="at the last moment"))
            session.commit()
        return found

    monkeypatch.setattr(copies, "restore", restore_and_write)
    assert flask("tenant", "move", "laurentia", _file(tmp_path)).exit_code == 0
    with open_tenant(house.engines, _ref(house), EVERY_ASSET) as session:
        assert set(session.scalars(select(Asset.name))) == {"at the last moment"}


@pytest.mark.sqlite_only
def test_a_move_that_fails_leaves_the_client_where_it_was(flask, house, tmp_path):
    old = _ref(house)
    failed = flask("tenant", "move", "laurentia", "mysql+pymysql://nobody@127.0.0.1:9/there")
    assert failed.exit_code == 1
    assert _ref(house) == old
    with open_tenant(house.engines, old, EVERY_ASSET) as session:
        assert session.scalars(select(Asset)).all()


@pytest.mark.sqlite_only
@pytest.mark.parametrize("whose", ["laurentia", "boreal"])
def test_nobody_is_moved_into_a_clients_database(flask, house, whose):
    before = list(lines_of(house.engines, house.refs[whose]))
    refused = flask("tenant", "move", "laurentia", house.refs[whose].url)
    assert refused.exit_code == 1
    assert "lives in this database" in refused.output
    assert list(lines_of(house.engines, house.refs[whose])) == before
