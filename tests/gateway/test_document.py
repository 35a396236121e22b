"""The document of the API: valid, complete, and true of the answers."""

import re

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from app.core.access import MATRIX, Permission
from app.gateway.document import METHODS, example_of
from tests.house import PERSONAS

pytestmark = pytest.mark.sqlite_only


@pytest.fixture
def document(client_of):
    return client_of("nobody").get("/api/v1/openapi.json").json


def operations(document):
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method], item.get("parameters", [])


def resolved(schema, document):
    """A schema that a validator can use alone."""
    return {**schema, "components": document["components"]}


def test_it_is_valid(document):
    assert document["openapi"] == "3.1.0"
    OpenAPIV31SpecValidator(document).validate()


def test_every_operation_is_named_once_and_says_who_may(document):
    names = [operation["operationId"] for _, _, operation, _ in operations(document)]
    assert len(names) == len(set(names))
    known = {permission.value for permission in Permission} | {"public"}
    for path, method, operation, _ in operations(document):
        assert operation["x-permission"] in known, f"{method} {path}"
        assert bool(operation["security"]) == (operation["x-permission"] != "public")
        assert operation["summary"]


def test_it_covers_every_route_below_its_prefix(app, document):
    told = {(path, method) for path, method, _, _ in operations(document)}
    served = {
        (re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/v1/")
    }
    assert served - told == {("/api/v1/openapi.json", "get")}


def test_errors_are_problems_and_say_when_to_come_back(document):
    for code, response in document["components"]["responses"].items():
        if code.startswith("Problem"):
            assert "application/problem+json" in response["content"]
    for path, method, operation, _ in operations(document):
        assert {"429", "503"} <= operation["responses"].keys(), f"{method} {path}"
    for code in ("429", "503"):
        assert "Retry-After" in document["components"]["responses"][f"Problem{code}"]["headers"]


def test_every_body_has_an_example_that_fits(document):
    checked = 0
    for _, _, operation, _ in operations(document):
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        for body in bodies:
            part = body.get("content", {}).get("application/json")
            if part and "schema" in part:
                jsonschema.validate(part["example"], resolved(part["schema"], document))
                checked += 1
    assert checked >= 30


def unbounded(schema, where):
    """What of a schema has no bounds."""
    kinds = schema.get("type", [])
    kinds = {kinds} if isinstance(kinds, str) else set(kinds)
    wanted = {
        "string": {"maxLength"},
        "integer": {"minimum", "maximum"},
        "number": {"minimum", "maximum"},
        "array": {"maxItems"},
        "object": {"additionalProperties"},
    }
    if "enum" not in schema:
        for kind in kinds & wanted.keys():
            if wanted[kind] - schema.keys():
                yield f"{where}: {kind}"
    if "items" in schema:
        yield from unbounded(schema["items"], f"{where}[]")
    for name, inner in schema.get("properties", {}).items():
        yield from unbounded(inner, f"{where}.{name}")


def test_nothing_that_is_sent_is_without_bounds(document):
    found, sent = [], set()
    for path, method, operation, shared in operations(document):
        for parameter in [*shared, *operation.get("parameters", [])]:
            found += unbounded(parameter["schema"], f"{method} {path} {parameter['name']}")
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        sent |= set(re.findall(r"#/components/schemas/(\w+)", str(content.get("schema", ""))))
    for name in sent:
        found += unbounded(document["components"]["schemas"][name], name)
    assert found == []
    assert len(sent) >= 10


class Known(dict):
    """Ids of things there are; nothing else has an example here."""

    def __missing__(self, name):
        return 0


@pytest.mark.parametrize("name", ["alice", "bob", "carol", "sam"])
def test_answers_are_as_described(document, client_of, name):
    browser, checked = client_of(name), 0
    ids = {"asset_id": 1, "type_id": 1, "location_id": 1, "user_id": 2, "tenant_id": 1}
    allowed = {permission.value for permission in MATRIX[PERSONAS[name].role]} | {"public"}
    for path, method, operation, _ in operations(document):
        if method != "get" or operation["x-permission"] not in allowed:
            continue
        query = {
            p["name"]: p.get("example") or example_of(p["schema"], {})
            for p in operation.get("parameters", [])
            if p.get("required") and p["in"] == "query"
        }
        answer = browser.get(
            path.format_map(Known(ids)),
            query_string=query,
        )
        response = operation["responses"].get(str(answer.status_code))
        assert response is not None, f"{path}: {answer.status_code} {answer.text}"
        if answer.status_code == 200 and "content" in response:
            schema = response["content"]["application/json"]["schema"]
            jsonschema.validate(answer.json, resolved(schema, document))
            checked += 1
    assert checked >= 2
