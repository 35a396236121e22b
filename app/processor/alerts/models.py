"""Rules that a client changed, where each stands, the alerts raised, and what is sent of them."""

from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Mapped, mapped_column

from app.database.base import TABLE_OPTIONS, AssetOwned, Key, TenantBase, now_ms

OpenKey = String(180).with_variant(mysql.VARCHAR(180, collation="utf8mb4_bin"), "mysql", "mariadb")
"""Makers tell alarms apart by the case of a letter."""


class AlertRule(TenantBase):
    """A change to a default rule, or a rule of the client's own, at one level of its hierarchy.

    `level`: client, type, location or battery, and `target_id` which of them (0: the client).
    `eds`: set by EDS. Such a row moves the floor; a client's row may only tighten what it finds.
    `kind` and the texts are given where the row makes a rule, and are empty where it changes one.
    """

    __tablename__ = "alert_rules"
    __table_args__ = (
        Index("uq_alert_rules", "code", "level", "target_id", "eds", unique=True),
        TABLE_OPTIONS,
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    code: Mapped[str] = mapped_column(String(24))
    level: Mapped[str] = mapped_column(String(8))
    target_id: Mapped[int] = mapped_column(BigInteger, default=0)
    eds: Mapped[bool] = mapped_column(default=False)
    kind: Mapped[str] = mapped_column(String(16), default="")
    name: Mapped[str] = mapped_column(String(120), default="")
    advice: Mapped[str] = mapped_column(String(400), default="")
    changes: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Of `enabled`, `severity`, `for_s`, `clear_for_s` and the kind's parameters those changed."""
    author: Mapped[str] = mapped_column(String(80), default="")
    updated_at: Mapped[int] = mapped_column(BigInteger, default=now_ms)


class AlertState(AssetOwned, TenantBase):
    """Where the rules stand for one battery: timers, and what is open. One small row a battery.

    Without a row, or without an entry in `tracks`, a rule is at rest.
    """

    __tablename__ = "alert_states"

    asset_id: Mapped[int] = mapped_column(
        Key, ForeignKey("assets.id", ondelete="CASCADE"), primary_key=True
    )
    tracks: Mapped[dict[str, list]] = mapped_column(JSON)
    """`rule|subject` to the fields of a `machine.Track`."""
    open: Mapped[int] = mapped_column(default=0)
    severity: Mapped[str] = mapped_column(String(8), default="")
    """The worst of the open alerts."""


class Alert(AssetOwned, TenantBase):
    """One alert, from the moment it fired. `asset_id` is None where a site or collector is meant.

    `subject` tells apart what one rule watches: `` for the whole battery, `cell:10`, an alarm's
    code. `state`: firing, acknowledged, recovering or resolved. `open_key` is unique and becomes
    None with the end, so that no database can hold two open alerts of one rule and subject.
    Times are epoch milliseconds: of events where a reading is behind them.
    """

    __tablename__ = "alerts"
    __table_args__ = (
        Index("ix_alerts_asset_id_fired_at", "asset_id", "fired_at"),
        Index("ix_alerts_state_severity", "state", "severity"),
        TABLE_OPTIONS,
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    asset_id: Mapped[int | None] = mapped_column(Key, ForeignKey("assets.id", ondelete="CASCADE"))
    rule: Mapped[str] = mapped_column(String(24))
    kind: Mapped[str] = mapped_column(String(16))
    subject: Mapped[str] = mapped_column(String(120), default="")
    cell: Mapped[int | None]
    """The cell or sensor meant, from 0."""
    severity: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(12), default="firing")
    open_key: Mapped[str | None] = mapped_column(OpenKey, unique=True)
    value: Mapped[float | None]
    limit: Mapped[float | None]
    worst: Mapped[float | None]
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """What the text says besides: unit, state of charge, current, temperature, who is affected."""
    began_at: Mapped[int] = mapped_column(BigInteger)
    fired_at: Mapped[int] = mapped_column(BigInteger, index=True)
    unknown_since: Mapped[int | None] = mapped_column(BigInteger)
    """Nothing has been heard since: it is as it was, and nobody knows how it is."""
    resolved_at: Mapped[int | None] = mapped_column(BigInteger)
    acknowledged_at: Mapped[int | None] = mapped_column(BigInteger)
    acknowledged_by: Mapped[str] = mapped_column(String(80), default="")
    assigned_to: Mapped[int | None] = mapped_column(BigInteger)
    """A user of the core database."""
    snoozed_until: Mapped[int | None] = mapped_column(BigInteger)
    transitions: Mapped[int] = mapped_column(default=1)
    unstable: Mapped[bool] = mapped_column(default=False)


class AlertEvent(TenantBase):
    """What happened to an alert, when and by whom: its timeline. Never changed."""

    __tablename__ = "alert_events"
    __table_args__ = (Index("ix_alert_events_alert_id_at", "alert_id", "at"), TABLE_OPTIONS)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    alert_id: Mapped[int] = mapped_column(ForeignKey("alerts.id", ondelete="CASCADE"))
    at: Mapped[int] = mapped_column(BigInteger)
    event: Mapped[str] = mapped_column(String(16))
    author: Mapped[str] = mapped_column(String(80), default="")
    """`user:7`, `key:…`; empty: the portal itself."""
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class MaintenanceWindow(TenantBase):
    """A time in which nobody is told of part of the fleet. Measuring and recording go on."""

    __tablename__ = "maintenance_windows"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    level: Mapped[str] = mapped_column(String(8))
    target_id: Mapped[int] = mapped_column(BigInteger, default=0)
    starts_at: Mapped[int] = mapped_column(BigInteger)
    ends_at: Mapped[int] = mapped_column(BigInteger, index=True)
    reason: Mapped[str] = mapped_column(String(400))
    author: Mapped[str] = mapped_column(String(80), default="")
    created_at: Mapped[int] = mapped_column(BigInteger, default=now_ms)


class Notification(TenantBase):
    """Something to be told: the outbox. Written in the transaction of what it tells.

    `state`: waiting; claimed by one sender; sent; digest, where the budget is spent; muted, with
    the reason; shown, for what pages alone show; failed once every attempt was in vain.
    """

    __tablename__ = "notifications"
    __table_args__ = (Index("ix_notifications_state_due_at", "state", "due_at"), TABLE_OPTIONS)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    alert_id: Mapped[int] = mapped_column(ForeignKey("alerts.id", ondelete="CASCADE"), index=True)
    event: Mapped[str] = mapped_column(String(16))
    severity: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(8), default="waiting")
    reason: Mapped[str] = mapped_column(String(40), default="")
    created_at: Mapped[int] = mapped_column(BigInteger, default=now_ms)
    due_at: Mapped[int] = mapped_column(BigInteger)
    claimed_by: Mapped[str] = mapped_column(String(32), default="")
    claimed_at: Mapped[int | None] = mapped_column(BigInteger)
    attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[int | None] = mapped_column(BigInteger, index=True)


class Delivery(TenantBase):
    """One attempt to tell one person by one channel, and how it ended: the visible log."""

    __tablename__ = "deliveries"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    notification_id: Mapped[int] = mapped_column(
        ForeignKey("notifications.id", ondelete="CASCADE"), index=True
    )
    channel: Mapped[str] = mapped_column(String(16))
    recipient: Mapped[str] = mapped_column(String(80))
    """`user:7` or `webhook:3`: never an address."""
    at: Mapped[int] = mapped_column(BigInteger, default=now_ms, index=True)
    ok: Mapped[bool]
    answer: Mapped[str] = mapped_column(Text, default="")
