"""Data keys; people's addresses and names sealed with them."""

from collections.abc import Callable

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import mysql

from app.core.crypto import FORMAT, Place
from app.database.migrate import create_index
from app.database.vault import CORE, Vault

revision = "0004"
down_revision = "0003"

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
USERS = sa.table(
    "users",
    sa.column("id", KEY),
    sa.column("email", SEALED),
    sa.column("email_index", BLIND),
    sa.column("name", SEALED),
)


def upgrade() -> None:
    _data_keys()
    if op.get_bind().dialect.name == "sqlite":
        _make_room_on_sqlite()
    else:
        _make_room_on_mysql()
    _seal_people(context.config.attributes["vault"])


def _data_keys() -> None:
    op.create_table(
        "data_keys",
        sa.Column("id", KEY, nullable=False),
        sa.Column("scope", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.String(length=8), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("master", sa.Integer(), nullable=False),
        sa.Column(
            "wrapped",
            sa.LargeBinary(80).with_variant(mysql.VARBINARY(80), "mysql", "mariadb"),
            nullable=False,
        ),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_data_keys"),
        sa.UniqueConstraint(
            "scope", "purpose", "version", name="uq_data_keys_scope_purpose_version"
        ),
        if_not_exists=True,
        **OPTIONS,
    )


def _make_room_on_sqlite() -> None:
    with op.batch_alter_table("users", recreate="always") as batch:
        batch.drop_constraint("uq_users_email", type_="unique")
        batch.alter_column("email", type_=SEALED, existing_nullable=False)
        batch.alter_column("name", type_=SEALED, existing_nullable=False)
        batch.add_column(sa.Column("email_index", BLIND, nullable=True))
        batch.create_unique_constraint("uq_users_email_index", ["email_index"])


def _make_room_on_mysql() -> None:
    """Every step passes over what an interrupted run has done."""
    users = sa.inspect(op.get_bind())
    if "uq_users_email" in {index["name"] for index in users.get_indexes("users")}:
        op.drop_index("uq_users_email", "users")
    for name in ("email", "name"):
        op.alter_column("users", name, type_=SEALED, existing_nullable=False, nullable=False)
    if "email_index" not in {column["name"] for column in users.get_columns("users")}:
        op.add_column("users", sa.Column("email_index", BLIND, nullable=True))
    create_index("uq_users_email_index", "users", ["email_index"], unique=True)


def _seal_people(vault: Vault) -> None:
    connection = op.get_bind()
    people = connection.execute(sa.select(USERS)).all()
    for row in people:
        if row.email[:1] == bytes([FORMAT]):
            continue  # sealed by a run that was interrupted
        vault.use(connection, CORE)
        email, name = row.email.decode(), row.name.decode()
        sealed = _sealer(vault, row.id)
        connection.execute(
            sa.update(USERS)
            .where(USERS.c.id == row.id)
            .values(
                email=sealed("email", email),
                email_index=vault.blind(CORE, "users", "email", email),
                name=sealed("name", name),
            )
        )


def _sealer(vault: Vault, row: int) -> Callable[[str, str], bytes]:
    return lambda column, text: vault.seal(Place(CORE, "users", column, row), text)
