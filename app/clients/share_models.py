"""Read-only views of a few batteries, for people without an account."""

from sqlalchemy import JSON, BigInteger, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.database.base import Bytes32, Key, TenantBase, now_ms
from app.database.encrypted import Encrypted, Sealed


class Share(TenantBase):
    """A link that shows some numbers of some batteries to whoever has it, until it ends.

    `level` and `target_id` say of which: all of the client, a location or one battery. `fields` are
    the cards shown, by metric. The link's secret is not here, only its SHA-256.
    """

    __tablename__ = "shares"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(Bytes32, unique=True)
    label_sealed: Mapped[bytes] = mapped_column("label", Sealed, default=b"")
    label = Encrypted("label_sealed", empty="")
    """For whom it is, in its author's words; never shown to who opens it."""
    title: Mapped[str] = mapped_column(String(80), default="")
    """What stands above the page."""
    level: Mapped[str] = mapped_column(String(12))
    target_id: Mapped[int] = mapped_column(BigInteger, default=0)
    fields: Mapped[list[str]] = mapped_column(JSON)
    password_hash: Mapped[str | None] = mapped_column(String(255))
    created_by: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[int] = mapped_column(BigInteger, default=now_ms)
    expires_at: Mapped[int] = mapped_column(BigInteger)
    revoked_at: Mapped[int | None] = mapped_column(BigInteger)
    uses: Mapped[int] = mapped_column(Integer, default=0)
    last_used_at: Mapped[int | None] = mapped_column(BigInteger)
