"""Configuration of the platform, and answers kept for writes that are repeated."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from app.database.migrate import create_index

revision = "0002"
down_revision = "0001"

BYTES32 = sa.LargeBinary(32).with_variant(mysql.BINARY(32), "mysql", "mariadb")
BLOB = sa.LargeBinary().with_variant(mysql.MEDIUMBLOB(), "mysql", "mariadb")
OPTIONS = {
    f"{dialect}_{option}": value
    for dialect in ("mysql", "mariadb")
    for option, value in (
        ("engine", "InnoDB"),
        ("charset", "utf8mb4"),
        ("collate", "utf8mb4_unicode_ci"),
    )
}


def upgrade() -> None:
    op.create_table(
        "system_config",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_system_config"),
        if_not_exists=True,
        **OPTIONS,
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("key_hash", BYTES32, nullable=False),
        sa.Column("request_hash", BYTES32, nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", BLOB, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name="pk_idempotency_keys"),
        if_not_exists=True,
        **OPTIONS,
    )
    create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"])
