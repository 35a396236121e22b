"""Keys of programs: what they open, what they never may, and when they end."""

import pytest
from sqlalchemy import select, update

from app.core import keys
from app.core.access import KEY_SCOPES
from app.core.models import ApiKey, AuditEntry, User, UserSession
from app.database.base import now_ms
from app.gateway import limits
from app.gateway.credentials import KeyDocument, MadeKey

pytestmark = pytest.mark.sqlite_only

SAME = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def make(client_of):
    def make_key(name="alice", scopes=("see_fleet",), days=30, label="Rapport"):
        body = {"name": label, "scopes": list(scopes), "days": days}
        return client_of(name).post("/api/v1/keys", json=body, headers=SAME)

    return make_key


def call(app, key, path="/api/v1/live", method="GET", **options):
    headers = {"Authorization": f"Bearer {key}"}
    return app.test_client().open(path, method=method, headers=headers, **options)


def test_a_key_opens_what_its_scopes_say_and_no_more(app, make):
    made = make()
    assert made.status_code == 201
    key = made.json["key"]
    assert keys.FORM.fullmatch(key)
    assert call(app, key).status_code == 200
    assert call(app, key, "/api/v1/collectors").status_code == 403
    assert call(app, key, "/api/v1/keys").status_code == 403
    assert call(app, key, "/api/v1/keys", "POST", json={}).status_code == 403


def test_a_key_of_somebody_with_assigned_batteries_sees_those(app, make):
    seen = call(app, make("bob").json["key"], "/api/v1/assets").json
    assert len(seen.get("assets", seen.get("items"))) == 2


def test_keys_are_answered_as_the_document_says(make, client_of):
    made = make()
    assert MadeKey().load(made.json) == made.json
    listed = client_of("alice").get("/api/v1/keys").json
    assert [KeyDocument().load(key) for key in listed["items"]] == listed["items"]
    assert "key" not in listed["items"][0]


def test_a_key_whose_answer_was_lost_is_not_made_twice(client_of):
    body = {"name": "Rapport", "scopes": ["see_fleet"], "days": 1}
    headers = SAME | {"Idempotency-Key": "report-1"}
    browser = client_of("alice")
    first, again = (browser.post("/api/v1/keys", json=body, headers=headers) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json == again.json
    assert len(browser.get("/api/v1/keys").json["items"]) == 1
    ended = f"/api/v1/keys/{first.json['id']}/revoke"
    twice = [browser.post(ended, headers=SAME | {"Idempotency-Key": "end-1"}) for _ in range(2)]
    assert [answer.status_code for answer in twice] == [200, 200]


def test_scopes_do_not_exceed_their_makers_now_or_later(app, make, house):
    assert make("carol", ["see_fleet", "manage_fleet"]).status_code == 422
    assert make("alice", ["manage_self"]).status_code == 422
    assert make("alice", ["ingest"]).status_code == 422
    assert make("alice", []).status_code == 422
    key = make("alice", sorted(KEY_SCOPES)).json["key"]
    assert call(app, key, "/api/v1/collectors").status_code == 200
    with house.core() as core:
        core.get(User, 1).role = "reader"
        core.commit()
    assert call(app, key).status_code == 200
    assert call(app, key, "/api/v1/collectors").status_code == 403


@pytest.mark.parametrize(("days", "status"), [(0, 422), (1, 201), (365, 201), (366, 422)])
def test_a_key_lasts_a_year_at_most(make, days, status):
    assert make(days=days).status_code == status


def test_a_key_ends_with_its_time_its_revocation_or_its_maker(app, make, house, client_of):
    key = make().json
    with house.core() as core:
        core.execute(update(ApiKey).values(expires_at=now_ms() - 1))
        core.commit()
    assert call(app, key["key"]).status_code == 401
    with house.core() as core:
        core.execute(update(ApiKey).values(expires_at=now_ms() + 60_000))
        core.commit()
    assert call(app, key["key"]).status_code == 200
    with house.core() as core:
        core.get(User, 1).status = "disabled"
        core.commit()
    assert call(app, key["key"]).status_code == 401
    with house.core() as core:
        core.get(User, 1).status = "active"
        core.commit()
    gone = client_of("alice").post(f"/api/v1/keys/{key['id']}/revoke", headers=SAME)
    assert (gone.status_code, gone.json["live"]) == (200, False)
    assert call(app, key["key"]).status_code == 401
    with house.core() as core:
        told = core.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
        assert told == ["key.create", "key.revoke"]


def test_altered_keys_open_nothing(app, make):
    key = make().json["key"]
    for position in range(0, len(key), 3):
        other = "A" if key[position] != "A" else "B"
        assert call(app, key[:position] + other + key[position + 1 :]).status_code == 401, position
    for text in (key[:-1], key + "a", key.upper(), key.replace("tbms_test", "tbms_live"), "tbms_"):
        assert call(app, text).status_code == 401
    assert app.test_client().get(f"/api/v1/live?key={key}").status_code == 401


def test_the_database_does_not_hold_the_key(make, house):
    key = make().json["key"]
    with house.core() as core:
        row = core.scalars(select(ApiKey)).one()
        assert row.prefix in key
        assert len(row.secret_hash) == 32
        assert keys.FORM.fullmatch(key)[3].encode() not in row.secret_hash


def test_one_lists_ones_own_and_who_manages_people_lists_all(make, client_of):
    alices, bobs = make().json["id"], make("bob").json["id"]

    def listed(name):
        return [key["id"] for key in client_of(name).get("/api/v1/keys").json["items"]]

    assert listed("alice") == [bobs, alices]
    assert listed("bob") == [bobs]
    assert listed("mallory") == []
    refused = client_of("bob").post(f"/api/v1/keys/{alices}/revoke", headers=SAME)
    assert refused.status_code == 404
    assert client_of("alice").post(f"/api/v1/keys/{bobs}/revoke", headers=SAME).status_code == 200


def test_use_is_noted_once_a_minute(app, make, house):
    key = make().json["key"]

    def used():
        with house.core() as core:
            return core.scalars(select(ApiKey.last_used)).one()

    assert used() is None
    call(app, key)
    first = used()
    assert first > 0
    call(app, key)
    assert used() == first


def test_each_key_has_a_count_of_its_own(app, make, monkeypatch):
    monkeypatch.setattr(limits, "PROGRAM", limits.parse("3 per minute"))
    one, other = make().json["key"], make().json["key"]
    assert [call(app, one).status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = call(app, one)
    assert 0 < int(refused.headers["Retry-After"]) <= 61
    assert call(app, other).status_code == 200


def test_making_a_key_needs_a_person_who_has_just_proved_who_they_are(app, client_of, house):
    browser = client_of("alice")
    with house.core() as core:
        core.execute(update(UserSession).values(fresh_at=now_ms() - 11 * 60_000))
        core.commit()
    body = {"name": "x", "scopes": ["see_fleet"], "days": 1}
    refused = browser.post("/api/v1/keys", json=body, headers=SAME)
    assert (refused.status_code, refused.json["code"]) == (403, "not_fresh")
    alice = house.persona("alice")
    pair = app.test_client().post(
        "/api/v1/tokens", json={"email": alice.email, "password": alice.password}
    )
    refused = call(app, pair.json["access_token"], "/api/v1/keys", "POST", json=body)
    assert (refused.status_code, refused.json["code"]) == (403, "people_only")


def test_keys_come_in_pages_the_newest_first(client_of, make):
    for number in range(3):
        make(label=f"Rapport {number}")
    browser = client_of("alice")
    first = browser.get("/api/v1/keys?limit=2").json
    second = browser.get(f"/api/v1/keys?limit=2&cursor={first['next']}").json
    names = [key["name"] for key in first["items"] + second["items"]]
    assert (names, second["next"]) == (["Rapport 2", "Rapport 1", "Rapport 0"], None)
    by_name = browser.get("/api/v1/keys?sort=name&fields=name").json["items"]
    assert [key["name"] for key in by_name] == ["Rapport 0", "Rapport 1", "Rapport 2"]
