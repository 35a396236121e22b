"""What is measured: the newest state of each asset, and the history at full resolution."""

from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, SmallInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.database.base import TABLE_OPTIONS, AssetOwned, Blob, Key, TenantBase, now_ms

HOT, SEALED, DAMAGED = 0, 1, 2
"""Kinds of chunk."""


class LiveRevision(TenantBase):
    """One row: a number that grows whenever something a live page shows has changed."""

    __tablename__ = "live_revision"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    revision: Mapped[int] = mapped_column(BigInteger)


class LiveReading(AssetOwned, TenantBase):
    """The newest reading of one asset (`bms_data` of the specification).

    `reading` is the wire's live form with derived metrics; `interval_ms` is how far apart the
    asset's readings have been lately, from which pages decide when it is late.
    """

    __tablename__ = "bms_data"

    asset_id: Mapped[int] = mapped_column(
        Key, ForeignKey("assets.id", ondelete="CASCADE"), primary_key=True
    )
    ts: Mapped[int] = mapped_column(BigInteger)
    received_at: Mapped[int] = mapped_column(BigInteger)
    interval_ms: Mapped[int] = mapped_column(BigInteger)
    collector_id: Mapped[int] = mapped_column(BigInteger)
    severity: Mapped[str] = mapped_column(String(8), default="")
    """Worst alarm of the BMS: critical, warning, info or nothing."""
    reading: Mapped[dict[str, Any]] = mapped_column(JSON)


class HistoryChunk(AssetOwned, TenantBase):
    """Full-resolution readings of one asset in one compressed chunk of columns.

    `kind` HOT: a block as it arrived. SEALED: many blocks made one by cron. DAMAGED: could no
    longer be read when it was to be sealed, kept as evidence.
    `source` and `seq` tell chunks apart that start at the same instant: a hot one's spool and
    sequence there, a sealed one's period and piece.
    """

    __tablename__ = "bms_data_history"
    __table_args__ = (
        Index("ix_bms_data_history_end", "asset_id", "end"),
        Index("ix_bms_data_history_kind", "kind", "start"),
        TABLE_OPTIONS,
    )

    asset_id: Mapped[int] = mapped_column(
        Key, ForeignKey("assets.id", ondelete="CASCADE"), primary_key=True
    )
    start: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    kind: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    source: Mapped[int] = mapped_column(BigInteger, primary_key=True, default=0)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, default=0)
    end: Mapped[int] = mapped_column(BigInteger)
    count: Mapped[int]
    data: Mapped[bytes] = mapped_column(Blob)


class BlockSource(TenantBase):
    """A collector's spool: block sequence numbers mean something within one of these."""

    __tablename__ = "block_sources"
    __table_args__ = (
        Index("uq_block_sources", "collector_id", "epoch", unique=True),
        TABLE_OPTIONS,
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    collector_id: Mapped[int] = mapped_column(BigInteger)
    epoch: Mapped[str] = mapped_column(String(16))


class BlockLedger(AssetOwned, TenantBase):
    """Which blocks of one asset arrived from one source: ranges of sequence numbers.

    Normally one range, so that refusing a repeat costs one small row however long the history.
    """

    __tablename__ = "block_ledger"
    __table_args__ = (
        Index("uq_block_ledger", "asset_id", "source_id", unique=True),
        TABLE_OPTIONS,
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("block_sources.id", ondelete="CASCADE"))
    ranges: Mapped[str] = mapped_column(Text)
    """`0-41,43-57`."""


class IngestBatch(TenantBase):
    """A batch that brought blocks: its digest makes a retry harmless and a clone visible."""

    __tablename__ = "ingest_batches"

    source_id: Mapped[int] = mapped_column(
        ForeignKey("block_sources.id", ondelete="CASCADE"), primary_key=True
    )
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    received_at: Mapped[int] = mapped_column(BigInteger, index=True)
    outcomes: Mapped[list[dict[str, Any]]] = mapped_column(JSON)


class Rollup(AssetOwned, TenantBase):
    """Buckets of one tier and asset in one chunk of columns; see `tiers`.

    `tier` is the width of a bucket in seconds; the row covers `start` up to `end`, whole UTC days.
    """

    __tablename__ = "bms_rollups"

    asset_id: Mapped[int] = mapped_column(
        Key, ForeignKey("assets.id", ondelete="CASCADE"), primary_key=True
    )
    tier: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    start: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    end: Mapped[int] = mapped_column(BigInteger)
    count: Mapped[int]
    data: Mapped[bytes] = mapped_column(Blob)


class RollupState(AssetOwned, TenantBase):
    """How far the roll-ups of one asset have come: its watermark and its ledger of days.

    `days` are the UTC days compiled, `minutes` and `quarters` those of which these tiers were kept,
    each as ranges of days since 1970. Readings before `raw_from` have been let go, and hours before
    `hours_from`.
    """

    __tablename__ = "rollup_state"

    asset_id: Mapped[int] = mapped_column(
        Key, ForeignKey("assets.id", ondelete="CASCADE"), primary_key=True
    )
    revision: Mapped[int] = mapped_column(BigInteger, default=0)
    compiled_to: Mapped[int] = mapped_column(BigInteger, default=0)
    raw_from: Mapped[int] = mapped_column(BigInteger, default=0)
    hours_from: Mapped[int] = mapped_column(BigInteger, default=0)
    days: Mapped[str] = mapped_column(Text, default="")
    minutes: Mapped[str] = mapped_column(Text, default="")
    quarters: Mapped[str] = mapped_column(Text, default="")


class RollupBacklog(AssetOwned, TenantBase):
    """A UTC day of one asset that waits to be compiled, again or for the first time."""

    __tablename__ = "rollup_backlog"

    asset_id: Mapped[int] = mapped_column(
        Key, ForeignKey("assets.id", ondelete="CASCADE"), primary_key=True
    )
    start: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class BatteryDay(AssetOwned, TenantBase):
    """What one battery did in one day of its site; see `statistics`. Unknown is NULL.

    `through` is how far the day had been compiled: its end, once it is complete.
    """

    __tablename__ = "battery_days"

    asset_id: Mapped[int] = mapped_column(
        Key, ForeignKey("assets.id", ondelete="CASCADE"), primary_key=True
    )
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    start: Mapped[int] = mapped_column(BigInteger)
    end: Mapped[int] = mapped_column(BigInteger)
    through: Mapped[int] = mapped_column(BigInteger)
    covered_ms: Mapped[int] = mapped_column(BigInteger)
    energy_in_wh: Mapped[float | None]
    energy_out_wh: Mapped[float | None]
    charge_in_ah: Mapped[float | None]
    charge_out_ah: Mapped[float | None]
    cycles: Mapped[float | None]
    bands: Mapped[dict[str, Any]] = mapped_column(JSON)
    metrics: Mapped[dict[str, Any]] = mapped_column(JSON)


class KeptRange(AssetOwned, TenantBase):
    """A stretch of one asset's history that retention leaves alone, and why."""

    __tablename__ = "kept_ranges"
    __table_args__ = (
        Index("ix_kept_ranges_asset_end", "asset_id", "end"),
        TABLE_OPTIONS,
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    asset_id: Mapped[int] = mapped_column(Key, ForeignKey("assets.id", ondelete="CASCADE"))
    start: Mapped[int] = mapped_column(BigInteger)
    end: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[int] = mapped_column(BigInteger, default=now_ms)
