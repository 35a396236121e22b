"""The gateway's tables in the core database: configuration, answers to writes that are repeated."""

from typing import Any

from sqlalchemy import JSON, BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from app.database.base import Blob, Bytes32, CoreBase, now_ms


class SystemConfig(CoreBase):
    """A setting of the platform that a super admin changed; it wins over the environment's."""

    __tablename__ = "system_config"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)
    updated_at: Mapped[int] = mapped_column(BigInteger, default=now_ms, onupdate=now_ms)


KEPT_MS = 24 * 3_600_000
"""How long the answer of a write is kept for whoever sends it again."""


class IdempotencyKey(CoreBase):
    """A write that may be repeated without being done again, and its answer.

    `status` is None while the write is being done. The answer is sealed with the key the caller
    sent, of which only `key_hash` is here: what was to be shown once cannot be read from the table.
    """

    __tablename__ = "idempotency_keys"

    key_hash: Mapped[bytes] = mapped_column(Bytes32, primary_key=True)
    """SHA-256 of caller and key."""
    request_hash: Mapped[bytes] = mapped_column(Bytes32)
    """SHA-256 of method, path and body: the same key with another request is a mistake."""
    status: Mapped[int | None]
    answer: Mapped[bytes | None] = mapped_column(Blob)
    created_at: Mapped[int] = mapped_column(BigInteger, default=now_ms, index=True)
