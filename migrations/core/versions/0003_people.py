"""Second factors, passkeys, keys and tokens of programs, and what a session has proved."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from app.database.migrate import add_columns, create_index

revision = "0003"
down_revision = "0002"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
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
    add_columns(
        "users",
        sa.Column("ver", sa.Integer(), server_default="1", nullable=False),
        sa.Column("link_ver", sa.Integer(), server_default="1", nullable=False),
        sa.Column("totp_secret", BLOB, nullable=True),
        sa.Column("totp_step", sa.BigInteger(), nullable=True),
    )
    add_columns(
        "user_sessions",
        sa.Column("fresh_at", sa.BigInteger(), nullable=True),
        sa.Column("factor_at", sa.BigInteger(), nullable=True),
        sa.Column("entered_until", sa.BigInteger(), nullable=True),
        sa.Column("entered_writes", sa.Boolean(), server_default="0", nullable=False),
    )
    _recovery_codes()
    _passkeys()
    _api_keys()
    _refresh_tokens()


def _recovery_codes() -> None:
    op.create_table(
        "recovery_codes",
        sa.Column("code_hash", BYTES32, nullable=False),
        sa.Column("user_id", KEY, nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        _of_a_user("recovery_codes"),
        sa.PrimaryKeyConstraint("code_hash", name="pk_recovery_codes"),
        if_not_exists=True,
        **OPTIONS,
    )
    create_index("ix_recovery_codes_user_id", "recovery_codes", ["user_id"])


def _passkeys() -> None:
    op.create_table(
        "passkeys",
        sa.Column("id", KEY, nullable=False),
        sa.Column("user_id", KEY, nullable=False),
        sa.Column("credential_hash", BYTES32, nullable=False),
        sa.Column("credential_id", BLOB, nullable=False),
        sa.Column("public_key", BLOB, nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used", sa.BigInteger(), nullable=True),
        _of_a_user("passkeys"),
        sa.PrimaryKeyConstraint("id", name="pk_passkeys"),
        sa.UniqueConstraint("credential_hash", name="uq_passkeys_credential_hash"),
        if_not_exists=True,
        **OPTIONS,
    )
    create_index("ix_passkeys_user_id", "passkeys", ["user_id"])


def _api_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", KEY, nullable=False),
        sa.Column("prefix", sa.String(length=8), nullable=False),
        sa.Column("secret_hash", BYTES32, nullable=False),
        sa.Column("user_id", KEY, nullable=False),
        sa.Column("tenant_id", KEY, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        _of_a_user("api_keys"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_api_keys_tenant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("prefix", name="uq_api_keys_prefix"),
        if_not_exists=True,
        **OPTIONS,
    )
    create_index("ix_api_keys_tenant_id", "api_keys", ["tenant_id"])
    create_index("ix_api_keys_user_id", "api_keys", ["user_id"])


def _refresh_tokens() -> None:
    op.create_table(
        "refresh_tokens",
        sa.Column("token_hash", BYTES32, nullable=False),
        sa.Column("family", sa.String(length=32), nullable=False),
        sa.Column("user_id", KEY, nullable=False),
        sa.Column("ver", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        _of_a_user("refresh_tokens"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_refresh_tokens"),
        if_not_exists=True,
        **OPTIONS,
    )
    create_index("ix_refresh_tokens_family", "refresh_tokens", ["family"])
    create_index("ix_refresh_tokens_user_id", "refresh_tokens", ["user_id"])


def _of_a_user(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["user_id"], ["users.id"], name=f"fk_{table}_user_id", ondelete="CASCADE"
    )
