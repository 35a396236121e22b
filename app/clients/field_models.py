"""What clients add to batteries: fields, tags, saved views; and the text that is searched."""

from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database.base import TABLE_OPTIONS, AssetOwned, Key, TenantBase, now_ms
from app.database.encrypted import Blind, Encrypted, Sealed

from .models import Asset


class CustomField(TenantBase):
    """A field of batteries. `code` is its name for programs and never changes.

    Five are ready made (`ready`): they can be renamed, moved and hidden, and not removed.
    """

    __tablename__ = "custom_fields"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    label_fr: Mapped[str] = mapped_column(String(80))
    label_en: Mapped[str] = mapped_column(String(80))
    choices: Mapped[list[str]] = mapped_column(JSON, default=list)
    ready: Mapped[bool] = mapped_column(default=False)
    required: Mapped[bool] = mapped_column(default=False)
    searchable: Mapped[bool] = mapped_column(default=True)
    filterable: Mapped[bool] = mapped_column(default=True)
    listed: Mapped[bool] = mapped_column(default=False)
    """Shown in lists and exports."""
    position: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[int] = mapped_column(BigInteger, default=now_ms)

    def label(self, language: str) -> str:
        """What people call it."""
        return self.label_fr if language.startswith("fr") else self.label_en


class FieldValue(AssetOwned, TenantBase):
    """What a field says of one battery: `text` in its kind's own form, or a person, sealed.

    `number`: the same as a number, where the kind has one, so that ranges can be asked for.
    """

    __tablename__ = "field_values"
    __table_args__ = (UniqueConstraint("asset_id", "field_id"), TABLE_OPTIONS)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    field_id: Mapped[int] = mapped_column(
        Key, ForeignKey("custom_fields.id", ondelete="CASCADE"), index=True
    )
    text: Mapped[str] = mapped_column(String(2000), default="")
    number: Mapped[float | None]
    person_sealed: Mapped[bytes] = mapped_column("person", Sealed, default=b"")
    person_index: Mapped[bytes | None] = mapped_column(Blind, index=True)
    person = Encrypted("person_sealed", index="person_index", empty="")

    field: Mapped[CustomField] = relationship(viewonly=True, lazy="joined")


class Tag(TenantBase):
    """A word batteries are marked with. `folded` is unique: neither case nor accents tell apart."""

    __tablename__ = "tags"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    folded: Mapped[str] = mapped_column(String(80), unique=True)
    created_at: Mapped[int] = mapped_column(BigInteger, default=now_ms)


class AssetTag(AssetOwned, TenantBase):
    """A battery carries a tag."""

    __tablename__ = "asset_tags"
    __table_args__ = (UniqueConstraint("asset_id", "tag_id"), TABLE_OPTIONS)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    tag_id: Mapped[int] = mapped_column(Key, ForeignKey("tags.id", ondelete="CASCADE"), index=True)


class SavedView(TenantBase):
    """Filters and columns of the list under a name; `query` is the list's own query string."""

    __tablename__ = "saved_views"
    __table_args__ = (UniqueConstraint("user_id", "name"), TABLE_OPTIONS)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger)
    """Whose it is: a user of the core database."""
    name: Mapped[str] = mapped_column(String(60))
    query: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    shared: Mapped[bool] = mapped_column(default=False)
    """Whether everybody of the client sees it."""
    created_at: Mapped[int] = mapped_column(BigInteger, default=now_ms)


class AssetText(AssetOwned, TenantBase):
    """Everything that is searched for in one battery, folded; kept by `searchable`."""

    __tablename__ = "asset_texts"

    asset_id: Mapped[int] = mapped_column(
        Key, ForeignKey("assets.id", ondelete="CASCADE"), primary_key=True
    )
    text: Mapped[str] = mapped_column(Text)


Asset.said = relationship(FieldValue, viewonly=True, order_by=FieldValue.field_id)
Asset.tags = relationship(Tag, AssetTag.__table__, viewonly=True, order_by=Tag.folded)
