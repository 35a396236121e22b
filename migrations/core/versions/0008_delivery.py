"""How people want to be told, the programs that are told, and which digests have gone."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from app.database.migrate import create_index

revision = "0008"
down_revision = "0007"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BYTES32 = sa.LargeBinary(32).with_variant(mysql.BINARY(32), "mysql", "mariadb")
BLOB = sa.LargeBinary().with_variant(mysql.MEDIUMBLOB(), "mysql", "mariadb")
SEALED = sa.LargeBinary(512).with_variant(mysql.VARBINARY(512), "mysql", "mariadb")
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
    _preferences()
    _subscriptions()
    _webhooks()
    _digests()


def _of_a_person(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["user_id"], ["users.id"], name=f"fk_{table}_user_id", ondelete="CASCADE"
    )


def _preferences() -> None:
    op.create_table(
        "notification_preferences",
        sa.Column("id", KEY, nullable=False),
        sa.Column("user_id", KEY, nullable=False),
        sa.Column("severities", sa.JSON(), nullable=False),
        sa.Column("locations", sa.JSON(), nullable=False),
        sa.Column("channels", sa.JSON(), nullable=False),
        sa.Column("quiet_from", sa.Integer(), nullable=True),
        sa.Column("quiet_to", sa.Integer(), nullable=True),
        sa.Column("weekly", sa.Boolean(), nullable=False, server_default="1"),
        sa.Column("phone", SEALED, nullable=False),
        sa.Column("refused_mail", sa.String(length=16), nullable=False, server_default=""),
        sa.Column("refused_at", sa.BigInteger(), nullable=True),
        _of_a_person("notification_preferences"),
        sa.PrimaryKeyConstraint("id", name="pk_notification_preferences"),
        sa.UniqueConstraint("user_id", name="uq_notification_preferences_user_id"),
        if_not_exists=True,
        **OPTIONS,
    )


def _subscriptions() -> None:
    op.create_table(
        "push_subscriptions",
        sa.Column("id", KEY, nullable=False),
        sa.Column("user_id", KEY, nullable=False),
        sa.Column("endpoint_hash", BYTES32, nullable=False),
        sa.Column("target", BLOB, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        _of_a_person("push_subscriptions"),
        sa.PrimaryKeyConstraint("id", name="pk_push_subscriptions"),
        sa.UniqueConstraint("endpoint_hash", name="uq_push_subscriptions_endpoint_hash"),
        if_not_exists=True,
        **OPTIONS,
    )
    create_index("ix_push_subscriptions_user_id", "push_subscriptions", ["user_id"])


def _webhooks() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", KEY, nullable=False),
        sa.Column("tenant_id", KEY, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("url", BLOB, nullable=False),
        sa.Column("secret", BLOB, nullable=False),
        sa.Column("severities", sa.JSON(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("problem", sa.String(length=200), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_webhooks_tenant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_webhooks"),
        if_not_exists=True,
        **OPTIONS,
    )
    create_index("ix_webhooks_tenant_id", "webhooks", ["tenant_id"])


def _digests() -> None:
    op.create_table(
        "digests",
        sa.Column("id", KEY, nullable=False),
        sa.Column("tenant_id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("period", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_digests_tenant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_digests"),
        if_not_exists=True,
        **OPTIONS,
    )
    create_index("uq_digests", "digests", ["tenant_id", "kind", "period"], unique=True)
