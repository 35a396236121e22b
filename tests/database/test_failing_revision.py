"""A revision that fails halfway: SQLite forgets it happened, MySQL resumes where it stopped."""

import shutil
from textwrap import dedent

import pytest
from sqlalchemy import inspect

from app.clients.models import Asset
from app.database import migrate

NEXT = '''
    """A revision of the test."""

    import pathlib

    import sqlalchemy as sa
    from alembic import op

    revision = "0002_trial"
    down_revision = "{head}"


    def upgrade():
        op.create_table("first", sa.Column("id", sa.Integer, primary_key=True), if_not_exists=True)
        if pathlib.Path(__file__).with_name("fail").exists():
            raise RuntimeError("power cut")
        with op.batch_alter_table("assets") as assets:
            assets.add_column(sa.Column("colour", sa.String(10)))
            assets.alter_column("name", existing_type=sa.String(120), type_=sa.String(200))
        {more}
'''


@pytest.fixture
def next_revision(tmp_path, monkeypatch):
    """A copy of the history to which a revision can be added."""
    shutil.copytree(migrate.ROOT / "migrations", tmp_path / "migrations")
    monkeypatch.setattr(migrate, "ROOT", tmp_path)
    versions = tmp_path / "migrations" / "tenant" / "versions"
    head = migrate.head("tenant")

    def add(more: str = "pass", fails: bool = False):
        (versions / "trial.py").write_text(dedent(NEXT).format(head=head, more=more))
        mark = versions / "fail"
        mark.touch() if fails else mark.unlink(missing_ok=True)

    return add


def _colours(engines, ref) -> bool:
    columns = inspect(engines.tenant(ref)).get_columns("assets")
    return "colour" in {column["name"] for column in columns}


def test_it_is_undone_or_resumed(house, next_revision):
    ref, engines = house.refs["laurentia"], house.engines
    next_revision(fails=True)
    with pytest.raises(RuntimeError, match="power cut"):
        migrate.upgrade_tenant(engines, ref)
    with engines.tenant(ref).connect() as connection:
        assert migrate.current_revision(connection) == migrate.head("tenant")
    if engines.core.dialect.name == "sqlite":
        assert "first" not in inspect(engines.tenant(ref)).get_table_names()

    next_revision()
    assert migrate.upgrade_tenant(engines, ref) == "0002_trial"
    assert _colours(engines, ref)


def test_replacing_a_table_keeps_what_belongs_to_its_rows(house, next_revision):
    """On SQLite a table is altered by dropping it: nothing may cascade from that."""
    ref, engines = house.refs["laurentia"], house.engines
    next_revision()
    migrate.upgrade_tenant(engines, ref)
    with engines.tenant(ref).connect() as connection:
        for table, rows in (("assets", 5), ("batteries", 5), ("asset_grants", 2)):
            counted = connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()
            assert counted == rows, table


@pytest.mark.sqlite_only
def test_an_upgrade_that_orphans_rows_is_undone(house, next_revision):
    ref, engines = house.refs["laurentia"], house.engines
    next_revision(more='op.execute("DELETE FROM assets WHERE id = 1")')
    with pytest.raises(RuntimeError, match="would belong to no row of assets"):
        migrate.upgrade_tenant(engines, ref)
    assert not _colours(engines, ref)
    with house.tenant() as session:
        assert session.get(Asset, 1) is not None
