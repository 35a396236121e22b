"""Clients, people and their sessions, collectors and claims, the audit trail, job runs."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from app.database.migrate import create_index

revision = "0001"
down_revision = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BYTES32 = sa.LargeBinary(32).with_variant(mysql.BINARY(32), "mysql", "mariadb")
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
    _job_runs()
    _tenants()
    _audit_log()
    _collectors()
    _users()
    _claims()
    _user_sessions()


def _job_runs() -> None:
    op.create_table(
        "job_runs",
        sa.Column("id", KEY, nullable=False),
        sa.Column("job", sa.String(length=32), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ok", sa.Boolean(), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_job_runs"),
        if_not_exists=True,
        **OPTIONS,
    )
    create_index("ix_job_runs_job", "job_runs", ["job"])


def _tenants() -> None:
    op.create_table(
        "tenants",
        sa.Column("id", KEY, nullable=False),
        sa.Column("slug", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("database_url", sa.String(length=255), nullable=True),
        sa.Column("revision", sa.String(length=32), nullable=True),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("locale", sa.String(length=5), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tenants"),
        sa.UniqueConstraint("slug", name="uq_tenants_slug"),
        if_not_exists=True,
        **OPTIONS,
    )


def _audit_log() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", KEY, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("tenant_id", KEY, nullable=True),
        sa.Column("actor", sa.String(length=160), nullable=False),
        sa.Column("action", sa.String(length=48), nullable=False),
        sa.Column("target", sa.String(length=120), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("request_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_audit_log_tenant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_log"),
        if_not_exists=True,
        **OPTIONS,
    )
    create_index("ix_audit_log_tenant_id_at", "audit_log", ["tenant_id", "at"])


def _collectors() -> None:
    op.create_table(
        "collectors",
        sa.Column("id", KEY, nullable=False),
        sa.Column("tenant_id", KEY, nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("public_key", BYTES32, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("hostname", sa.String(length=120), nullable=False),
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_seen", sa.BigInteger(), nullable=True),
        sa.Column("queued", sa.BigInteger(), nullable=False),
        sa.Column("clock_offset_ms", sa.BigInteger(), nullable=True),
        sa.Column("rejected", sa.BigInteger(), nullable=False),
        sa.Column("last_rejection", sa.String(length=120), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_collectors_tenant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_collectors"),
        sa.UniqueConstraint("key_id", name="uq_collectors_key_id"),
        if_not_exists=True,
        **OPTIONS,
    )
    create_index("ix_collectors_tenant_id", "collectors", ["tenant_id"])


def _users() -> None:
    op.create_table(
        "users",
        sa.Column("id", KEY, nullable=False),
        sa.Column("tenant_id", KEY, nullable=True),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("locale", sa.String(length=5), nullable=True),
        sa.Column("theme", sa.String(length=8), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_sign_in", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_users_tenant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("email", name="uq_users_email"),
        if_not_exists=True,
        **OPTIONS,
    )
    create_index("ix_users_tenant_id", "users", ["tenant_id"])


def _claims() -> None:
    op.create_table(
        "claims",
        sa.Column("id", KEY, nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("tenant_id", KEY, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("created_by", KEY, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("collector_id", KEY, nullable=True),
        sa.ForeignKeyConstraint(["collector_id"], ["collectors.id"], name="fk_claims_collector_id"),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name="fk_claims_created_by"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_claims_tenant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_claims"),
        sa.UniqueConstraint("code_hash", name="uq_claims_code_hash"),
        if_not_exists=True,
        **OPTIONS,
    )
    create_index("ix_claims_tenant_id", "claims", ["tenant_id"])


def _user_sessions() -> None:
    op.create_table(
        "user_sessions",
        sa.Column("token_hash", BYTES32, nullable=False),
        sa.Column("user_id", KEY, nullable=False),
        sa.Column("entered_tenant_id", KEY, nullable=True),
        sa.Column("csrf", sa.String(length=43), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("agent", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["entered_tenant_id"], ["tenants.id"], name="fk_user_sessions_entered_tenant_id"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_user_sessions_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name="pk_user_sessions"),
        if_not_exists=True,
        **OPTIONS,
    )
    create_index("ix_user_sessions_user_id", "user_sessions", ["user_id"])
