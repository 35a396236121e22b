"""Every route, walked by everybody: the matrix holds, and other people's things are not found."""

import re
from dataclasses import dataclass

import pytest

from app.clients.field_models import CustomField, SavedView, Tag
from app.clients.models import BatteryType, Location
from app.core.access import MATRIX
from app.core.auth import token_digest
from app.core.models import ApiKey, Claim, Collector, UserSession
from app.core.notices import Webhook
from app.processor.alerts.models import Alert, AlertRule, MaintenanceWindow
from tests.house import PERSONAS

pytestmark = pytest.mark.sqlite_only

PUBLIC = {
    "/static/<path:filename>",
    "/api/v1/openapi.json",
    "/api/v1/health",
    "/api/v1/collectors/enrol",
    "/api/v1/collectors/rotate",
    "/api/v1/modules/gateway/data",
    "/api/v1/tokens",
    "/api/v1/tokens/refresh",
    "/api/v1/tokens/revoke",
    "/confidentialite",
    "/etat",
    "/connexion",
    "/connexion/verification",
    "/connexion/cle",
    "/acces/<token>",
    "/mot-de-passe/oublie",
    "/deconnexion",
    "/langue/<locale>",
}
"""What anybody may call. To add to this is a decision, so it is made twice."""
ONLY_LAURENTIA = 77
FOREIGN = {
    "asset_id": 4,  # Boreal has two
    "type_id": ONLY_LAURENTIA,
    "location_id": ONLY_LAURENTIA,
    "collector_id": ONLY_LAURENTIA,
    "claim_id": ONLY_LAURENTIA,
    "user_id": 2,  # Bob
    "key_id": ONLY_LAURENTIA,
    "passkey_id": ONLY_LAURENTIA,
    "incident_id": ONLY_LAURENTIA,
    "alert_id": ONLY_LAURENTIA,
    "rule_id": ONLY_LAURENTIA,
    "window_id": ONLY_LAURENTIA,
    "webhook_id": ONLY_LAURENTIA,
    "field_id": ONLY_LAURENTIA,
    "tag_id": ONLY_LAURENTIA,
    "view_id": ONLY_LAURENTIA,
    "export_id": ONLY_LAURENTIA,
    "schedule_id": ONLY_LAURENTIA,
    "share_id": ONLY_LAURENTIA,
}
"""Ids that exist in Laurentia and not in Boreal. A route with another parameter joins this list."""
ONES_OWN = {"export_id"}
"""Ids of what one person alone may see, colleagues included."""
NOT_BOBS = {"asset_id": 3}
OURS = {**FOREIGN, "tenant_id": 1}
NO_LINK = "no-link-that-was-ever-made"


@dataclass(frozen=True)
class Route:
    """One method of one rule of the portal."""

    rule: str
    method: str
    permission: object
    signed: bool
    shared: bool
    arguments: frozenset[str]

    def path(self, ids: dict[str, int]) -> str:
        path = self.rule
        for name in self.arguments:
            path = path.replace(f"<int:{name}>", str(ids.get(name)))
        return path.replace("<token>", NO_LINK)


@pytest.fixture
def routes(app) -> list[Route]:
    return [
        Route(
            rule.rule,
            method,
            getattr(view, "permission", "unmarked"),
            getattr(view, "signed", False),
            getattr(view, "shared", False),
            frozenset(rule.arguments),
        )
        for rule in app.url_map.iter_rules()
        for view in [app.view_functions[rule.endpoint]]
        for method in rule.methods - {"HEAD", "OPTIONS"}
    ]


@pytest.fixture
def estate(house):
    """Something of every kind that only Laurentia has."""
    with house.core() as core:
        core.add(
            Collector(id=ONLY_LAURENTIA, tenant_id=1, key_id="k", public_key=b"p" * 32, name="Site")
        )
        core.add(
            Claim(id=ONLY_LAURENTIA, tenant_id=1, code_hash="h", name="Site", expires_at=9 * 10**12)
        )
        core.add(
            Webhook(
                id=ONLY_LAURENTIA,
                tenant_id=1,
                name="GMAO",
                url="https://127.0.0.1/",
                secret="whsec_AAAA",
                severities=["critical"],
            )
        )
        core.add(
            ApiKey(
                id=ONLY_LAURENTIA,
                tenant_id=1,
                user_id=PERSONAS["alice"].id,
                prefix="laurent1",
                secret_hash=b"s" * 32,
                name="Site",
                scopes=[],
                expires_at=9 * 10**12,
            )
        )
        core.commit()
    with house.tenant(writes=True) as session:
        session.add(
            CustomField(
                id=ONLY_LAURENTIA, code="rare", kind="text", label_fr="Rare", label_en="Rare"
            )
        )
        session.add(Tag(id=ONLY_LAURENTIA, name="Rare", folded="rare"))
        session.add(
            SavedView(id=ONLY_LAURENTIA, user_id=PERSONAS["alice"].id, name="Rare", shared=True)
        )
        session.add(BatteryType(id=ONLY_LAURENTIA, name="Rare", chemistry="LTO"))
        session.add(Location(id=ONLY_LAURENTIA, name="Ailleurs"))
        session.add(
            Alert(
                id=ONLY_LAURENTIA,
                asset_id=1,
                rule="L2",
                kind="threshold",
                severity="critical",
                open_key="1|L2|",
                began_at=1,
                fired_at=2,
            )
        )
        session.add(
            AlertRule(id=ONLY_LAURENTIA, code="L1", level="client", changes={"limit": 3.58})
        )
        session.add(
            MaintenanceWindow(
                id=ONLY_LAURENTIA, level="client", starts_at=1, ends_at=9 * 10**12, reason="Travaux"
            )
        )
        session.commit()
    return house


@pytest.fixture
def ask(client_of, house, examples):
    """`ask("bob", route, ids)`: the answer to a request a browser of theirs could send."""

    def send(name: str, route: Route, ids: dict[str, int]):
        browser = client_of(name)
        headers = {"Sec-Fetch-Site": "same-origin"}
        if cookie := browser.get_cookie("sid"):
            with house.core() as core:
                headers["X-CSRF-Token"] = core.get(UserSession, token_digest(cookie.value)).csrf
        body = examples.get((route.rule, route.method))
        if body is not None:
            headers["If-Match"] = "*"
        return browser.open(route.path(ids), method=route.method, headers=headers, json=body)

    return send


@pytest.fixture
def examples(app):
    """The example that the API's document gives of each write, so that walks get past the form."""
    found = {}
    for path, item in app.test_client().get("/api/v1/openapi.json").json["paths"].items():
        rule = re.sub(r"{(\w+)}", r"<int:\1>", path)
        for method in ("post", "put", "patch", "delete"):
            content = item.get(method, {}).get("requestBody", {}).get("content", {})
            if method in item and not content.keys() - {"application/json"}:
                example = content.get("application/json", {}).get("example", {})
                found[rule, method.upper()] = example
    return found


def test_what_is_public_is_on_the_list(routes):
    assert {route.rule for route in routes if route.permission is None} == PUBLIC
    assert [route.rule for route in routes if route.permission == "unmarked"] == []


@pytest.mark.parametrize("name", [*PERSONAS, "nobody"])
def test_nobody_does_what_the_matrix_does_not_say(routes, estate, ask, name):
    allowed = MATRIX[PERSONAS[name].role] if name in PERSONAS else frozenset()
    for route in routes:
        if route.signed or route.permission is None or route.permission in allowed:
            continue
        if route.shared:  # the link alone decides, whoever is signed in besides
            assert ask(name, route, OURS).status_code in (403, 404), f"{name}: {route.rule}"
            continue
        answer = ask(name, route, OURS)
        refused = {403} if name in PERSONAS else {401, 302, 303, 403}
        assert answer.status_code in refused, f"{name}: {route.method} {route.rule}"


def test_what_a_link_opens_is_on_the_list(routes):
    assert {route.rule for route in routes if route.shared} == {"/p/<token>", "/p/<token>/etat"}


@pytest.mark.parametrize("name", ["alice", "bob", "carol"])
def test_pages_of_ones_own_client_open(routes, estate, ask, name):
    ids = OURS | ({"asset_id": 1} if name == "bob" else {})
    for route in routes:
        if route.arguments & ONES_OWN:
            continue
        if route.method == "GET" and route.permission in MATRIX[PERSONAS[name].role]:
            answer = ask(name, route, ids)
            assert answer.status_code in (200, 303, 422), f"{name}: {route.rule}"


def test_things_of_another_client_are_not_found(routes, estate, ask):
    walked = 0
    for route in routes:
        if route.signed or not route.permission or not route.arguments <= FOREIGN.keys():
            continue
        if route.arguments and route.permission in MATRIX[PERSONAS["mallory"].role]:
            answer = ask("mallory", route, FOREIGN)
            # A form may be found incomplete before anything is looked for.
            form = route.method == "POST" and not route.rule.startswith("/api/")
            not_found = {404, 422} if form else {404}
            assert answer.status_code in not_found, f"{route.method} {route.rule}"
            walked += 1
    assert walked >= 20
    with estate.core() as core:
        assert core.get(Collector, ONLY_LAURENTIA).status == "active"


def test_batteries_that_are_not_bobs_are_not_found(routes, estate, ask):
    for route in routes:
        if route.arguments == NOT_BOBS.keys() and route.permission in MATRIX[PERSONAS["bob"].role]:
            assert ask("bob", route, NOT_BOBS).status_code == 404, f"{route.method} {route.rule}"


def test_every_parameter_is_known_to_this_walk(routes):
    named = {
        name
        for route in routes
        if route.permission and not route.shared
        for name in route.arguments
    }
    assert named <= OURS.keys()
