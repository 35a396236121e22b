"""MODULE API GATEWAY: addresses, access tokens, counters of limits."""

from typing import Any

from flask import current_app

from app.core.access import Permission
from app.gateway.credentials import SignIn, TokenPair, create_token

from .base import Act, Module


def status() -> dict[str, Any]:
    """How many addresses there are, how many need which permission, whether limits are counted."""
    needed = [getattr(view, "permission", None) for view in current_app.view_functions.values()]
    by_permission = {p.value: needed.count(p) for p in Permission if p in needed}
    return {
        "rules": sum(1 for _ in current_app.url_map.iter_rules()),
        "views": by_permission | {"public": needed.count(None)},
        "limits_counted": current_app.extensions["limits"].storage.check(),
    }


def forget_counts() -> dict[str, Any]:
    """Begin counting every limit anew."""
    current_app.extensions["limits"].reset()
    return {"counters": "all"}


MODULE = Module(
    code="gateway",
    status=status,
    data=Act(view=create_token, permission=None, body=SignIn, answer=TokenPair),
    reset=forget_counts,
)
