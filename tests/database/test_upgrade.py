"""Upgrading many clients: one that fails stops itself only, and every step may be repeated."""

import time

import pytest
from sqlalchemy import inspect

from app.core.access import TenantRef
from app.database import migrate
from app.database.engines import Engines
from app.database.provision import create_database

CLIENTS = 20
BROKEN = "client-13"


@pytest.fixture
def refs(bare_engines):
    """Twenty clients with empty databases."""
    made = [
        TenantRef(number, f"client-{number}", f"Client {number}", bare_engines.tenant_url(number))
        for number in range(1, CLIENTS + 1)
    ]
    for ref in made:
        create_database(bare_engines, ref)
    return made


def _break(engines: Engines, ref: TenantRef) -> None:
    """A database that says it is at a revision nobody knows."""
    with engines.tenant(ref).execution_options(writes=True).begin() as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('of_the_future')")


def test_one_broken_client_stops_nobody_else(bare_engines, refs):
    _break(bare_engines, next(ref for ref in refs if ref.slug == BROKEN))
    told = {}

    began = time.monotonic()
    failures = migrate.upgrade_all(
        bare_engines, refs, lambda ref, revision, error: told.update({ref.slug: (revision, error)})
    )

    assert time.monotonic() - began < 20, "twenty small databases are a matter of seconds"
    assert list(failures) == [BROKEN]
    assert "of_the_future" in str(failures[BROKEN])
    assert list(told) == [ref.slug for ref in refs]
    assert told.pop(BROKEN) == (None, failures[BROKEN])
    assert set(told.values()) == {(migrate.head("tenant"), None)}

    standings = {standing.name: standing for standing in migrate.status(bare_engines, refs)}
    assert standings["core"].current
    assert [name for name, standing in standings.items() if not standing.current] == [BROKEN]
    assert standings[BROKEN].revision == "of_the_future"


def test_upgrading_twice_changes_nothing(bare_engines, refs):
    refs = refs[:2]
    assert migrate.upgrade_all(bare_engines, refs) == {}
    before = [inspect(bare_engines.tenant(ref)).get_table_names() for ref in refs]
    assert migrate.upgrade_all(bare_engines, refs) == {}
    assert [inspect(bare_engines.tenant(ref)).get_table_names() for ref in refs] == before


def test_a_database_that_is_missing_is_told(bare_engines):
    absent = TenantRef(77, "absent", "Absent", bare_engines.tenant_url(77))
    migrate.upgrade_core(bare_engines)
    core, tenant = migrate.status(bare_engines, [absent])
    assert core.current
    assert not tenant.current
    assert tenant.problem


def test_an_interrupted_first_revision_is_resumed(bare_engines, refs):
    """MySQL keeps what was done before a power cut: some tables, some indexes, no version."""
    ref = refs[0]
    migrate.upgrade_tenant(bare_engines, ref)
    with bare_engines.tenant(ref).execution_options(writes=True).begin() as connection:
        for statement in (
            "DELETE FROM alembic_version",
            "DROP TABLE bms_data_history",
            "DROP TABLE block_ledger",
            "DROP INDEX ix_assets_status"
            + (" ON assets" if connection.dialect.name != "sqlite" else ""),
        ):
            connection.exec_driver_sql(statement)

    assert migrate.upgrade_tenant(bare_engines, ref) == migrate.head("tenant")

    inspector = inspect(bare_engines.tenant(ref))
    assert {"bms_data_history", "block_ledger"} <= set(inspector.get_table_names())
    assert "ix_assets_status" in {index["name"] for index in inspector.get_indexes("assets")}


@pytest.mark.sqlite_only
def test_foreign_keys_hold_after_an_upgrade(bare_engines):
    """They are off while tables are replaced, and the connection of core is kept."""
    migrate.upgrade_core(bare_engines)
    with bare_engines.core.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


@pytest.mark.mariadb_only
def test_a_second_upgrade_at_the_same_time_waits_its_turn(bare_engines, refs, monkeypatch):
    ref = refs[0]
    monkeypatch.setattr(migrate, "LOCK_SECONDS", 0)
    name = f"migrate.{bare_engines.tenant(ref).url.database}"
    with bare_engines.core.connect() as other:
        assert other.exec_driver_sql("SELECT GET_LOCK(%s, 0)", (name,)).scalar() == 1
        with pytest.raises(migrate.Unavailable):
            migrate.upgrade_tenant(bare_engines, ref)
    assert inspect(bare_engines.tenant(ref)).get_table_names() == []
