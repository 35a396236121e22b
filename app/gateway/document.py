"""The API's document, completed from what the routes say of themselves.

flask-smorest writes addresses, parameters and bodies. What the door enforces is added from the
same marks it enforces: permission, credentials, errors, repeatable writes, tags. So the document
cannot promise what the door does not do, and nobody writes it twice.
"""

import re
from collections.abc import Iterator
from typing import Any

from flask import Flask
from werkzeug.routing import Rule

from app.core.access import Permission

from .idempotency import HEADER as IDEMPOTENCY

PROBLEM = "application/problem+json"
VARIABLE = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")
METHODS = ("get", "post", "put", "patch", "delete")
SCHEMES = {
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "sid",
        "description": "A signed-in browser; `__Host-sid` over HTTPS.",
    },
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An access token of `/tokens`, or a key that a person made.",
    },
    "collector": {
        "type": "apiKey",
        "in": "header",
        "name": "X-TBMS-Signature",
        "description": "Ed25519 over the canonical text of the batch, made with the site's key.",
    },
}
ERRORS = {
    "401": "Nobody known is calling",
    "403": "The caller may not do this",
    "404": "There is no such thing, or it is somebody else's",
    "409": "The state does not allow it",
    "412": "It is no longer what If-Match names",
    "413": "More than is accepted at once",
    "422": "Something sent is not acceptable; `fields` says what",
    "428": "If-Match is needed",
    "429": "Too many attempts",
    "503": "Not now; worth trying again",
}
WAITING = {
    "Retry-After": {"description": "Seconds to wait", "schema": {"type": "integer", "minimum": 0}}
}
TAG = {"ETag": {"description": "Names this state", "schema": {"type": "string"}}}


def complete(document: dict[str, Any], app: Flask) -> dict[str, Any]:
    """Add to every operation what its route is marked with, and to the whole what it refers to."""
    components = document.setdefault("components", {})
    components["securitySchemes"] = SCHEMES | components.get("securitySchemes", {})
    components["responses"] = {f"Problem{code}": _problem(code) for code in ERRORS}
    rules = {
        (_path(rule), method.lower()): rule
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
    }
    schemas = components.get("schemas", {})
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                if method == "get" and item.keys() & {"put", "patch"}:
                    item[method]["responses"]["200"]["headers"] = TAG
                _complete(item[method], method, rules[path, method], app, schemas)
    return document


def example_of(schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    """An example made of the examples of its parts."""
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    for word in ("example", "default"):
        if word in schema:
            return schema[word]
    for word in ("anyOf", "allOf", "oneOf"):
        if word in schema:
            return example_of(schema[word][0], schemas)
    return schema["enum"][0] if "enum" in schema else _of_kind(schema, schemas)


def _of_kind(schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    kind = schema.get("type", "object")
    if isinstance(kind, list):
        kind = "null" if "null" in kind else kind[0]
    if kind == "array":
        return [example_of(schema["items"], schemas)]
    if kind == "object":
        return {k: example_of(v, schemas) for k, v in schema.get("properties", {}).items()}
    if kind == "string":
        return "x" * schema.get("minLength", 1)
    return {"boolean": True, "null": None}.get(kind, schema.get("minimum", 0))


def _complete(
    operation: dict[str, Any], method: str, rule: Rule, app: Flask, schemas: dict[str, Any]
) -> None:
    view = app.view_functions[rule.endpoint]
    permission = getattr(view, "permission", None)
    operation["operationId"] = rule.endpoint.rpartition(".")[2]
    operation["x-permission"] = permission.value if permission else "public"
    operation["security"] = _security(permission)
    edits = getattr(view, "edits", False)
    if method != "get" and permission and permission is not Permission.INGEST:
        operation.setdefault("parameters", []).append(_header(IDEMPOTENCY, False, 64, "a-unique-1"))
    if edits:
        operation.setdefault("parameters", []).append(_header("If-Match", True, 200, '"3f2a"'))
    _add_errors(operation, permission, rule, method, edits)
    for name, part in _contents(operation):
        if "example" not in part and "schema" in part and name.endswith("json"):
            part["example"] = example_of(part["schema"], schemas)


def _add_errors(
    operation: dict[str, Any], permission: Permission | None, rule: Rule, method: str, edits: bool
) -> None:
    codes = {"429", "503"}
    if permission:
        codes |= {"401", "403", "409"}
    elif method != "get":
        codes |= {"401", "403"}  # of what was sent to prove who one is
    named = {parameter.get("name") for parameter in operation.get("parameters", ())}
    if rule.arguments or "asset" in named:
        codes.add("404")
    if method != "get":
        codes.add("413")
    if operation.get("parameters") or operation.get("requestBody"):
        codes.add("422")
    responses = operation.setdefault("responses", {})
    if edits:
        codes |= {"412", "428"}
        responses["200"]["headers"] = TAG
    responses.pop("422", None)  # written by the argument parser, without its content
    responses.pop("default", None)
    for code in sorted(codes):
        responses.setdefault(code, {"$ref": f"#/components/responses/Problem{code}"})


def _contents(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from operation.get("requestBody", {}).get("content", {}).items()
    for response in operation["responses"].values():
        yield from response.get("content", {}).items()


def _security(permission: Permission | None) -> list[dict[str, list[str]]]:
    if permission is None:
        return []
    if permission is Permission.INGEST:
        return [{"collector": []}]
    return [{name: []} for name in SCHEMES if name != "collector"]


def _header(name: str, required: bool, most: int, example: str) -> dict[str, Any]:
    return {
        "in": "header",
        "name": name,
        "required": required,
        "schema": {"type": "string", "minLength": 1, "maxLength": most},
        "example": example,
    }


def _problem(code: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    told = {"description": ERRORS[code], "content": {PROBLEM: {"schema": schema}}}
    return told | ({"headers": WAITING} if code in ("429", "503") else {})


def _path(rule: Rule) -> str:
    """The address as OpenAPI writes it: `/assets/{asset_id}`."""
    return VARIABLE.sub(r"{\1}", rule.rule)
