"""Audit entries are chained, people in them are numbers; incidents have a register."""

import json
from hashlib import sha256
from hmac import digest
from types import SimpleNamespace

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import mysql

from app.core.crypto import derive
from app.database.migrate import add_columns, create_index
from app.database.vault import CORE, Vault

revision = "0005"
down_revision = "0004"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BYTES32 = sa.LargeBinary(32).with_variant(mysql.BINARY(32), "mysql", "mariadb")
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
START = b"\0" * 32
ENTRIES = sa.table(
    "audit_log",
    *map(sa.column, ("id", "at", "tenant_id", "actor", "action", "target")),
    sa.column("detail", sa.JSON()),
    *map(sa.column, ("address", "request_id", "n", "mac", "address_mac")),
)
HEADS = sa.table(
    "audit_heads",
    *map(sa.column, ("scope", "n", "mac", "floor_n", "floor_mac", "seal", "problem")),
)
USERS = sa.table("users", sa.column("id"), sa.column("email_index"))


def upgrade() -> None:
    _audit_heads()
    _incidents()
    add_columns(
        "audit_log",
        sa.Column("n", sa.BigInteger(), nullable=True),
        sa.Column("mac", BYTES32, nullable=True),
        sa.Column("address_mac", BLIND, nullable=True),
    )
    _chain(context.config.attributes["vault"])
    with op.batch_alter_table("audit_log") as batch:
        batch.alter_column("n", existing_type=sa.BigInteger(), nullable=False)
        batch.alter_column("mac", existing_type=BYTES32, nullable=False)
        batch.alter_column("address_mac", existing_type=BLIND, nullable=False)
    create_index("ix_audit_log_tenant_id_n", "audit_log", ["tenant_id", "n"])


def _audit_heads() -> None:
    op.create_table(
        "audit_heads",
        sa.Column("scope", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("mac", BYTES32, nullable=False),
        sa.Column("floor_n", sa.BigInteger(), nullable=False),
        sa.Column("floor_mac", BYTES32, nullable=False),
        sa.Column("seal", BYTES32, nullable=False),
        sa.Column("verified_at", sa.BigInteger(), nullable=True),
        sa.Column("problem", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("scope", name="pk_audit_heads"),
        if_not_exists=True,
        **OPTIONS,
    )


def _incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", KEY, nullable=False),
        sa.Column("tenant_id", KEY, nullable=True),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("known_at", sa.BigInteger(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("persons", sa.BigInteger(), nullable=False),
        sa.Column("serious", sa.Boolean(), nullable=False),
        sa.Column("measures", sa.Text(), nullable=False),
        sa.Column("notices", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_incidents_tenant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_incidents"),
        if_not_exists=True,
        **OPTIONS,
    )


def _chain(vault: Vault) -> None:
    """Give what was recorded before its place in its chain: one transaction, all or nothing."""
    connection = op.get_bind()
    unchained = sa.select(ENTRIES).where(ENTRIES.c.n.is_(None)).order_by(ENTRIES.c.id)
    rows = connection.execute(unchained).all()
    if not rows:
        return
    vault.use(connection, CORE)
    people = {row.email_index: row.id for row in connection.execute(sa.select(USERS))}
    ends: dict[int, tuple[int, bytes]] = {}
    for row in rows:
        scope = row.tenant_id or CORE
        key = derive(vault.chain_key(CORE), f"tbms|audit|{scope}")
        n, before = ends.get(scope, (0, START))
        entry = SimpleNamespace(**row._mapping, scope=scope)
        entry.n = n + 1
        entry.actor = _by_number(vault, people, row.actor)
        if "@" in row.target:
            entry.target = _by_number(vault, people, f"user:{row.target}")
        address_mac = digest(key, f"address|{entry.n}|{row.address}".encode(), sha256)[:16]
        mac = digest(key, before + _canonical(entry, address_mac), sha256)
        values = {"n": entry.n, "mac": mac, "address_mac": address_mac}
        values |= {"actor": entry.actor, "target": entry.target}
        connection.execute(sa.update(ENTRIES).where(ENTRIES.c.id == row.id).values(values))
        ends[scope] = (entry.n, mac)
    connection.execute(sa.delete(HEADS))
    for scope, (n, mac) in ends.items():
        key = derive(vault.chain_key(CORE), f"tbms|audit|{scope}")
        seal = digest(key, f"head|{scope}|{n}|{mac.hex()}|0|{START.hex()}".encode(), sha256)
        head = {"scope": scope, "n": n, "mac": mac, "floor_n": 0, "floor_mac": START}
        connection.execute(sa.insert(HEADS).values(**head, seal=seal, problem=""))


def _by_number(vault: Vault, people: dict[bytes, int], name: str) -> str:
    kind, _, address = name.partition(":")
    if kind != "user" or "@" not in address:
        return name
    return f"user:{people.get(vault.blind(CORE, 'users', 'email', address), '?')}"


def _canonical(entry: SimpleNamespace, address_mac: bytes) -> bytes:
    """As entries were written when this revision was."""
    said = {
        "n": entry.n,
        "at": entry.at,
        "scope": entry.scope,
        "actor": entry.actor,
        "action": entry.action,
        "target": entry.target,
        "detail": entry.detail,
        "address": address_mac.hex(),
        "request": entry.request_id,
    }
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
