"""Fields, tags and views through the API, and batteries that carry what they say."""

import pytest

pytestmark = pytest.mark.sqlite_only

API = "/api/v1"
ANY = {"If-Match": "*"}


@pytest.fixture
def alice(client_of):
    return client_of("alice")


def tag_of(browser, path):
    return {"If-Match": browser.get(API + path).headers["ETag"]}


def test_a_field_is_added_edited_and_removed(alice):
    body = {"kind": "number", "label_fr": "Poids", "label_en": "Weight", "listed": True}
    made = alice.post(f"{API}/custom-fields", json=body)
    assert made.status_code == 201
    assert made.json["code"] == "poids"
    path = f"/custom-fields/{made.json['id']}"
    edited = alice.patch(API + path, json={"required": True}, headers=tag_of(alice, path))
    assert (edited.json["required"], edited.json["version"]) == (True, 2)
    late = alice.patch(
        API + path, json={"required": False}, headers={"If-Match": made.headers["ETag"]}
    )
    assert late.status_code == 412
    assert alice.delete(API + path, headers=ANY).json == {"batteries": 0}
    assert alice.get(API + path).status_code == 404
    assert alice.delete(f"{API}/custom-fields/1", headers=ANY).json["code"] == "ready_made"


def test_a_battery_carries_what_its_fields_say(alice):
    said = {"project": "Viger", "responsible": "Karim", "tags": "Garantie", "notes": "a\nb"}
    answer = alice.patch(
        f"{API}/assets/1", json={"fields": said}, headers=tag_of(alice, "/assets/1")
    )
    assert answer.status_code == 200
    assert answer.json["fields"] == said
    assert alice.get(f"{API}/assets/1").json["fields"] == said
    listed = alice.get(f"{API}/assets?fields=fields").json["items"]
    assert [item["fields"] for item in listed] == [said, {}, {}, {}]
    emptied = alice.patch(f"{API}/assets/1", json={"fields": {"project": ""}}, headers=ANY)
    assert "project" not in emptied.json["fields"]


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"function": "Ailleurs"}, "function"),
        ({"unheard_of": "x"}, "unheard_of"),
        ({"project": "a\u202eb"}, "fields.project.value"),
        ({"project": "x" * 201}, "project"),
    ],
)
def test_what_a_field_does_not_take_is_refused_and_nothing_changes(alice, said, fault):
    before = alice.get(f"{API}/assets/1").json
    answer = alice.patch(f"{API}/assets/1", json={"name": "Autre", "fields": said}, headers=ANY)
    assert answer.status_code == 422
    assert list(answer.json["fields"]) == [fault]
    assert alice.get(f"{API}/assets/1").json == before


def test_a_new_battery_says_things_at_once(alice):
    body = {"uid": "NEUF-1", "type_id": 1, "location_id": 1, "fields": {"function": "Secours"}}
    assert alice.post(f"{API}/assets", json=body).json["fields"] == {"function": "Secours"}


def test_lists_of_batteries_ask_the_database_no_more_for_more_of_them(alice, house):
    from sqlalchemy import event

    for asset_id in (1, 2, 3, 4):
        body = {"fields": {"project": f"P{asset_id}", "tags": "x"}}
        alice.patch(f"{API}/assets/{asset_id}", json=body, headers=ANY)
    counted = []
    engine = alice.application.extensions["engines"].tenant(house.refs["laurentia"])
    event.listen(engine, "before_cursor_execute", lambda *given: counted.append(given[2]))
    alice.get(f"{API}/assets?limit=1")
    one = len(counted)
    counted.clear()
    assert len(alice.get(f"{API}/assets").json["items"]) == 4
    assert 0 < len(counted) == one


def test_tags_are_listed_renamed_and_removed(alice):
    alice.patch(f"{API}/assets/1", json={"fields": {"tags": "Garantie, Phase 2"}}, headers=ANY)
    listed = alice.get(f"{API}/tags").json["items"]
    assert [tag["name"] for tag in listed] == ["Garantie", "Phase 2"]
    path = f"{API}/tags/{listed[0]['id']}"
    taken = alice.patch(path, json={"name": "PHASE 2"}, headers=ANY)
    assert (taken.status_code, taken.json["code"]) == (409, "name_taken")
    assert alice.patch(path, json={"name": ","}, headers=ANY).status_code == 422
    assert alice.patch(path, json={"name": "Sous garantie"}, headers=ANY).status_code == 200
    assert alice.get(f"{API}/assets/1").json["fields"]["tags"] == "Phase 2, Sous garantie"
    assert alice.delete(path, headers=ANY).json == {"batteries": 1}


def test_views_are_ones_own_unless_shared(alice, client_of):
    query = {"etat": "crit", "type": "1"}
    own = alice.post(f"{API}/views", json={"name": "À moi", "query": query})
    assert own.json["query"] == query
    alice.post(f"{API}/views", json={"name": "À tous", "query": {}, "shared": True})
    bob = client_of("bob")
    seen = bob.get(f"{API}/views").json["items"]
    assert [(view["name"], view["mine"]) for view in seen] == [("À tous", False)]
    assert bob.delete(f"{API}/views/{seen[0]['id']}", headers=ANY).status_code == 404
    assert bob.post(f"{API}/views", json={"name": "b", "shared": True}).status_code == 403
    again = alice.post(f"{API}/views", json={"name": "À moi", "query": {}})
    assert (again.json["id"], again.json["query"]) == (own.json["id"], {})
    assert alice.delete(f"{API}/views/{own.json['id']}", headers=ANY).status_code == 200
