"""What the computations keep: the evidence of each day, and what was concluded from it."""

from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.database.base import AssetOwned, Key, TenantBase


class AnalyticDay(AssetOwned, TenantBase):
    """The evidence that one day of one battery gave to each computation.

    `covered_ms` is what had been measured of the day when it was looked at: more has arrived since
    where the day's record says otherwise. `methods` tells apart versions of the computations.
    """

    __tablename__ = "analytic_days"

    asset_id: Mapped[int] = mapped_column(
        Key, ForeignKey("assets.id", ondelete="CASCADE"), primary_key=True
    )
    start: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    end: Mapped[int] = mapped_column(BigInteger)
    covered_ms: Mapped[int] = mapped_column(BigInteger)
    methods: Mapped[int] = mapped_column(BigInteger)
    samples: Mapped[int]
    quality: Mapped[float]
    evidence: Mapped[dict[str, Any]] = mapped_column(JSON)
    """`[version, evidence]` by computation; what said nothing of the day is absent."""


class AnalyticResult(AssetOwned, TenantBase):
    """What one computation concluded, and for how long it has been saying so.

    A night that concludes the same only moves `until` on; another finding is another row, so that
    the rows of one battery and computation are the history of what was known.
    """

    __tablename__ = "analytic_results"

    asset_id: Mapped[int] = mapped_column(
        Key, ForeignKey("assets.id", ondelete="CASCADE"), primary_key=True
    )
    code: Mapped[str] = mapped_column(String(24), primary_key=True)
    since: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    until: Mapped[int] = mapped_column(BigInteger)
    version: Mapped[int]
    first: Mapped[int] = mapped_column(BigInteger)
    """The beginning of the first day that gave evidence, epoch ms."""
    samples: Mapped[int] = mapped_column(BigInteger)
    quality: Mapped[float]
    level: Mapped[str] = mapped_column(String(8))
    """good, watch, bad; empty where it refused."""
    result: Mapped[dict[str, Any]] = mapped_column(JSON)
    """`{"text", "values", "rows"}`; see `store`."""
