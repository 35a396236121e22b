"""A client's catalogue: battery types, locations, assets, batteries, who may see which."""

from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database.base import (
    TABLE_OPTIONS,
    AssetItself,
    AssetOwned,
    Key,
    Name64,
    TenantBase,
    now_ms,
)
from app.database.encrypted import Blind, Encrypted, Sealed


class ClientConfig(TenantBase):
    """Settings of this client, one row each."""

    __tablename__ = "clients_config"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)


class BatteryType(TenantBase):
    """What batteries of one kind have in common; the first level of the hierarchy.

    `chemistry`: LFP, NMC, NCA, LTO or LEAD. `limits` holds the values pages draw as limits:
    cell_low, cell_high (V), spread (V), temperature_high (°C), current (A), reserve (% SOC).
    """

    __tablename__ = "battery_types"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    chemistry: Mapped[str] = mapped_column(String(8))
    cells: Mapped[int | None]
    nominal_voltage: Mapped[float | None]
    capacity_ah: Mapped[float | None]
    limits: Mapped[dict[str, float]] = mapped_column(JSON, default=dict)
    created_at: Mapped[int] = mapped_column(BigInteger, default=now_ms)


class Location(TenantBase):
    """Where assets are installed; the second level of the hierarchy."""

    __tablename__ = "locations"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    city: Mapped[str] = mapped_column(String(80), default="")
    address: Mapped[str] = mapped_column(String(200), default="")
    purpose: Mapped[str] = mapped_column(String(80), default="")
    """Lighting, backup, traction, … in the client's words."""
    time_zone: Mapped[str] = mapped_column(String(64), default="America/Toronto")
    created_at: Mapped[int] = mapped_column(BigInteger, default=now_ms)


class Asset(AssetItself, TenantBase):
    """Any tracked product. `status`: pending (seen by a collector, not accepted), active, retired.

    `uid` is the name the site uses, usually the serial number; `collector_id` is the collector
    that last sent data of it.
    """

    __tablename__ = "assets"

    product: Mapped[str] = mapped_column(String(24))
    uid: Mapped[str] = mapped_column(Name64, unique=True)
    name: Mapped[str] = mapped_column(String(120))
    status: Mapped[str] = mapped_column(String(16), default="pending", index=True)
    type_id: Mapped[int | None] = mapped_column(ForeignKey("battery_types.id"), index=True)
    location_id: Mapped[int | None] = mapped_column(ForeignKey("locations.id"), index=True)
    collector_id: Mapped[int | None] = mapped_column(BigInteger)
    responsible_sealed: Mapped[bytes] = mapped_column("responsible", Sealed, default=b"")
    responsible_index: Mapped[bytes | None] = mapped_column(Blind, index=True)
    responsible = Encrypted("responsible_sealed", index="responsible_index", empty="")
    attributes: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    created_at: Mapped[int] = mapped_column(BigInteger, default=now_ms)
    version: Mapped[int] = mapped_column(default=1)

    type: Mapped[BatteryType | None] = relationship()
    location: Mapped[Location | None] = relationship()

    __mapper_args__ = {"polymorphic_on": "product", "polymorphic_identity": "asset"}


class Battery(Asset):
    """The first product: an asset made of cells. Values here override its type's."""

    __tablename__ = "batteries"

    id: Mapped[int] = mapped_column(
        Key, ForeignKey("assets.id", ondelete="CASCADE"), primary_key=True
    )
    serial: Mapped[str] = mapped_column(String(64), default="")
    cells: Mapped[int | None]
    capacity_ah: Mapped[float | None]
    bms: Mapped[str] = mapped_column(String(80), default="")
    """What reads it, in a technician's words: “Libre Solar (ThingSet)”."""

    __mapper_args__ = {"polymorphic_identity": "battery"}


class AssetGrant(AssetOwned, TenantBase):
    """A user (of the core database) may see this asset."""

    __tablename__ = "asset_grants"
    __table_args__ = (UniqueConstraint("user_id", "asset_id"), TABLE_OPTIONS)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger)
