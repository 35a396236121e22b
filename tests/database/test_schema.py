"""Migrating an empty database makes exactly the schema the models describe, on both engines."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from app.core.access import TenantRef
from app.database import migrate
from app.database.base import CoreBase, TenantBase
from app.database.provision import create_database

BASES = {"core": CoreBase, "tenant": TenantBase}


@pytest.fixture(params=["core", "tenant"])
def migrated(request, bare_engines):
    """A kind and the engine of a database that was migrated from nothing."""
    if request.param == "core":
        migrate.upgrade_core(bare_engines)
        return request.param, bare_engines.core
    ref = TenantRef(1, "one", "One", bare_engines.tenant_url(1))
    create_database(bare_engines, ref)
    migrate.upgrade_tenant(bare_engines, ref)
    return request.param, bare_engines.tenant(ref)


def test_migrations_make_what_models_describe(migrated):
    kind, engine = migrated
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "target_metadata": BASES[kind].metadata}
        )
        assert compare_metadata(context, BASES[kind].metadata) == []
        assert migrate.current_revision(connection) == migrate.head(kind)


def test_foreign_keys_delete_what_models_say(migrated):
    """Autogeneration does not compare ON DELETE everywhere, and rows depend on it."""
    kind, engine = migrated
    inspector = inspect(engine)
    for table in BASES[kind].metadata.sorted_tables:
        described = {
            (tuple(key.column_keys), key.ondelete) for key in table.foreign_key_constraints
        }
        made = {
            (tuple(key["constrained_columns"]), key["options"].get("ondelete"))
            for key in inspector.get_foreign_keys(table.name)
        }
        assert made == described, table.name


@pytest.mark.mariadb_only
def test_a_database_on_mariadb_is_innodb_in_utf8mb4(migrated):
    _, engine = migrated
    with engine.connect() as connection:
        made = connection.exec_driver_sql(
            "SELECT DISTINCT engine, table_collation FROM information_schema.tables "
            "WHERE table_schema = DATABASE() AND table_name <> 'alembic_version'"
        ).all()
    assert made == [("InnoDB", "utf8mb4_unicode_ci")]
