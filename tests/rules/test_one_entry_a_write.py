"""Every write of the API that succeeds leaves exactly one entry in the journal.

The operations and their bodies come from the portal's own document, so that new ones join by
themselves. What the journal leaves out is on a list.
"""

# ruff: noqa: F811 (fixtures are named as what they give)

import pytest
from sqlalchemy import func, select

from app.core.models import AuditEntry
from app.gateway.audited import UNRECORDED
from tests.rules.test_routes import OURS, ask, estate, examples, routes  # noqa: F401 (fixtures)

pytestmark = pytest.mark.sqlite_only

OWN = {**OURS, **dict.fromkeys(("asset_id", "type_id", "location_id", "tenant_id"), 1)}
PENDING = 5
SUCCEEDED = 20
"""At least so many different operations get through with the examples of the document."""


def entries(house) -> list[str]:
    with house.core() as core:
        return list(core.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_each_write_is_recorded_once(routes, estate, ask):
    done, wrong = set(), {}
    for route in [r for r in routes if r.method != "GET" and r.rule.startswith("/api/")]:
        if route.signed or not route.permission or not route.arguments <= OWN.keys():
            continue
        for name in ("alice", "sam"):
            ids = OWN | ({"asset_id": PENDING} if "accept" in route.rule else {})
            before = len(entries(estate))
            answer = ask(name, route, ids)
            found = entries(estate)[before:]
            if answer.status_code < 400:
                done.add((route.rule, route.method))
                if len(found) != 1:
                    wrong[route.method, route.rule, name] = found
            else:
                assert found == [], f"{route.method} {route.rule} failed and was recorded: {found}"
    assert wrong == {}
    assert len(done) >= SUCCEEDED, sorted(done)


def test_what_is_not_recorded_is_known():
    assert sorted(UNRECORDED) == [
        "connector.push",
        "session.language",
        "shared.page",
        "shared.state",
        "shared.unlock",
        "static",
    ]


def test_a_refused_write_leaves_nothing(estate, client_of):
    same = {"Sec-Fetch-Site": "same-origin"}
    assert client_of("bob").post("/api/v1/locations", json={}, headers=same).status_code == 403
    with estate.core() as core:
        assert core.scalar(select(func.count(AuditEntry.id))) == 0
