"""Writes a typed client of the API from nothing but its OpenAPI document.

Every component schema becomes a frozen dataclass, every operation a method named by its
operationId, with its parameters, its body and its answer typed.
"""

import keyword
import re
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")
KINDS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}

PRELUDE = '''"""Made from the OpenAPI document; not to be edited."""

from __future__ import annotations

import types
import typing
from dataclasses import dataclass, field, fields, is_dataclass

import requests


class _Absent:
    """What was not sent, or not told."""

    def __bool__(self) -> bool:
        return False


ABSENT: typing.Any = _Absent()


class Refused(Exception):
    """A problem that the portal told: `status`, a stable `code`, a sentence, faults by field."""

    def __init__(self, response: requests.Response) -> None:
        told = response.json()
        super().__init__(f"{told['status']} {told['code']}: {told['detail']}")
        self.status: int = told["status"]
        self.code: str = told["code"]
        self.fields: dict[str, str] = told.get("fields", {})
        self.retry_after: str | None = response.headers.get("Retry-After")


def encode(value: typing.Any) -> typing.Any:
    if is_dataclass(value):
        pairs = ((f.metadata.get("name", f.name), getattr(value, f.name)) for f in fields(value))
        return {name: encode(inner) for name, inner in pairs if inner is not ABSENT}
    if isinstance(value, list):
        return [encode(inner) for inner in value]
    return value


def decode(kind: typing.Any, data: typing.Any) -> typing.Any:
    if is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        names = {f.metadata.get("name", f.name): f.name for f in fields(kind)}
        if unknown := data.keys() - names.keys():
            raise TypeError(f"{kind.__name__} does not have {unknown}")
        return kind(**{names[k]: decode(hints[names[k]], v) for k, v in data.items()})
    arguments = typing.get_args(kind)
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        if data is None and type(None) in arguments:
            return None
        return decode(next(a for a in arguments if a is not type(None)), data)
    if typing.get_origin(kind) is list:
        return [decode(arguments[0], inner) for inner in data]
    if typing.get_origin(kind) is dict:
        return {name: decode(arguments[1], inner) for name, inner in data.items()}
    if kind is float and type(data) is int:
        return float(data)
    if kind is not typing.Any and isinstance(kind, type) and type(data) is not kind:
        raise TypeError(f"{data!r} is no {kind.__name__}")
    return data
'''

CLIENT = '''
class Client:
    """Every operation of the portal at `url`. `etag` is that of the last answer."""

    def __init__(self, url: str, token: str = "") -> None:
        self.url = url.rstrip("/")
        self.etag = ""
        self.http = requests.Session()
        if token:
            self.http.headers["Authorization"] = f"Bearer {token}"

    def _ask(self, method, path, kind, query=None, headers=None, body=None, files=None):
        given = {k: v for k, v in (headers or {}).items() if v is not ABSENT}
        asked = {k: v for k, v in (query or {}).items() if v is not ABSENT}
        sent = {} if body is None else {"json": encode(body)}
        answer = self.http.request(
            method, self.url + path, params=asked, headers=given, files=files, timeout=30, **sent
        )
        if answer.status_code >= 400:
            raise Refused(answer)
        self.etag = answer.headers.get("ETag", "")
        return decode(kind, answer.json()) if kind and answer.content else None
'''


def generate(document: dict[str, Any]) -> str:
    """The client's source."""
    schemas = document["components"]["schemas"]
    parts = [PRELUDE, *(_dataclass(name, schema) for name, schema in schemas.items()), CLIENT]
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                parts.append(_method(path, method, item[method], item.get("parameters", [])))
    return "\n".join(parts)


def _dataclass(name: str, schema: dict[str, Any]) -> str:
    required = set(schema.get("required", ()))
    lines = ["", "@dataclass(frozen=True, slots=True, kw_only=True)", f"class {name}:"]
    lines.append(f"    {(schema.get('description') or name)!r}")
    for given, inner in schema.get("properties", {}).items():
        options = [] if given in required else ["default=ABSENT"]
        if _identifier(given) != given:
            options.append(f"metadata={{'name': {given!r}}}")
        default = f" = field({', '.join(options)})" if options else ""
        lines.append(f"    {_identifier(given)}: {_kind(inner)}{default}")
    return "\n".join(lines) + "\n"


def _method(path: str, method: str, operation: dict[str, Any], shared: list[dict[str, Any]]) -> str:
    parameters = [*shared, *operation.get("parameters", [])]
    within = {
        where: [p for p in parameters if p["in"] == where] for where in ("path", "query", "header")
    }
    given = [f"{p['name']}: {_kind(p['schema'])}" for p in within["path"]]
    content = operation.get("requestBody", {}).get("content", {})
    body, files = "None", "None"
    if "application/json" in content:
        given.append(f"body: {_kind(content['application/json'].get('schema', {}))}")
        body = "body"
    elif content:
        names = list(content["multipart/form-data"]["schema"]["properties"])
        given += [f"{name}: bytes" for name in names]
        files = "{" + ", ".join(f"{n!r}: ({n!r}, {n})" for n in names) + "}"
    named = sorted(within["query"] + within["header"], key=lambda p: not p.get("required"))
    for parameter in named:
        default = "" if parameter.get("required") else " = ABSENT"
        given.append(f"{_identifier(parameter['name'])}: {_kind(parameter['schema'])}{default}")
    sent = {
        where: "{"
        + ", ".join(f"{p['name']!r}: {_identifier(p['name'])}" for p in within[where])
        + "}"
        for where in ("query", "header")
    }
    kind = _answer(operation)
    return (
        f"    def {operation['operationId']}(self, {', '.join(given)}) -> {kind}:\n"
        f"        {operation['summary']!r}\n"
        f"        path = f{path!r}\n"
        f"        return self._ask({method.upper()!r}, path, {kind}, {sent['query']},"
        f" {sent['header']}, {body}, {files})\n"
    )


def _answer(operation: dict[str, Any]) -> str:
    for code, response in operation["responses"].items():
        if code.startswith("2"):
            content = response.get("content", {}).get("application/json", {})
            return _kind(content["schema"]) if "schema" in content else "typing.Any"
    return "None"


def _kind(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return schema["$ref"].rpartition("/")[2]
    if "anyOf" in schema:
        return " | ".join(_kind(inner) for inner in schema["anyOf"])
    kinds = schema.get("type", "any")
    if isinstance(kinds, list):
        return " | ".join(_kind(schema | {"type": kind}) for kind in kinds)
    if kinds == "array":
        return f"list[{_kind(schema['items'])}]"
    if kinds == "object":
        more = schema.get("additionalProperties")
        inner = _kind(more) if isinstance(more, dict) else "typing.Any"
        return f"dict[str, {inner}]"
    return KINDS.get(kinds, "typing.Any")


def _identifier(name: str) -> str:
    word = re.sub(r"\W", "_", name).lower()
    return f"{word}_" if keyword.iskeyword(word) else word
