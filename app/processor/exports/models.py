"""Exports asked for, and reports that are asked for every month."""

from typing import Any

from sqlalchemy import JSON, BigInteger, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.database.base import TABLE_OPTIONS, Key, TenantBase, now_ms

WAITING, RUNNING, DONE, FAILED, EXPIRED = "waiting", "running", "done", "failed", "expired"


class Export(TenantBase):
    """One file somebody asked for. `requested_by` is a user of the core database: nobody else sees
    it, and it holds what that person may see when it is made.

    `subject`: list, site or battery; `target_id` is 0 for a list. `whole`: every reading instead of
    a chart's points. `cursor` is how far a file made in several runs has come.
    """

    __tablename__ = "exports"
    __table_args__ = (
        Index("ix_exports_requested_by", "requested_by", "id"),
        Index("ix_exports_state", "state", "id"),
        TABLE_OPTIONS,
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    requested_by: Mapped[int] = mapped_column(BigInteger)
    format: Mapped[str] = mapped_column(String(8))
    subject: Mapped[str] = mapped_column(String(12))
    target_id: Mapped[int] = mapped_column(BigInteger, default=0)
    start: Mapped[int] = mapped_column(BigInteger, default=0)
    end: Mapped[int] = mapped_column(BigInteger, default=0)
    whole: Mapped[bool] = mapped_column(default=False)
    locale: Mapped[str] = mapped_column(String(5))
    state: Mapped[str] = mapped_column(String(8), default=WAITING)
    claimed_at: Mapped[int | None] = mapped_column(BigInteger)
    progress: Mapped[int] = mapped_column(Integer, default=0)
    """Percent."""
    cursor: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    name: Mapped[str] = mapped_column(String(160), default="")
    size: Mapped[int | None] = mapped_column(BigInteger)
    digest: Mapped[str] = mapped_column(String(64), default="")
    """SHA-256 of the file, in hexadecimal."""
    problem: Mapped[str] = mapped_column(String(200), default="")
    mail: Mapped[bool] = mapped_column(default=False)
    """Whether its person is to be told by mail that it is there, and has not been yet."""
    created_at: Mapped[int] = mapped_column(BigInteger, default=now_ms)
    finished_at: Mapped[int | None] = mapped_column(BigInteger)
    expires_at: Mapped[int | None] = mapped_column(BigInteger)


class ReportSchedule(TenantBase):
    """A report that one person gets by mail each month. `told`: the last month that was."""

    __tablename__ = "report_schedules"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger, index=True)
    """Who gets it: a user of the core database."""
    created_by: Mapped[int] = mapped_column(BigInteger)
    format: Mapped[str] = mapped_column(String(8))
    subject: Mapped[str] = mapped_column(String(12))
    target_id: Mapped[int] = mapped_column(BigInteger, default=0)
    told: Mapped[str] = mapped_column(String(7), default="")
    created_at: Mapped[int] = mapped_column(BigInteger, default=now_ms)
