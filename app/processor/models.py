"""What is measured: the newest state of each asset, and the history at full resolution."""

from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, SmallInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.database.base import TABLE_OPTIONS, AssetOwned, Blob, Key, TenantBase

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
