"""A migrated client begins with the fields that are ready made, and its batteries are searched."""

from alembic.command import upgrade
from sqlalchemy import select, text

from app.clients import fields
from app.clients.field_models import AssetText, CustomField
from app.core.access import EVERY_ASSET, TenantRef
from app.database import migrate
from app.database.provision import create_database
from app.database.sessions import open_tenant

COLUMNS = (
    "code", "kind", "label_fr", "label_en", "choices", "ready", "required", "searchable",
    "filterable", "listed", "position",
)  # fmt: skip


def test_migrating_makes_the_five_fields_and_the_text_of_older_batteries(bare_engines):
    migrate.upgrade_core(bare_engines)
    ref = TenantRef(1, "one", "One", bare_engines.tenant_url(1))
    create_database(bare_engines, ref)
    engine = bare_engines.tenant(ref)
    with engine.execution_options(writes=True).connect() as connection:
        upgrade(migrate._config("tenant", connection, bare_engines.vault, 1), "0005")
        for statement in (
            "INSERT INTO locations VALUES (1, 'Dépôt', 'Québec', '', '', 'UTC', 0)",
            "INSERT INTO assets (id, product, uid, name, status, location_id, responsible,"
            " attributes, created_at, version)"
            " VALUES (7, 'battery', 'EDS-7', 'Été', 'active', 1, '', '{}', 0, 1)",
            "INSERT INTO batteries (id, serial, bms) VALUES (7, 'S-7', '')",
        ):
            connection.execute(text(statement))
        connection.commit()
    migrate.upgrade_tenant(bare_engines, ref)
    with open_tenant(bare_engines, ref, EVERY_ASSET) as session:
        made = session.scalars(select(CustomField).order_by(CustomField.position)).all()
        assert [[getattr(row, name) for name in COLUMNS] for row in made] == [
            [getattr(row, name) for name in COLUMNS[:6]]
            + [bool(row.required), row.searchable is not False]
            + [getattr(row, name) for name in COLUMNS[8:]]
            for row in fields.ready_made()
        ]
        assert session.scalar(select(AssetText.text)) == "ete\neds-7\ns-7\ndepot\nquebec"
