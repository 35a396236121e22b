"""Migrating an empty database makes exactly the schema the models describe, on both engines."""

import re
from dataclasses import replace

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from app.core.access import TenantRef
from app.database import migrate
from app.database.base import CoreBase, TenantBase
from app.database.engines import build
from app.database.provision import create_database

BASES = {"core": CoreBase, "tenant": TenantBase}
COUNTER = re.compile(r"AUTO_INCREMENT=\d+ ")
"""How many rows a table has had is no part of its words."""


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


def test_they_make_it_in_the_same_words(migrated, template, settings, tmp_path):
    """Collations, storage engines and ON DELETE escape the comparison above."""
    kind, engine = migrated
    elsewhere = replace(
        settings,
        data_dir=tmp_path / "described",
        database_url=settings.database_url.replace("_core", "_described"),
    )
    if kind == "core":
        template.make_core(elsewhere)
        url = elsewhere.core_url
    else:
        url = engine.url.set(database=f"{engine.url.database}_described")
        url = url.render_as_string(hide_password=False)
        template.make_tenant(elsewhere, TenantRef(2, "two", "Two", url))
    described = build(make_url(url), poolclass=NullPool)
    assert _words(engine) == _words(described)


def _words(engine) -> dict[str, list[str]]:
    """The definition of each table and index, line by line in any order."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql != ''")
        else:
            tables = connection.exec_driver_sql("SHOW TABLES").scalars().all()
            rows = [
                connection.exec_driver_sql(f"SHOW CREATE TABLE `{table}`").one() for table in tables
            ]
        return {
            name: sorted(
                COUNTER.sub("", line.strip().rstrip(",").replace('"', ""))
                for line in sql.splitlines()
            )
            for name, sql in rows
            if name != migrate.VERSION_TABLE
        }


@pytest.mark.mariadb_only
def test_a_database_on_mariadb_is_innodb_in_utf8mb4(migrated):
    _, engine = migrated
    with engine.connect() as connection:
        made = connection.exec_driver_sql(
            "SELECT DISTINCT engine, table_collation FROM information_schema.tables "
            "WHERE table_schema = DATABASE() AND table_name <> 'alembic_version'"
        ).all()
    assert made == [("InnoDB", "utf8mb4_unicode_ci")]
