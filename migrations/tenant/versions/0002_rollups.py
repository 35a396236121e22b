"""Roll-ups, daily records and what retention has done."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from app.database.migrate import create_index

revision = "0002"
down_revision = "0001"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
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
SEALED = 1
DAY_MS = 86_400_000


def upgrade() -> None:
    _bms_rollups()
    _rollup_state()
    _rollup_backlog()
    _battery_days()
    _kept_ranges()
    _compile_the_past()


def _of_an_asset(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["asset_id"], ["assets.id"], name=f"fk_{table}_asset_id", ondelete="CASCADE"
    )


def _bms_rollups() -> None:
    op.create_table(
        "bms_rollups",
        sa.Column("asset_id", KEY, nullable=False),
        sa.Column("tier", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("start", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("data", BLOB, nullable=False),
        _of_an_asset("bms_rollups"),
        sa.PrimaryKeyConstraint("asset_id", "tier", "start", name="pk_bms_rollups"),
        if_not_exists=True,
        **OPTIONS,
    )


def _rollup_state() -> None:
    op.create_table(
        "rollup_state",
        sa.Column("asset_id", KEY, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("compiled_to", sa.BigInteger(), nullable=False),
        sa.Column("raw_from", sa.BigInteger(), nullable=False),
        sa.Column("hours_from", sa.BigInteger(), nullable=False),
        sa.Column("days", sa.Text(), nullable=False),
        sa.Column("minutes", sa.Text(), nullable=False),
        sa.Column("quarters", sa.Text(), nullable=False),
        _of_an_asset("rollup_state"),
        sa.PrimaryKeyConstraint("asset_id", name="pk_rollup_state"),
        if_not_exists=True,
        **OPTIONS,
    )


def _rollup_backlog() -> None:
    op.create_table(
        "rollup_backlog",
        sa.Column("asset_id", KEY, nullable=False),
        sa.Column("start", sa.BigInteger(), autoincrement=False, nullable=False),
        _of_an_asset("rollup_backlog"),
        sa.PrimaryKeyConstraint("asset_id", "start", name="pk_rollup_backlog"),
        if_not_exists=True,
        **OPTIONS,
    )


def _battery_days() -> None:
    op.create_table(
        "battery_days",
        sa.Column("asset_id", KEY, nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("through", sa.BigInteger(), nullable=False),
        sa.Column("covered_ms", sa.BigInteger(), nullable=False),
        *(
            sa.Column(name, sa.Double(), nullable=True)
            for name in (
                "energy_in_wh",
                "energy_out_wh",
                "charge_in_ah",
                "charge_out_ah",
                "cycles",
            )
        ),
        sa.Column("bands", sa.JSON(), nullable=False),
        sa.Column("metrics", sa.JSON(), nullable=False),
        _of_an_asset("battery_days"),
        sa.PrimaryKeyConstraint("asset_id", "day", name="pk_battery_days"),
        if_not_exists=True,
        **OPTIONS,
    )


def _kept_ranges() -> None:
    op.create_table(
        "kept_ranges",
        sa.Column("id", KEY, nullable=False),
        sa.Column("asset_id", KEY, nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        _of_an_asset("kept_ranges"),
        sa.PrimaryKeyConstraint("id", name="pk_kept_ranges"),
        if_not_exists=True,
        **OPTIONS,
    )
    create_index("ix_kept_ranges_asset_end", "kept_ranges", ["asset_id", "end"])


def _compile_the_past() -> None:
    """Enter every day that was sealed before there were roll-ups; cron does the rest."""
    history = sa.table(
        "bms_data_history", sa.column("asset_id"), sa.column("start"), sa.column("kind")
    )
    backlog = sa.table("rollup_backlog", sa.column("asset_id"), sa.column("start"))
    day = (history.c.start - history.c.start % DAY_MS).label("day")
    waiting = sa.exists().where(backlog.c.asset_id == history.c.asset_id, backlog.c.start == day)
    days = (
        sa.select(history.c.asset_id, day)
        .where(history.c.kind == SEALED, ~waiting.correlate(history))
        .distinct()
    )
    op.execute(backlog.insert().from_select(["asset_id", "start"], days))
