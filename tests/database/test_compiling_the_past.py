"""Days that were sealed before there were roll-ups wait to be compiled after the upgrade."""

from alembic import command
from sqlalchemy import text

from app.core.access import TenantRef
from app.database import migrate
from app.database.provision import create_database

DAY_MS = 86_400_000
ASSET = (
    "INSERT INTO assets (id, product, uid, name, status, responsible, attributes, created_at, "
    "version) VALUES (7, 'asset', 'A', 'A', 'active', '', '{}', 1, 1)"
)
CHUNK = (
    "INSERT INTO bms_data_history (asset_id, start, kind, source, seq, {end}, count, data) "
    "VALUES (7, :start, :kind, 0, 0, :start, 1, 'x')"
)


def test_sealed_days_wait_once_each(bare_engines):
    migrate.upgrade_core(bare_engines)
    ref = TenantRef(1, "one", "One", bare_engines.tenant_url(1))
    create_database(bare_engines, ref)
    engine = bare_engines.tenant(ref)
    with engine.execution_options(writes=True).connect() as connection:
        command.upgrade(migrate._config("tenant", connection), "0001")
        connection.execute(text(ASSET))
        end = "end" if engine.dialect.name != "sqlite" else '"end"'
        for start, kind in ((5, 1), (6, 1), (2 * DAY_MS + 1, 1), (3 * DAY_MS, 0), (4 * DAY_MS, 2)):
            connection.execute(text(CHUNK.format(end=end)), {"start": start, "kind": kind})
        connection.commit()
    migrate.upgrade_tenant(bare_engines, ref)
    with engine.connect() as connection:
        waiting = connection.execute(text("SELECT asset_id, start FROM rollup_backlog"))
        assert sorted(map(tuple, waiting)) == [(7, 0), (7, 2 * DAY_MS)]
