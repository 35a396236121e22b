"""How people want to be told, the programs that are told, and which digests have gone.

In the core database, beside the people and clients they belong to.
"""

from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.database.base import TABLE_OPTIONS, Blob, Bytes32, CoreBase, Key, now_ms
from app.database.encrypted import Encrypted, Sealed


class NotificationPreference(CoreBase):
    """What one person wants to be told of. Without a row, what is usual for their role.

    `locations`: ids of the client's locations; empty: all of them. Quiet hours are minutes of the
    client's day, from one to the other, over midnight where the first is the later one.
    """

    __tablename__ = "notification_preferences"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), unique=True)
    severities: Mapped[list[str]] = mapped_column(JSON)
    locations: Mapped[list[int]] = mapped_column(JSON)
    channels: Mapped[list[str]] = mapped_column(JSON)
    quiet_from: Mapped[int | None] = mapped_column(Integer)
    quiet_to: Mapped[int | None] = mapped_column(Integer)
    weekly: Mapped[bool] = mapped_column(default=True, server_default="1")
    """Whether the week is told on its first morning."""
    phone_sealed: Mapped[bytes] = mapped_column("phone", Sealed, default=b"")
    phone = Encrypted("phone_sealed", empty="")
    refused_mail: Mapped[str] = mapped_column(String(16), default="", server_default="")
    """Digest of the address that mail came back from: no more is sent to that one."""
    refused_at: Mapped[int | None] = mapped_column(BigInteger)


class PushSubscription(CoreBase):
    """A browser that may be woken up. Where it is reached, and its keys, are sealed."""

    __tablename__ = "push_subscriptions"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    endpoint_hash: Mapped[bytes] = mapped_column(Bytes32, unique=True)
    target_sealed: Mapped[bytes] = mapped_column("target", Blob, default=b"")
    target = Encrypted("target_sealed", empty="")
    """JSON: `endpoint`, `p256dh`, `auth`."""
    created_at: Mapped[int] = mapped_column(BigInteger, default=now_ms)


class Webhook(CoreBase):
    """A program of a client that is told of its alerts. `problem`: why it no longer is."""

    __tablename__ = "webhooks"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    url_sealed: Mapped[bytes] = mapped_column("url", Blob, default=b"")
    url = Encrypted("url_sealed", empty="")
    secret_sealed: Mapped[bytes] = mapped_column("secret", Blob, default=b"")
    secret = Encrypted("secret_sealed", empty="")
    """As Standard Webhooks writes it: `whsec_` and base64."""
    severities: Mapped[list[str]] = mapped_column(JSON)
    active: Mapped[bool] = mapped_column(default=True)
    problem: Mapped[str] = mapped_column(String(200), default="")
    created_by: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[int] = mapped_column(BigInteger, default=now_ms)


class Digest(CoreBase):
    """One digest of a client: its row is what makes it go once. `sent_at` None: it is on its way,
    or whoever sent it died; it is taken up again after `due_at`."""

    __tablename__ = "digests"
    __table_args__ = (
        Index("uq_digests", "tenant_id", "kind", "period", unique=True),
        TABLE_OPTIONS,
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id"))
    kind: Mapped[str] = mapped_column(String(16))
    period: Mapped[int] = mapped_column(BigInteger)
    due_at: Mapped[int] = mapped_column(BigInteger)
    sent_at: Mapped[int | None] = mapped_column(BigInteger)
    told: Mapped[dict[str, Any]] = mapped_column(JSON)
    """Recipients who have it, so that a second attempt tells nobody twice."""
