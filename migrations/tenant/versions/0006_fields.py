"""Custom fields, tags, saved views, and the text that searches read."""

import json

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from app.clients.folding import fold
from app.database.migrate import create_index

revision = "0006"
down_revision = "0005"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SEALED = sa.LargeBinary(512).with_variant(mysql.VARBINARY(512), "mysql", "mariadb")
BLIND = sa.LargeBinary(16).with_variant(mysql.BINARY(16), "mysql", "mariadb")
OPTIONS = {
    f"{dialect}_{option}": value
    for dialect in ("mysql", "mariadb")
    for option, value in (
        ("engine", "InnoDB"),
        ("charset", "utf8mb4"),
        ("collate", "utf8mb4_unicode_ci"),
    )
}
USES = ["Éclairage", "Secours", "Traction", "Écrêtage", "Autonome"]
READY = (
    ("function", "choice", "Fonctionnalité", "Function", USES, True),
    ("project", "text", "Projet", "Project", [], False),
    ("responsible", "person", "Responsable", "Responsible", [], False),
    ("notes", "notes", "Notes", "Notes", [], False),
    ("tags", "tags", "Étiquettes", "Tags", [], False),
)


def upgrade() -> None:
    _custom_fields()
    _field_values()
    _tags()
    _saved_views()
    _asset_texts()
    _make_ready()
    _fill_texts()


def _custom_fields() -> None:
    op.create_table(
        "custom_fields",
        sa.Column("id", KEY, nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("label_fr", sa.String(length=80), nullable=False),
        sa.Column("label_en", sa.String(length=80), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("ready", sa.Boolean(), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("searchable", sa.Boolean(), nullable=False),
        sa.Column("filterable", sa.Boolean(), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_custom_fields"),
        sa.UniqueConstraint("code", name="uq_custom_fields_code"),
        if_not_exists=True,
        **OPTIONS,
    )


def _field_values() -> None:
    op.create_table(
        "field_values",
        sa.Column("id", KEY, nullable=False),
        sa.Column("field_id", KEY, nullable=False),
        sa.Column("text", sa.String(length=2000), nullable=False),
        sa.Column("number", sa.Double(), nullable=True),
        sa.Column("person", SEALED, nullable=False),
        sa.Column("person_index", BLIND, nullable=True),
        sa.Column("asset_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["asset_id"], ["assets.id"], name="fk_field_values_asset_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["field_id"], ["custom_fields.id"], name="fk_field_values_field_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_field_values"),
        sa.UniqueConstraint("asset_id", "field_id", name="uq_field_values_asset_id_field_id"),
        if_not_exists=True,
        **OPTIONS,
    )
    for column in ("asset_id", "field_id", "person_index"):
        create_index(f"ix_field_values_{column}", "field_values", [column])


def _tags() -> None:
    op.create_table(
        "tags",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("folded", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tags"),
        sa.UniqueConstraint("folded", name="uq_tags_folded"),
        if_not_exists=True,
        **OPTIONS,
    )
    op.create_table(
        "asset_tags",
        sa.Column("id", KEY, nullable=False),
        sa.Column("tag_id", KEY, nullable=False),
        sa.Column("asset_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["asset_id"], ["assets.id"], name="fk_asset_tags_asset_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tag_id"], ["tags.id"], name="fk_asset_tags_tag_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_asset_tags"),
        sa.UniqueConstraint("asset_id", "tag_id", name="uq_asset_tags_asset_id_tag_id"),
        if_not_exists=True,
        **OPTIONS,
    )
    for column in ("asset_id", "tag_id"):
        create_index(f"ix_asset_tags_{column}", "asset_tags", [column])


def _saved_views() -> None:
    op.create_table(
        "saved_views",
        sa.Column("id", KEY, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("query", sa.JSON(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_saved_views"),
        sa.UniqueConstraint("user_id", "name", name="uq_saved_views_user_id_name"),
        if_not_exists=True,
        **OPTIONS,
    )


def _asset_texts() -> None:
    op.create_table(
        "asset_texts",
        sa.Column("asset_id", KEY, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["asset_id"], ["assets.id"], name="fk_asset_texts_asset_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("asset_id", name="pk_asset_texts"),
        if_not_exists=True,
        **OPTIONS,
    )


def _make_ready() -> None:
    """The five fields every client has, those that an interrupted run has not made."""
    connection = op.get_bind()
    table = sa.table("custom_fields", *map(sa.column, FIELD_COLUMNS))
    known = set(connection.scalars(sa.select(table.c.code)))
    for position, (code, kind, french, english, choices, listed) in enumerate(READY, start=1):
        if code not in known:
            filterable = kind != "notes"
            given = (code, kind, french, english, json.dumps(choices), True, False, True)
            given += (filterable, listed, position, 1, 0)
            connection.execute(table.insert().values(dict(zip(FIELD_COLUMNS, given, strict=True))))


FIELD_COLUMNS = (
    "code",
    "kind",
    "label_fr",
    "label_en",
    "choices",
    "ready",
    "required",
    "searchable",
    "filterable",
    "listed",
    "position",
    "version",
    "created_at",
)


def _fill_texts() -> None:
    """What is searched in the batteries there are: their own words, their type's, their place's."""
    connection = op.get_bind()
    found = connection.exec_driver_sql(
        "SELECT a.id, a.name, a.uid, b.serial, b.bms, t.name, t.chemistry, l.name, l.city,"
        " l.address, l.purpose FROM assets a JOIN batteries b ON b.id = a.id"
        " LEFT JOIN battery_types t ON t.id = a.type_id"
        " LEFT JOIN locations l ON l.id = a.location_id"
        " WHERE a.id NOT IN (SELECT asset_id FROM asset_texts)"
    ).all()
    table = sa.table("asset_texts", sa.column("asset_id"), sa.column("text"))
    rows = [
        {"asset_id": key, "text": "\n".join(fold(part) for part in parts if part)}
        for key, *parts in found
    ]
    if rows:
        connection.execute(table.insert(), rows)
