"""Whoever edits says which state they saw; what others changed meanwhile is not overwritten."""

import pytest

EDITABLE = {
    "/api/v1/assets/1": {"responsible": "Équipe Québec"},
    "/api/v1/types/1": {"capacity_ah": 105.5},
    "/api/v1/locations/1": {"purpose": "Traction"},
    "/api/v1/users/2": {"name": "Robert"},
}


@pytest.mark.parametrize("path", EDITABLE)
def test_an_edit_counts_once_for_the_state_seen(client_of, path):
    browser = client_of("alice")
    seen = browser.get(path)
    tag, [(field, value)] = seen.headers["ETag"], EDITABLE[path].items()
    assert not tag.startswith("W/")
    edited = browser.patch(path, json=EDITABLE[path], headers={"If-Match": tag})
    assert edited.status_code == 200, edited.text
    assert edited.json[field] == value
    assert edited.headers["ETag"] != tag
    late = browser.patch(path, json=EDITABLE[path], headers={"If-Match": tag})
    assert (late.status_code, late.json["code"]) == (412, "changed")
    again = browser.get(path)
    assert (again.headers["ETag"], again.json) == (edited.headers["ETag"], edited.json)


@pytest.mark.sqlite_only
@pytest.mark.parametrize("path", EDITABLE)
def test_without_a_state_nothing_is_edited(client_of, path):
    answer = client_of("alice").patch(path, json=EDITABLE[path])
    assert (answer.status_code, answer.json["code"]) == (428, "precondition_required")


@pytest.mark.sqlite_only
def test_a_tag_survives_a_compressing_server(client_of):
    browser = client_of("alice")
    tag = browser.get("/api/v1/types/1").headers["ETag"].replace('"', "", 1)
    header = {"If-Match": '"' + tag[:-1] + '-gzip"'}
    assert browser.patch("/api/v1/types/1", json={"cells": 15}, headers=header).status_code == 200


@pytest.mark.sqlite_only
def test_a_reader_who_has_it_is_told_so(client_of):
    browser = client_of("carol")
    tag = browser.get("/api/v1/assets/1").headers["ETag"]
    answer = browser.get("/api/v1/assets/1", headers={"If-None-Match": tag})
    assert (answer.status_code, answer.data) == (304, b"")


@pytest.mark.sqlite_only
def test_post_does_what_refused_methods_do(app, client_of):
    browser, force = client_of("alice"), {"If-Match": "*"}
    assert (
        browser.post("/api/v1/types/1/update", json={"name": "LFP"}, headers=force).json["name"]
        == "LFP"
    )
    made = browser.post("/api/v1/locations", json={"name": "Quai"})
    assert (made.status_code, made.json["time_zone"]) == (201, "America/Toronto")
    gone = browser.post(f"/api/v1/locations/{made.json['id']}/delete", headers=force)
    assert gone.status_code == 200
    twins = {rule.rule for rule in app.url_map.iter_rules() if "POST" in rule.methods}
    for rule in app.url_map.iter_rules():
        if rule.methods & {"PUT", "PATCH", "DELETE"} and rule.rule.startswith("/api/"):
            paths = {rule.rule, f"{rule.rule}/update", f"{rule.rule}/delete"}
            assert paths & twins, rule.rule


def test_what_batteries_belong_to_is_not_removed(client_of):
    answer = client_of("alice").delete("/api/v1/types/1", headers={"If-Match": "*"})
    assert (answer.status_code, answer.json["code"]) == (409, "in_use")


def test_a_battery_is_retired_and_brought_back(client_of):
    browser, force = client_of("alice"), {"If-Match": "*"}
    retired = browser.delete("/api/v1/assets/2", headers=force)
    assert (retired.json["status"], retired.json["version"]) == ("retired", 2)
    refused = browser.patch("/api/v1/assets/2", json={"name": "B"}, headers=force)
    assert (refused.status_code, refused.json["code"]) == (409, "retired")
    assert [row["id"] for row in browser.get("/api/v1/assets").json["items"]] == [1, 3, 4]
    back = browser.patch("/api/v1/assets/2", json={"status": "active"}, headers=force)
    assert back.json["status"] == "active"


@pytest.mark.sqlite_only
def test_live_pages_see_a_new_name_with_their_next_poll(client_of):
    browser = client_of("alice")
    tag = browser.get("/api/v1/live").headers["ETag"]
    assert browser.get("/api/v1/live", headers={"If-None-Match": tag}).status_code == 304
    browser.patch("/api/v1/assets/1", json={"name": "Neuve"}, headers={"If-Match": "*"})
    assert browser.get("/api/v1/live", headers={"If-None-Match": tag}).status_code == 200


def test_a_new_role_ends_sessions_and_somebody_always_administers(client_of, house):
    bob, alice, force = client_of("bob"), client_of("alice"), {"If-Match": "*"}
    assert bob.get("/api/v1/assets").status_code == 200
    assert (
        alice.patch("/api/v1/users/2", json={"role": "reader"}, headers=force).json["role"]
        == "reader"
    )
    assert bob.get("/api/v1/assets").status_code == 401
    own = alice.patch("/api/v1/users/1", json={"role": "user"}, headers=force)
    assert (own.status_code, own.json["code"]) == (409, "own_role")
    wrong = alice.patch("/api/v1/users/2", json={"role": "super_admin"}, headers=force)
    assert (wrong.status_code, list(wrong.json["fields"])) == (422, ["role"])


def test_batteries_are_assigned_as_a_whole(client_of):
    alice, bob = client_of("alice"), client_of("bob")
    seen = alice.get("/api/v1/users/2/assets")
    assert seen.json == {"assets": [1, 2]}
    header = {"If-Match": seen.headers["ETag"]}
    assert bob.get("/api/v1/assets/3").status_code == 404
    given = alice.put("/api/v1/users/2/assets", json={"assets": [2, 3]}, headers=header)
    assert given.json == {"assets": [2, 3]}
    assert [bob.get(f"/api/v1/assets/{n}").status_code for n in (1, 2, 3)] == [404, 200, 200]
    lost = alice.put("/api/v1/users/2/assets", json={"assets": [99]}, headers={"If-Match": "*"})
    assert lost.status_code == 404
    assert alice.get("/api/v1/users/2/assets").json == {"assets": [2, 3]}


def test_clients_are_opened_and_suspended(client_of):
    sam, alice = client_of("sam"), client_of("alice")
    made = sam.post("/api/v1/clients", json={"slug": "nordet", "name": "Nordet"})
    assert (made.status_code, made.json["status"]) == (201, "active")
    twice = sam.post("/api/v1/clients", json={"slug": "nordet", "name": "Nordet"})
    assert (twice.status_code, twice.json["code"]) == (409, "tenant_exists")
    force = {"If-Match": "*"}
    sam.patch("/api/v1/clients/1", json={"status": "suspended"}, headers=force)
    assert alice.get("/api/v1/assets").status_code == 401
    sam.patch("/api/v1/clients/1", json={"status": "active"}, headers=force)
    assert alice.get("/api/v1/assets").status_code == 200
