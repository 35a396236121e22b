"""Who may do what: roles, permissions, the matrix, and who is calling.

The matrix below is the only place that compares roles. A route names the permission it needs
(`requires`), says that it needs none (`public`) or that it authenticates each message by its
signature (`signed`); one that says nothing is refused.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeVar


class Role(StrEnum):
    """What a person is. A reader sees all of a client and changes nothing."""

    SUPER_ADMIN = "super_admin"
    CLIENT_ADMIN = "client_admin"
    USER = "user"
    READER = "reader"


class Permission(StrEnum):
    """What can be permitted. `SEE_*` reads, `MANAGE_*` changes."""

    SEE_FLEET = "see_fleet"
    SEE_COLLECTORS = "see_collectors"
    MANAGE_FLEET = "manage_fleet"
    MANAGE_ALERTS = "manage_alerts"
    MANAGE_RULES = "manage_rules"
    MANAGE_FLOORS = "manage_floors"
    MANAGE_COLLECTORS = "manage_collectors"
    MANAGE_USERS = "manage_users"
    MANAGE_SELF = "manage_self"
    SEE_CLIENTS = "see_clients"
    ENTER_CLIENT = "enter_client"
    MANAGE_CLIENTS = "manage_clients"
    SEE_AUDIT = "see_audit"
    SEE_SYSTEM = "see_system"
    MANAGE_SYSTEM = "manage_system"
    INGEST = "ingest"
    SEE_SHARE = "see_share"


P = Permission

MATRIX: dict[Role, frozenset[Permission]] = {
    Role.READER: frozenset({P.SEE_FLEET, P.MANAGE_SELF}),
    Role.USER: frozenset({P.SEE_FLEET, P.SEE_COLLECTORS, P.MANAGE_ALERTS, P.MANAGE_SELF}),
    Role.CLIENT_ADMIN: frozenset(
        {
            P.SEE_FLEET,
            P.SEE_COLLECTORS,
            P.MANAGE_FLEET,
            P.MANAGE_ALERTS,
            P.MANAGE_RULES,
            P.MANAGE_COLLECTORS,
            P.MANAGE_USERS,
            P.MANAGE_SELF,
            P.SEE_AUDIT,
        }
    ),
    Role.SUPER_ADMIN: frozenset(set(P) - {P.INGEST, P.SEE_SHARE}),
}

SCOPED_ROLES = frozenset({Role.USER})
"""Roles that see assigned assets only."""

ADMIN_ROLES = frozenset({Role.SUPER_ADMIN, Role.CLIENT_ADMIN})
"""Roles that need a second factor, where the installation demands one."""

COLLECTOR_PERMISSIONS = frozenset({P.INGEST})

SHARE_PERMISSIONS = frozenset({P.SEE_SHARE})
"""What whoever holds a shared link may: look at what it shares, and nothing else."""

KEY_SCOPES = MATRIX[Role.CLIENT_ADMIN] - {P.MANAGE_SELF}
"""What a program's key may be allowed: what concerns one client, and no key's own account."""

FRESH_MS = 10 * 60_000
"""For how long the proof of who one is counts for dangerous acts."""


def read_only(permissions: frozenset[Permission]) -> frozenset[Permission]:
    """What remains to whoever has entered a client only to look."""
    own = (P.MANAGE_SELF, P.MANAGE_CLIENTS)
    return frozenset(p for p in permissions if not p.startswith("manage_") or p in own)


class _Everything:
    def __repr__(self) -> str:
        return "EVERY_ASSET"


EVERY_ASSET = _Everything()
"""The scope of whoever may see a whole client. Saying it is deliberate; there is no default."""

Scope = _Everything | frozenset[int]


@dataclass(frozen=True, slots=True)
class TenantRef:
    """The only key that opens a client's database.

    Built in two places: from a verified principal, and by the loops of cron and commands.
    """

    id: int
    slug: str
    name: str
    url: str
    time_zone: str = "America/Toronto"
    locale: str = "fr"


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever is calling. `label` is how the audit trail names them."""

    kind: Literal["user", "key", "collector", "share", "system"]
    id: int
    label: str
    permissions: frozenset[Permission]
    role: Role | None = None
    tenant: TenantRef | None = None
    locale: str | None = None

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

    @property
    def scoped(self) -> bool:
        """Whether assigned assets alone are visible."""
        return self.role in SCOPED_ROLES


View = TypeVar("View", bound=Callable)


def requires(permission: Permission) -> Callable[[View], View]:
    """Mark a view with the permission it needs; the gate reads the mark before the view runs."""

    def mark(view: View) -> View:
        view.permission = permission
        return view

    return mark


def public(view: View) -> View:
    """Mark a view that anybody may call."""
    view.permission = None
    return view


def fresh(view: View) -> View:
    """Mark a view for people who proved who they are within `FRESH_MS`; others do so first."""
    view.fresh = True
    return view


def signed(view: View) -> View:
    """Mark a view that collectors call: it verifies the signature of the message itself.

    No cookie is read for it, so it can neither use nor leak a browser's identity.
    """
    view.permission = Permission.INGEST
    view.signed = True
    return view


def shared(view: View) -> View:
    """Mark a view whose address carries a shared link, which it verifies itself.

    Whoever is signed in besides has no more rights there than anybody with the link.
    """
    view.permission = Permission.SEE_SHARE
    view.shared = True
    return view
