"""Every route, walked with keys, tokens and a collector's key; and nothing of others in any answer.

The routes come from the portal's own map, so that a new one is in here without anybody adding it.
"""

# ruff: noqa: F811 (fixtures are named as what they give)

import json
import re
from dataclasses import dataclass

import pytest
from sqlalchemy import update

from app.clients.models import Asset, BatteryType, Location
from app.core import keys, tokens
from app.core.access import KEY_SCOPES, MATRIX, Permission
from app.core.models import ApiKey, User
from app.database.base import now_ms
from tests.house import BOB_SEES, PERSONAS
from tests.rules.test_routes import (  # noqa: F401 (fixtures)
    FOREIGN,
    NOT_BOBS,
    ONLY_LAURENTIA,
    OURS,
    Route,
    ask,
    estate,
    examples,
    routes,
)
from tests.site import Site

pytestmark = pytest.mark.sqlite_only

API = "/api/"
NOWHERE = 987_654
"""An id of nothing at all."""
UNSAID = re.compile(r'"request_id":\s?"\w+"')
HEADERS_APART = {"X-Request-Id", "Content-Security-Policy", "Date", "Set-Cookie"}


@dataclass(frozen=True)
class Program:
    """Whoever shows `authorization`, and may do `permissions`."""

    authorization: str
    permissions: frozenset[Permission]


@pytest.fixture
def program(app, house):
    """`program("alice key")`, `"bob token"`, `"revoked key"`, `"expired key"`, `"collector"`."""

    def make(name: str) -> Program:
        who, _, kind = name.partition(" ")
        if not kind:
            site = Site(house)
            return Program(f"Bearer {site.key_id}", frozenset())
        person = who if who in PERSONAS else "alice"
        allowed = MATRIX[PERSONAS[person].role]
        with house.core() as core:
            if kind == "token":
                user = core.get_one(User, PERSONAS[person].id)
                text = tokens.make_access(tokens.token_keys(house.settings), user)
                return Program(f"Bearer {text}", allowed)
            scopes = sorted(str(scope) for scope in KEY_SCOPES & allowed)
            key, text = keys.create(core, house.principal(person), "Walk", scopes, 30)
            if who == "revoked":
                key.revoked_at = now_ms()
            if who == "expired":
                key.expires_at = now_ms()
            core.commit()
        good = who in PERSONAS
        return Program(f"Bearer {text}", KEY_SCOPES & allowed if good else frozenset())

    return make


@pytest.fixture
def call(app, examples):
    """`call(program, route, ids)`: the answer; the programs' own limit is not what is tried."""

    def send(program: Program, route: Route, ids: dict[str, int]):
        app.extensions["limits"].storage.reset()
        headers = {"Authorization": program.authorization, "If-Match": "*"}
        body = examples.get((route.rule, route.method))
        path = route.path(ids)
        return app.test_client().open(path, method=route.method, headers=headers, json=body)

    return send


def wanting(routes, *, api: bool | None = None) -> list[Route]:
    """The routes that want somebody to have a permission."""
    found = [r for r in routes if r.permission and not r.signed and not r.shared]
    return [r for r in found if api is None or r.rule.startswith(API) == api]


PEOPLE = ("alice", "bob", "mallory")
PROGRAMS = [
    *(f"{name} key" for name in PEOPLE), *(f"{name} token" for name in (*PEOPLE, "carol", "sam")),
    "revoked key", "expired key", "collector",
]  # fmt: skip


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_does_what_its_person_and_scopes_allow(routes, estate, program, call, name):
    caller, walked = program(name), 0
    for route in wanting(routes):
        if route.rule.startswith(API) and route.permission in caller.permissions:
            continue
        answer = call(caller, route, OURS)
        assert answer.status_code in (302, 303, 401, 403), f"{name}: {route.method} {route.rule}"
        walked += 1
    assert walked > 40


@pytest.mark.parametrize("kind", ["key", "token"])
def test_programs_of_another_client_find_nothing(routes, estate, program, call, kind):
    mallory, walked = program(f"mallory {kind}"), 0
    for route in wanting(routes, api=True):
        named = route.arguments and route.arguments <= FOREIGN.keys()
        if named and route.permission in mallory.permissions:
            theirs, nobodys = (
                call(mallory, route, ids) for ids in (FOREIGN, dict.fromkeys(FOREIGN, NOWHERE))
            )
            assert theirs.status_code == 404, f"{route.method} {route.rule}"
            assert _said(theirs) == _said(nobodys), f"{route.method} {route.rule} tells them apart"
            walked += 1
    assert walked >= 20


@pytest.mark.parametrize("kind", ["key", "token"])
def test_bobs_programs_find_his_batteries_only(routes, estate, program, call, kind):
    bob, walked = program(f"bob {kind}"), 0
    for route in wanting(routes, api=True):
        if route.arguments == NOT_BOBS.keys() and route.permission in bob.permissions:
            answer, nobodys = (
                call(bob, route, ids) for ids in (NOT_BOBS, dict.fromkeys(NOT_BOBS, NOWHERE))
            )
            assert answer.status_code == 404, f"{route.method} {route.rule}"
            assert _said(answer) == _said(nobodys)
            walked += 1
    assert walked >= 2


def test_a_collectors_route_takes_no_person_and_no_program(routes, estate, program, call):
    signed = [route for route in routes if route.signed]
    assert signed
    for name in ("alice key", "alice token", "sam token"):
        caller = program(name)
        for route in signed:
            assert call(caller, route, OURS).status_code in (400, 401, 422), route.rule


def test_ids_of_others_in_a_body_change_nothing(routes, estate, program, call, examples, app):
    """Each id that a body of the document's examples may name, replaced by one of Laurentia's."""
    mallory, walked = program("mallory token"), 0
    own = {**dict.fromkeys(OURS, 1), "user_id": PERSONAS["mallory"].id}
    for route in wanting(routes, api=True):
        example = examples.get((route.rule, route.method)) or {}
        ids = [name for name, value in example.items() if _is_ids(name, value)]
        if not ids or route.permission not in mallory.permissions:
            continue
        for name in ids:
            many = isinstance(example[name], list)
            examples[route.rule, route.method] = example | {
                name: [ONLY_LAURENTIA] if many else ONLY_LAURENTIA
            }
            answer = call(mallory, route, own)
            assert answer.status_code in (404, 409, 422), f"{route.method} {route.rule} {name}"
            walked += 1
        examples[route.rule, route.method] = example
    assert walked >= 4


def _is_ids(name: str, value: object) -> bool:
    ids = name.endswith(("_id", "_ids")) or name in ("assets", "batteries")
    whole = [type(each) is int for each in (value if isinstance(value, list) else [value])]
    return ids and bool(whole) and all(whole)


@pytest.fixture
def marked(estate):
    """The estate with words that nobody else's answers may hold: `MARK-<client>-<which>`."""
    for slug in estate.refs:
        with estate.tenant(slug, writes=True) as session:
            for asset in session.query(Asset):
                bobs = slug == "laurentia" and asset.id in BOB_SEES
                asset.name = f"MARK-{slug}-{'bobs' if bobs else 'unassigned'}-{asset.id}"
                asset.responsible = f"MARK-{slug}-{'bobs' if bobs else 'unassigned'}"
            session.execute(update(BatteryType).values(name=BatteryType.name + f" MARK-{slug}"))
            session.execute(update(Location).values(city=f"MARK-{slug}"))
            session.commit()
    with estate.core() as core:
        for persona in PERSONAS.values():
            core.get_one(User, persona.id).name = f"MARK-{persona.tenant or 'platform'}-person"
        core.get_one(ApiKey, ONLY_LAURENTIA).name = "MARK-laurentia-key"
        core.commit()
    return estate


FORBIDDEN = {
    "alice": r"MARK-(boreal|platform)",
    "bob": r"MARK-(boreal|platform|laurentia-unassigned)",
    "carol": r"MARK-(boreal|platform)",
    "mallory": r"MARK-(laurentia|platform)",
    "nobody": r"MARK-",
}


@pytest.mark.parametrize("name", [*FORBIDDEN, "alice token", "bob token", "bob key", "mallory key"])
def test_no_answer_holds_a_word_of_others(routes, marked, ask, program, call, name):
    """Every page, file and document that can be read, for every id, allowed or not."""
    who, _, kind = name.partition(" ")
    caller, walked, seen = program(name) if kind else None, 0, ""
    for route in [each for each in routes if each.method == "GET" and not each.signed]:
        for ids in (OURS, dict.fromkeys(OURS, 1), dict.fromkeys(OURS, 3)):
            if not route.arguments <= ids.keys():
                continue  # a file, or a link's secret
            answer = call(caller, route, ids) if kind else ask(who, route, ids)
            leaked = re.search(FORBIDDEN[who], answer.get_data(as_text=True))
            assert not leaked, f"{name}: {route.rule} of {ids} shows {leaked}"
            seen += answer.get_data(as_text=True)
            walked += 1
            if not route.arguments:
                break
    assert walked > 30
    assert who == "nobody" or "MARK-" in seen, "the words are where they should be"


def _said(answer) -> tuple:
    """All that could tell one refusal from another."""
    text = UNSAID.sub("", answer.get_data(as_text=True))
    headers = sorted((k, v) for k, v in answer.headers if k not in HEADERS_APART)
    return answer.status_code, json.dumps(text), headers
