"""Rules, alerts and what is sent about them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from app.database.migrate import create_index

revision = "0003"
down_revision = "0002"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPEN_KEY = sa.String(180).with_variant(
    mysql.VARCHAR(180, collation="utf8mb4_bin"), "mysql", "mariadb"
)
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
    _alert_rules()
    _alert_states()
    _alerts()
    _alert_events()
    _maintenance_windows()
    _notifications()
    _deliveries()


def _alert_rules() -> None:
    op.create_table(
        "alert_rules",
        sa.Column("id", KEY, nullable=False),
        sa.Column("code", sa.String(length=24), nullable=False),
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.Column("target_id", sa.BigInteger(), nullable=False),
        sa.Column("eds", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("advice", sa.String(length=400), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Column("author", sa.String(length=80), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alert_rules"),
        if_not_exists=True,
        **OPTIONS,
    )
    create_index("uq_alert_rules", "alert_rules", ["code", "level", "target_id", "eds"], True)


def _alert_states() -> None:
    op.create_table(
        "alert_states",
        sa.Column("asset_id", KEY, nullable=False),
        sa.Column("tracks", sa.JSON(), nullable=False),
        sa.Column("open", sa.Integer(), nullable=False),
        sa.Column("severity", sa.String(length=8), nullable=False),
        sa.ForeignKeyConstraint(
            ["asset_id"], ["assets.id"], name="fk_alert_states_asset_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("asset_id", name="pk_alert_states"),
        if_not_exists=True,
        **OPTIONS,
    )


def _alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", KEY, nullable=False),
        sa.Column("asset_id", KEY, nullable=True),
        sa.Column("rule", sa.String(length=24), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("cell", sa.Integer(), nullable=True),
        sa.Column("severity", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("open_key", OPEN_KEY, nullable=True),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("limit", sa.Double(), nullable=True),
        sa.Column("worst", sa.Double(), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("fired_at", sa.BigInteger(), nullable=False),
        sa.Column("unknown_since", sa.BigInteger(), nullable=True),
        sa.Column("resolved_at", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_at", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_by", sa.String(length=80), nullable=False),
        sa.Column("assigned_to", sa.BigInteger(), nullable=True),
        sa.Column("snoozed_until", sa.BigInteger(), nullable=True),
        sa.Column("transitions", sa.Integer(), nullable=False),
        sa.Column("unstable", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["asset_id"], ["assets.id"], name="fk_alerts_asset_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
        sa.UniqueConstraint("open_key", name="uq_alerts_open_key"),
        if_not_exists=True,
        **OPTIONS,
    )
    create_index("ix_alerts_asset_id_fired_at", "alerts", ["asset_id", "fired_at"])
    create_index("ix_alerts_fired_at", "alerts", ["fired_at"])
    create_index("ix_alerts_state_severity", "alerts", ["state", "severity"])


def _alert_events() -> None:
    op.create_table(
        "alert_events",
        sa.Column("id", KEY, nullable=False),
        sa.Column("alert_id", KEY, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.String(length=16), nullable=False),
        sa.Column("author", sa.String(length=80), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alerts.id"], name="fk_alert_events_alert_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_alert_events"),
        if_not_exists=True,
        **OPTIONS,
    )
    create_index("ix_alert_events_alert_id_at", "alert_events", ["alert_id", "at"])


def _maintenance_windows() -> None:
    op.create_table(
        "maintenance_windows",
        sa.Column("id", KEY, nullable=False),
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.Column("target_id", sa.BigInteger(), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=False),
        sa.Column("author", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_maintenance_windows"),
        if_not_exists=True,
        **OPTIONS,
    )
    create_index("ix_maintenance_windows_ends_at", "maintenance_windows", ["ends_at"])


def _notifications() -> None:
    op.create_table(
        "notifications",
        sa.Column("id", KEY, nullable=False),
        sa.Column("alert_id", KEY, nullable=False),
        sa.Column("event", sa.String(length=16), nullable=False),
        sa.Column("severity", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("claimed_by", sa.String(length=32), nullable=False),
        sa.Column("claimed_at", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alerts.id"], name="fk_notifications_alert_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_notifications"),
        if_not_exists=True,
        **OPTIONS,
    )
    create_index("ix_notifications_alert_id", "notifications", ["alert_id"])
    create_index("ix_notifications_sent_at", "notifications", ["sent_at"])
    create_index("ix_notifications_state_due_at", "notifications", ["state", "due_at"])


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", KEY, nullable=False),
        sa.Column("notification_id", KEY, nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("recipient", sa.String(length=80), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["notification_id"],
            ["notifications.id"],
            name="fk_deliveries_notification_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        if_not_exists=True,
        **OPTIONS,
    )
    create_index("ix_deliveries_at", "deliveries", ["at"])
    create_index("ix_deliveries_notification_id", "deliveries", ["notification_id"])
