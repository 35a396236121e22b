"""The two declarative bases and the column types that differ between engines.

Core tables and client tables never share metadata, so a session bound to one base cannot even
name a table of the other. What SQLite and MariaDB do differently lives in this file.
"""

import time

from sqlalchemy import BigInteger, Integer, LargeBinary, MetaData, String
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column
from sqlalchemy.schema import ForeignKey

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}

Key = BigInteger().with_variant(Integer(), "sqlite")
"""Primary keys: SQLite numbers rows only in INTEGER columns."""

Blob = LargeBinary().with_variant(mysql.MEDIUMBLOB(), "mysql", "mariadb")
"""Up to 16 MB of bytes."""

Bytes32 = LargeBinary(32).with_variant(mysql.BINARY(32), "mysql", "mariadb")
"""Exactly 32 bytes: a digest or a raw key. MySQL indexes no BLOB."""

Name64 = String(64).with_variant(mysql.VARCHAR(64, collation="utf8mb4_bin"), "mysql", "mariadb")
"""Names that sites give: told apart by every letter's case, on every engine."""

TABLE_OPTIONS = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_unicode_ci",
    "mariadb_engine": "InnoDB",
    "mariadb_charset": "utf8mb4",
    "mariadb_collate": "utf8mb4_unicode_ci",
}


class CoreBase(DeclarativeBase):
    """Tables of `trackingbms_core`: who exists and what they did."""

    metadata = MetaData(naming_convention=NAMING)
    __table_args__ = TABLE_OPTIONS


class TenantBase(DeclarativeBase):
    """Tables of `client_{id}`: one client's fleet and everything measured on it."""

    metadata = MetaData(naming_convention=NAMING)
    __table_args__ = TABLE_OPTIONS


class AssetItself:
    """The row of an asset; a scoped session sees those of its scope."""

    id: Mapped[int] = mapped_column(Key, primary_key=True, sort_order=-1)


class AssetOwned:
    """A row that belongs to one asset; a scoped session never sees another asset's."""

    @declared_attr
    def asset_id(cls) -> Mapped[int]:  # noqa: N805
        return mapped_column(Key, ForeignKey("assets.id", ondelete="CASCADE"), index=True)


def now_ms() -> int:
    """UTC epoch milliseconds."""
    return time.time_ns() // 1_000_000
