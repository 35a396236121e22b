"""The catalogue's resources: what a program may read, narrowed to what its caller may see."""

import pytest

pytestmark = pytest.mark.sqlite_only


def uids(browser, query=""):
    return [asset["uid"] for asset in browser.get(f"/api/v1/assets{query}").json["items"]]


def test_assets_are_those_the_caller_may_see(client_of):
    assert uids(client_of("bob")) == ["EDS-LFP-0001", "EDS-LFP-0002"]
    assert uids(client_of("alice"), "?status=pending") == ["EDS-LFP-0099"]
    assert uids(client_of("alice"), "?type=2&q=parc") == ["EDS-NMC-0001"]
    assert uids(client_of("mallory")) == ["EDS-LFP-0001", "BOR-LFP-0002"]


def test_one_asset_carries_its_place(client_of):
    told = client_of("alice").get("/api/v1/assets/4").json
    assert (told["uid"], told["type"]["name"], told["location"]["id"]) == (
        "EDS-NMC-0001",
        "NMC 14S 60 Ah",
        2,
    )
    assert client_of("bob").get("/api/v1/assets/4").status_code == 404


def test_types_carry_the_limits_that_are_drawn(client_of):
    [first, _] = client_of("carol").get("/api/v1/types").json["items"]
    assert first["limits"]["cell_high"] == 3.65
    assert first["limits"]["temperature_high"] == 45
    names = [row["name"] for row in client_of("carol").get("/api/v1/locations").json["items"]]
    assert names == ["Entrepôt Saint-Laurent", "Parc des Érables"]


def test_a_status_that_does_not_exist_is_named(client_of):
    answer = client_of("alice").get("/api/v1/assets?status=lost")
    assert answer.status_code == 422
    assert set(answer.json["fields"]) == {"status"}


def test_nobody_reads_anything(client_of):
    for path in ("assets", "assets/1", "types", "locations"):
        assert client_of("nobody").get(f"/api/v1/{path}").status_code == 401
