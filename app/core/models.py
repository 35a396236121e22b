"""Core tables: clients (tenants), people, their sessions, collectors, the audit trail."""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database.base import TABLE_OPTIONS, Blob, Bytes32, CoreBase, Key, now_ms
from app.database.encrypted import Blind, Encrypted, Sealed


class Tenant(CoreBase):
    """A client company. `status`: provisioning, active, suspended, closed."""

    __tablename__ = "tenants"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    slug: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    status: Mapped[str] = mapped_column(String(16), default="provisioning")
    database_url_sealed: Mapped[bytes | None] = mapped_column("database_url", Sealed)
    database_url = Encrypted("database_url_sealed")
    """Only where the database is not where the settings' pattern puts it."""
    revision: Mapped[str | None] = mapped_column(String(32))
    time_zone: Mapped[str] = mapped_column(String(64))
    locale: Mapped[str] = mapped_column(String(5), default="fr")
    created_at: Mapped[int] = mapped_column(BigInteger, default=now_ms)


class User(CoreBase):
    """A person. Super admins belong to no client. `status`: active, disabled."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    tenant_id: Mapped[int | None] = mapped_column(ForeignKey("tenants.id"), index=True)
    email_sealed: Mapped[bytes] = mapped_column("email", Sealed, default=b"")
    email_index: Mapped[bytes | None] = mapped_column(Blind, unique=True)
    email = Encrypted("email_sealed", index="email_index")
    """Lower case."""
    name_sealed: Mapped[bytes] = mapped_column("name", Sealed, default=b"")
    name = Encrypted("name_sealed")
    role: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str | None] = mapped_column(String(255))
    status: Mapped[str] = mapped_column(String(16), default="active")
    locale: Mapped[str | None] = mapped_column(String(5))
    theme: Mapped[str] = mapped_column(String(8), default="auto")
    created_at: Mapped[int] = mapped_column(BigInteger, default=now_ms)
    last_sign_in: Mapped[int | None] = mapped_column(BigInteger)
    ver: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    """Tokens carry it: raising it ends every token made before."""
    link_ver: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    """Links that invite or reset carry it: each one made or used ends those before."""
    totp_sealed: Mapped[bytes | None] = mapped_column("totp_secret", Blob)
    totp_secret = Encrypted("totp_sealed")
    """None while no authenticator has been confirmed."""
    totp_step: Mapped[int | None] = mapped_column(BigInteger)
    """The time step of the last code taken: no code is taken twice."""

    tenant: Mapped[Tenant | None] = relationship()


class UserSession(CoreBase):
    """A signed-in browser. The cookie carries 256 random bits; only their SHA-256 is here.

    `entered_tenant_id`: the client a super admin has entered.
    """

    __tablename__ = "user_sessions"

    token_hash: Mapped[bytes] = mapped_column(Bytes32, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    entered_tenant_id: Mapped[int | None] = mapped_column(ForeignKey("tenants.id"))
    csrf: Mapped[str] = mapped_column(String(43))
    created_at: Mapped[int] = mapped_column(BigInteger, default=now_ms)
    seen_at: Mapped[int] = mapped_column(BigInteger, default=now_ms)
    address: Mapped[str] = mapped_column(String(45), default="")
    agent: Mapped[str] = mapped_column(String(200), default="")
    fresh_at: Mapped[int | None] = mapped_column(BigInteger, default=now_ms)
    """When the person last proved who they are."""
    factor_at: Mapped[int | None] = mapped_column(BigInteger)
    """When a second factor was shown; None: a password alone opened this session."""
    entered_until: Mapped[int | None] = mapped_column(BigInteger)
    entered_writes: Mapped[bool] = mapped_column(Boolean, default=False, server_default="0")
    """Whether the client was entered to change something; to look otherwise."""

    user: Mapped[User] = relationship()
    entered_tenant: Mapped[Tenant | None] = relationship()


class RecoveryCode(CoreBase):
    """A code that stands in for a lost authenticator, once; only its SHA-256 is stored."""

    __tablename__ = "recovery_codes"

    code_hash: Mapped[bytes] = mapped_column(Bytes32, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    used_at: Mapped[int | None] = mapped_column(BigInteger)


class Passkey(CoreBase):
    """A WebAuthn credential. `public_key` is COSE; the private half never leaves the device."""

    __tablename__ = "passkeys"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    credential_hash: Mapped[bytes] = mapped_column(Bytes32, unique=True)
    """SHA-256 of `credential_id`, which is too long to be indexed everywhere."""
    credential_id: Mapped[bytes] = mapped_column(Blob)
    public_key: Mapped[bytes] = mapped_column(Blob)
    sign_count: Mapped[int] = mapped_column(BigInteger, default=0)
    name: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[int] = mapped_column(BigInteger, default=now_ms)
    last_used: Mapped[int | None] = mapped_column(BigInteger)


class ApiKey(CoreBase):
    """A program's key. Its rights are its scopes, and never more than its maker has today."""

    __tablename__ = "api_keys"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    prefix: Mapped[str] = mapped_column(String(8), unique=True)
    """Part of the key itself: what support and logs may name."""
    secret_hash: Mapped[bytes] = mapped_column(Bytes32)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    scopes: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[int] = mapped_column(BigInteger, default=now_ms)
    expires_at: Mapped[int] = mapped_column(BigInteger)
    last_used: Mapped[int | None] = mapped_column(BigInteger)
    revoked_at: Mapped[int | None] = mapped_column(BigInteger)

    user: Mapped[User] = relationship()


class RefreshToken(CoreBase):
    """What renews an access token, once; only its SHA-256 is stored.

    Each use is answered with the next one of the same `family`; a second use of one means that it
    was stolen, and ends the family.
    """

    __tablename__ = "refresh_tokens"

    token_hash: Mapped[bytes] = mapped_column(Bytes32, primary_key=True)
    family: Mapped[str] = mapped_column(String(32), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    ver: Mapped[int]
    created_at: Mapped[int] = mapped_column(BigInteger, default=now_ms)
    expires_at: Mapped[int] = mapped_column(BigInteger)
    """Of the whole family: renewing does not prolong it."""
    used_at: Mapped[int | None] = mapped_column(BigInteger)
    revoked_at: Mapped[int | None] = mapped_column(BigInteger)


class Collector(CoreBase):
    """A collector at a client's site. `status`: active, revoked."""

    __tablename__ = "collectors"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id"), index=True)
    key_id: Mapped[str] = mapped_column(String(32), unique=True)
    public_key: Mapped[bytes] = mapped_column(Bytes32)
    """Ed25519, raw. The private half never leaves the site."""
    name: Mapped[str] = mapped_column(String(80))
    status: Mapped[str] = mapped_column(String(16), default="active")
    hostname: Mapped[str] = mapped_column(String(120), default="")
    version: Mapped[str] = mapped_column(String(32), default="")
    created_at: Mapped[int] = mapped_column(BigInteger, default=now_ms)
    last_seen: Mapped[int | None] = mapped_column(BigInteger)
    queued: Mapped[int] = mapped_column(BigInteger, default=0)
    """Blocks waiting at the site when it last spoke."""
    clock_offset_ms: Mapped[int | None] = mapped_column(BigInteger)
    """The collector's clock minus ours."""
    rejected: Mapped[int] = mapped_column(BigInteger, default=0)
    last_rejection: Mapped[str | None] = mapped_column(String(120))
    next_key_id: Mapped[str | None] = mapped_column(String(32), index=True)
    next_public_key: Mapped[bytes | None] = mapped_column(Bytes32)
    """Accepted beside the key in use, and takes its place when it is used for the first time."""
    key_since: Mapped[int | None] = mapped_column(BigInteger)
    """When the key in use took another one's place; None: it is the first."""
    rotation_asked: Mapped[int | None] = mapped_column(BigInteger)
    wish: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """What it is asked to send and how often, as `collector.wire.sending`."""
    wish_revision: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    wish_heard: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    """The revision it heard last, by its own account, and why it does not follow it."""
    wish_refused: Mapped[str | None] = mapped_column(String(32))
    thinned: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    lost: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    """Readings that the site left out because its spool was full, and that are gone for good."""

    tenant: Mapped[Tenant] = relationship()


class Claim(CoreBase):
    """A one-time code that lets one collector enrol; only its SHA-256 is stored."""

    __tablename__ = "claims"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[int] = mapped_column(BigInteger, default=now_ms)
    expires_at: Mapped[int] = mapped_column(BigInteger)
    used_at: Mapped[int | None] = mapped_column(BigInteger)
    collector_id: Mapped[int | None] = mapped_column(ForeignKey("collectors.id"))


class AuditEntry(CoreBase):
    """Who did what to what, when, from where; added by `app.core.audit` alone, never changed.

    People are named by their number, so that an entry outlives what is known of them.
    """

    __tablename__ = "audit_log"
    __table_args__ = (
        Index("ix_audit_log_tenant_id_at", "tenant_id", "at"),
        Index("ix_audit_log_tenant_id_n", "tenant_id", "n"),
        TABLE_OPTIONS,
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    n: Mapped[int] = mapped_column(BigInteger)
    """Its number in its client's chain, from 1."""
    mac: Mapped[bytes] = mapped_column(Bytes32)
    address_mac: Mapped[bytes] = mapped_column(Blind)
    """Stands for the address in `mac`, so that the address can be shortened later."""
    at: Mapped[int] = mapped_column(BigInteger, default=now_ms)
    tenant_id: Mapped[int | None] = mapped_column(ForeignKey("tenants.id"))
    actor: Mapped[str] = mapped_column(String(160))
    action: Mapped[str] = mapped_column(String(48))
    target: Mapped[str] = mapped_column(String(120), default="")
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    address: Mapped[str] = mapped_column(String(45), default="")
    request_id: Mapped[str] = mapped_column(String(32), default="")


class AuditHead(CoreBase):
    """The end of one audit chain, and what it begins after once old entries are removed."""

    __tablename__ = "audit_heads"

    scope: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    """The client's id; 0 is the platform."""
    n: Mapped[int] = mapped_column(BigInteger)
    mac: Mapped[bytes] = mapped_column(Bytes32)
    floor_n: Mapped[int] = mapped_column(BigInteger)
    floor_mac: Mapped[bytes] = mapped_column(Bytes32)
    seal: Mapped[bytes] = mapped_column(Bytes32)
    verified_at: Mapped[int | None] = mapped_column(BigInteger)
    problem: Mapped[str] = mapped_column(String(200), default="")
    """What the last verification found; empty: intact."""


class Incident(CoreBase):
    """A confidentiality incident, as Québec's Law 25 wants it registered. Never deleted."""

    __tablename__ = "incidents"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    tenant_id: Mapped[int | None] = mapped_column(ForeignKey("tenants.id"))
    occurred_at: Mapped[int] = mapped_column(BigInteger)
    known_at: Mapped[int] = mapped_column(BigInteger, default=now_ms)
    facts_sealed: Mapped[bytes] = mapped_column("facts", Blob, default=b"")
    facts = Encrypted("facts_sealed", empty="")
    """Circumstances, and which personal information."""
    persons: Mapped[int] = mapped_column(BigInteger, default=0)
    """How many are concerned, as far as is known."""
    serious: Mapped[bool] = mapped_column(default=False)
    """Whether there is a risk of serious injury: the commission and the persons are then told."""
    measures_sealed: Mapped[bytes] = mapped_column("measures", Blob, default=b"")
    measures = Encrypted("measures_sealed", empty="")
    notices_sealed: Mapped[bytes] = mapped_column("notices", Blob, default=b"")
    notices = Encrypted("notices_sealed", empty="")
    """Who was told, and when."""
    closed_at: Mapped[int | None] = mapped_column(BigInteger)


class JobRun(CoreBase):
    """One run of a cron job: when, how long, how it ended."""

    __tablename__ = "job_runs"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    job: Mapped[str] = mapped_column(String(32), index=True)
    started_at: Mapped[int] = mapped_column(BigInteger)
    ended_at: Mapped[int | None] = mapped_column(BigInteger)
    ok: Mapped[bool | None]
    message: Mapped[str] = mapped_column(Text, default="")
