"""The registers' texts and the clients' database addresses are sealed; each client has its keys."""

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import mysql

from app.database.migrate import seal_columns
from app.database.vault import CORE

revision = "0006"
down_revision = "0005"

SEALED = sa.LargeBinary(512).with_variant(mysql.VARBINARY(512), "mysql", "mariadb")
BLOB = sa.LargeBinary().with_variant(mysql.MEDIUMBLOB(), "mysql", "mariadb")
TEXTS = ("facts", "measures", "notices")


def upgrade() -> None:
    connection, vault = op.get_bind(), context.config.attributes["vault"]
    recreate = "always" if connection.dialect.name == "sqlite" else "never"
    with op.batch_alter_table("tenants", recreate=recreate) as batch:
        batch.alter_column("database_url", type_=SEALED, existing_nullable=True)
    with op.batch_alter_table("incidents", recreate=recreate) as batch:
        for name in TEXTS:
            batch.alter_column(name, type_=BLOB, existing_nullable=False, nullable=False)
    clients = connection.execute(sa.text("SELECT id FROM tenants")).scalars().all()
    for client in clients:
        vault.add_all(connection, client)
    if connection.execute(sa.text("SELECT id FROM incidents LIMIT 1")).first() or clients:
        vault.use(connection, CORE)
    seal_columns("tenants", "database_url")
    seal_columns("incidents", *TEXTS)
