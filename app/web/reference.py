"""The API as people read it: made from the same document that programs read."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from flask import Blueprint, current_app, json, render_template
from flask_babel import gettext

from app.core.access import Permission, requires
from app.errors import sentence
from app.gateway.document import METHODS
from app.gateway.http import ProblemApi

from .page import shell

blueprint = Blueprint("reference", __name__)

GROUPS = {
    "batteries": sentence("Batteries"),
    "places": sentence("Types and locations"),
    "processor": sentence("Live state and history"),
    "connector": sentence("Collectors"),
    "users": sentence("People"),
    "clients": sentence("Clients"),
    "audit_entries": sentence("Journal"),
    "credentials": sentence("Tokens and keys"),
    "modules": sentence("Modules"),
    "gateway": sentence("Portal"),
}
"""The groups of the document in the order of the page; others follow by their names."""
TWIN = "_by_post"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, as the page shows it. `twin`: where POST does the same."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    permission: str
    parameters: list[dict[str, Any]]
    sent: str
    answered: str
    codes: list[str]
    twin: str


@blueprint.get("/api")
@requires(Permission.MANAGE_SELF)
def page() -> str:
    """Every operation, in groups."""
    api: ProblemApi = current_app.extensions["flask-smorest"]["apis"][""]["ext_obj"]
    groups = _groups(api)
    order = [*GROUPS, *sorted(groups.keys() - GROUPS.keys())]
    return render_template(
        "api/reference.html",
        groups=[(gettext(GROUPS.get(n, n)), groups[n]) for n in order if n in groups],
        **shell("reference"),
    )


@cache
def _groups(api: ProblemApi) -> dict[str, list[Operation]]:
    groups: dict[str, list[Operation]] = {}
    for group, operation in _operations(api.described()):
        groups.setdefault(group, []).append(operation)
    return groups


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, Operation]]:
    found = [
        (path, method, item[method], item.get("parameters", []))
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]
    twins = {op["operationId"]: path for path, _, op, _ in found}
    for path, method, told, shared in found:
        name = told["operationId"]
        if name.endswith(TWIN):
            continue
        success = next((r for code, r in told["responses"].items() if code < "3"), {})
        yield (
            told["tags"][0],
            Operation(
                id=name,
                method=method.upper(),
                path=path,
                summary=told["summary"],
                description=told.get("description", ""),
                permission=told["x-permission"],
                parameters=[*shared, *told.get("parameters", [])],
                sent=_example(told.get("requestBody", {})),
                answered=_example(success),
                codes=sorted(told["responses"]),
                twin=twins.get(name + TWIN, ""),
            ),
        )


def _example(body: dict[str, Any]) -> str:
    example = body.get("content", {}).get("application/json", {}).get("example")
    if example is None:
        return ""
    return json.dumps(example, indent=2, ensure_ascii=False, sort_keys=False)
