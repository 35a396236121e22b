"""What a module offers to any other system: up to four acts behind four uniform addresses."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.core.access import Permission
from app.gateway.schema import Open, Schema, Text

View = Callable[..., Any]


class Done(Schema):
    """What an act did, in numbers and names."""

    module = Text(16, "core", required=True)
    result = Open(None, {"done": 1}, required=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One verb of one module. `view` takes what was sent, if `body` says what that is."""

    view: View
    permission: Permission | None = Permission.MANAGE_SYSTEM
    body: type[Schema] | None = None
    answer: type[Schema] | None = Done
    status: int = 200
    ready: bool = False
    """The view is an operation already, with its marks and its documentation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """A module. An act that is None is answered 405."""

    code: str
    status: Callable[[], dict[str, Any]]
    """Facts about it, for super admins."""
    data: Act | None = None
    config: type[Schema] | None = None
    """What of `configuration.CHANGEABLE` may be changed, and within which bounds."""
    reset: Callable[[], dict[str, Any]] | None = None
    """Remove derived or transient state, never measurements or accounts; says what it removed.
    It may change the core database, which is committed after it."""
