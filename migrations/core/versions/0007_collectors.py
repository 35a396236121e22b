"""Collectors' next keys, what they are asked to send, and what they say was lost at the site."""

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from app.database.migrate import add_columns, create_index

revision = "0007"
down_revision = "0006"

BYTES32 = sa.LargeBinary(32).with_variant(mysql.BINARY(32), "mysql", "mariadb")


def upgrade() -> None:
    add_columns(
        "collectors",
        sa.Column("next_key_id", sa.String(length=32), nullable=True),
        sa.Column("next_public_key", BYTES32, nullable=True),
        sa.Column("key_since", sa.BigInteger(), nullable=True),
        sa.Column("rotation_asked", sa.BigInteger(), nullable=True),
        sa.Column("wish", sa.JSON(), nullable=True),
        sa.Column("wish_revision", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("wish_heard", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("wish_refused", sa.String(length=32), nullable=True),
        sa.Column("thinned", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("lost", sa.BigInteger(), nullable=False, server_default="0"),
    )
    create_index("ix_collectors_next_key_id", "collectors", ["next_key_id"])
