"""A client's catalogue, who may see what, live state, history and what has been received."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from app.database.migrate import create_index

revision = "0001"
down_revision = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BLOB = sa.LargeBinary().with_variant(mysql.MEDIUMBLOB(), "mysql", "mariadb")
NAME64 = sa.String(64).with_variant(mysql.VARCHAR(64, collation="utf8mb4_bin"), "mysql", "mariadb")
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
    _battery_types()
    _block_sources()
    _clients_config()
    _live_revision()
    _locations()
    _assets()
    _ingest_batches()
    _asset_grants()
    _batteries()
    _block_ledger()
    _bms_data()
    _bms_data_history()


def _battery_types() -> None:
    op.create_table(
        "battery_types",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("chemistry", sa.String(length=8), nullable=False),
        sa.Column("cells", sa.Integer(), nullable=True),
        sa.Column("nominal_voltage", sa.Double(), nullable=True),
        sa.Column("capacity_ah", sa.Double(), nullable=True),
        sa.Column("limits", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_battery_types"),
        sa.UniqueConstraint("name", name="uq_battery_types_name"),
        if_not_exists=True,
        **OPTIONS,
    )


def _block_sources() -> None:
    op.create_table(
        "block_sources",
        sa.Column("id", KEY, nullable=False),
        sa.Column("collector_id", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_block_sources"),
        if_not_exists=True,
        **OPTIONS,
    )
    create_index("uq_block_sources", "block_sources", ["collector_id", "epoch"], unique=True)


def _clients_config() -> None:
    op.create_table(
        "clients_config",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_clients_config"),
        if_not_exists=True,
        **OPTIONS,
    )


def _live_revision() -> None:
    op.create_table(
        "live_revision",
        sa.Column("id", KEY, autoincrement=False, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_live_revision"),
        if_not_exists=True,
        **OPTIONS,
    )


def _locations() -> None:
    op.create_table(
        "locations",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("city", sa.String(length=80), nullable=False),
        sa.Column("address", sa.String(length=200), nullable=False),
        sa.Column("purpose", sa.String(length=80), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_locations"),
        sa.UniqueConstraint("name", name="uq_locations_name"),
        if_not_exists=True,
        **OPTIONS,
    )


def _assets() -> None:
    op.create_table(
        "assets",
        sa.Column("id", KEY, nullable=False),
        sa.Column("product", sa.String(length=24), nullable=False),
        sa.Column("uid", NAME64, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("type_id", KEY, nullable=True),
        sa.Column("location_id", KEY, nullable=True),
        sa.Column("collector_id", sa.BigInteger(), nullable=True),
        sa.Column("responsible", sa.String(length=120), nullable=False),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["location_id"], ["locations.id"], name="fk_assets_location_id"),
        sa.ForeignKeyConstraint(["type_id"], ["battery_types.id"], name="fk_assets_type_id"),
        sa.PrimaryKeyConstraint("id", name="pk_assets"),
        sa.UniqueConstraint("uid", name="uq_assets_uid"),
        if_not_exists=True,
        **OPTIONS,
    )
    create_index("ix_assets_location_id", "assets", ["location_id"])
    create_index("ix_assets_status", "assets", ["status"])
    create_index("ix_assets_type_id", "assets", ["type_id"])


def _ingest_batches() -> None:
    op.create_table(
        "ingest_batches",
        sa.Column("source_id", KEY, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("outcomes", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["block_sources.id"],
            name="fk_ingest_batches_source_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("source_id", "seq", name="pk_ingest_batches"),
        if_not_exists=True,
        **OPTIONS,
    )
    create_index("ix_ingest_batches_received_at", "ingest_batches", ["received_at"])


def _asset_grants() -> None:
    op.create_table(
        "asset_grants",
        sa.Column("id", KEY, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("asset_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["asset_id"], ["assets.id"], name="fk_asset_grants_asset_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_asset_grants"),
        sa.UniqueConstraint("user_id", "asset_id", name="uq_asset_grants_user_id_asset_id"),
        if_not_exists=True,
        **OPTIONS,
    )
    create_index("ix_asset_grants_asset_id", "asset_grants", ["asset_id"])


def _batteries() -> None:
    op.create_table(
        "batteries",
        sa.Column("id", KEY, nullable=False),
        sa.Column("serial", sa.String(length=64), nullable=False),
        sa.Column("cells", sa.Integer(), nullable=True),
        sa.Column("capacity_ah", sa.Double(), nullable=True),
        sa.Column("bms", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["assets.id"], name="fk_batteries_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_batteries"),
        if_not_exists=True,
        **OPTIONS,
    )


def _block_ledger() -> None:
    op.create_table(
        "block_ledger",
        sa.Column("id", KEY, nullable=False),
        sa.Column("source_id", KEY, nullable=False),
        sa.Column("ranges", sa.Text(), nullable=False),
        sa.Column("asset_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["asset_id"], ["assets.id"], name="fk_block_ledger_asset_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["block_sources.id"],
            name="fk_block_ledger_source_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_block_ledger"),
        if_not_exists=True,
        **OPTIONS,
    )
    create_index("ix_block_ledger_asset_id", "block_ledger", ["asset_id"])
    create_index("uq_block_ledger", "block_ledger", ["asset_id", "source_id"], unique=True)


def _bms_data() -> None:
    op.create_table(
        "bms_data",
        sa.Column("asset_id", KEY, nullable=False),
        sa.Column("ts", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("interval_ms", sa.BigInteger(), nullable=False),
        sa.Column("collector_id", sa.BigInteger(), nullable=False),
        sa.Column("severity", sa.String(length=8), nullable=False),
        sa.Column("reading", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["asset_id"], ["assets.id"], name="fk_bms_data_asset_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("asset_id", name="pk_bms_data"),
        if_not_exists=True,
        **OPTIONS,
    )


def _bms_data_history() -> None:
    op.create_table(
        "bms_data_history",
        sa.Column("asset_id", KEY, nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("source", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("data", BLOB, nullable=False),
        sa.ForeignKeyConstraint(
            ["asset_id"], ["assets.id"], name="fk_bms_data_history_asset_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "asset_id", "start", "kind", "source", "seq", name="pk_bms_data_history"
        ),
        if_not_exists=True,
        **OPTIONS,
    )
    create_index("ix_bms_data_history_end", "bms_data_history", ["asset_id", "end"])
    create_index("ix_bms_data_history_kind", "bms_data_history", ["kind", "start"])
