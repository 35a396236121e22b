"""People see and manage the collectors of their own client, as their role allows."""

import pytest
from sqlalchemy import select

from app.core.models import AuditEntry
from tests.site import Site, reading

pytestmark = pytest.mark.sqlite_only


def test_the_list_says_how_each_one_is(client_of, site):
    site.push(site.batch(reading(ts=site.now)))
    (row,) = client_of("bob").get("/api/v1/collectors").json["items"]
    assert (row["name"], row["status"], row["queued"]) == ("Collector site-1", "active", 3)
    assert row["last_seen"] == site.now
    assert not {"public_key", "key_id"} & set(row)


def test_clients_see_their_own(client_of, site):
    assert client_of("mallory").get("/api/v1/collectors").json["items"] == []


def test_revoking_stops_the_next_push(app, client_of, house, site):
    assert (
        client_of("alice").post(f"/api/v1/collectors/{site.id}/revoke").json["status"] == "revoked"
    )
    answer = site.post(app.test_client(), b"x")
    assert (answer.status_code, answer.json["code"]) == (403, "revoked")
    with house.core() as core:
        assert core.scalars(select(AuditEntry.action)).all() == ["collector.revoke"]


def test_somebody_elses_collector_is_not_there(client_of, site):
    answer = client_of("mallory").post(f"/api/v1/collectors/{site.id}/revoke")
    missing = client_of("mallory").post("/api/v1/collectors/999/revoke")
    assert answer.status_code == missing.status_code == 404
    assert answer.json["detail"] == missing.json["detail"]


@pytest.mark.parametrize(
    ("persona", "listing", "claims", "revoke"),
    [
        ("alice", 200, 201, 200),
        ("bob", 200, 403, 403),
        ("carol", 403, 403, 403),
        ("sam", 409, 409, 409),  # has entered no client
        ("nobody", 401, 401, 401),
    ],
)
def test_roles(client_of, house, persona, listing, claims, revoke):
    site = Site(house)
    browser = client_of(persona)
    assert browser.get("/api/v1/collectors").status_code == listing
    assert browser.post("/api/v1/collectors/claims", json={"name": "A"}).status_code == claims
    assert browser.post(f"/api/v1/collectors/{site.id}/revoke").status_code == revoke


@pytest.mark.parametrize("name", ["", "  ", None, 5, "a\x00b"])
def test_a_claim_needs_a_name(client_of, name):
    answer = client_of("alice").post("/api/v1/collectors/claims", json={"name": name})
    assert (answer.status_code, list(answer.json["fields"])) == (422, ["name"])
