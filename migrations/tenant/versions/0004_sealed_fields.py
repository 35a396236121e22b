"""Who answers for a battery is sealed, and found by a blind index."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from app.database.migrate import add_columns, create_index, seal_columns

revision = "0004"
down_revision = "0003"

SEALED = sa.LargeBinary(512).with_variant(mysql.VARBINARY(512), "mysql", "mariadb")
BLIND = sa.LargeBinary(16).with_variant(mysql.BINARY(16), "mysql", "mariadb")


def upgrade() -> None:
    recreate = "always" if op.get_bind().dialect.name == "sqlite" else "never"
    with op.batch_alter_table("assets", recreate=recreate) as batch:
        batch.alter_column("responsible", type_=SEALED, existing_nullable=False, nullable=False)
    add_columns("assets", sa.Column("responsible_index", BLIND, nullable=True))
    create_index("ix_assets_responsible_index", "assets", ["responsible_index"])
    seal_columns("assets", "responsible", index="responsible_index")
