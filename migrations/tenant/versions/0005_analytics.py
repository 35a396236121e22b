"""What the nightly computations found."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
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
    _analytic_days()
    _analytic_results()


def _of_an_asset(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["asset_id"], ["assets.id"], name=f"fk_{table}_asset_id", ondelete="CASCADE"
    )


def _analytic_days() -> None:
    op.create_table(
        "analytic_days",
        sa.Column("asset_id", KEY, nullable=False),
        sa.Column("start", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("covered_ms", sa.BigInteger(), nullable=False),
        sa.Column("methods", sa.BigInteger(), nullable=False),
        sa.Column("samples", sa.Integer(), nullable=False),
        sa.Column("quality", sa.Double(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        _of_an_asset("analytic_days"),
        sa.PrimaryKeyConstraint("asset_id", "start", name="pk_analytic_days"),
        if_not_exists=True,
        **OPTIONS,
    )


def _analytic_results() -> None:
    op.create_table(
        "analytic_results",
        sa.Column("asset_id", KEY, nullable=False),
        sa.Column("code", sa.String(length=24), nullable=False),
        sa.Column("since", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("samples", sa.BigInteger(), nullable=False),
        sa.Column("quality", sa.Double(), nullable=False),
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        _of_an_asset("analytic_results"),
        sa.PrimaryKeyConstraint("asset_id", "code", "since", name="pk_analytic_results"),
        if_not_exists=True,
        **OPTIONS,
    )
