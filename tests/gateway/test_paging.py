"""Lists come in pages, in the order and with the fields asked for, while rows come and go."""

import pytest

from app.clients.models import Location
from app.gateway.paging import MOST


def pages(browser, path, **query):
    """Every page of a list, following its cursors."""
    cursor = {}
    while True:
        answer = browser.get(path, query_string=query | cursor)
        assert answer.status_code == 200, answer.text
        yield answer.json["items"]
        if answer.json["next"] is None:
            return
        cursor = {"cursor": answer.json["next"]}


@pytest.mark.parametrize("sort", ["name", "-name", "uid", "created_at", "-id"])
@pytest.mark.parametrize("limit", [1, 2, 3, MOST])
def test_pages_make_the_whole_list(client_of, sort, limit):
    found = list(pages(client_of("alice"), "/api/v1/assets", sort=sort, limit=limit))
    assert all(len(page) <= limit for page in found)
    rows = [row for page in found for row in page]
    assert sorted(row["id"] for row in rows) == [1, 2, 3, 4]
    key = sort.removeprefix("-")
    assert rows == sorted(rows, key=lambda r: (r[key], r["id"]), reverse=sort.startswith("-"))


def test_a_row_that_goes_takes_nothing_of_the_next_page_with_it(client_of, house):
    with house.tenant(writes=True) as session:
        session.add_all(Location(name=f"Site {n}") for n in range(6))
        session.commit()
    browser = client_of("alice")
    first = browser.get("/api/v1/locations?limit=4").json
    with house.tenant(writes=True) as session:
        session.delete(session.get(Location, first["items"][-1]["id"]))
        session.commit()
    rest = [r for p in pages(browser, "/api/v1/locations", cursor=first["next"]) for r in p]
    assert [row["name"] for row in rest] == ["Site 2", "Site 3", "Site 4", "Site 5"]


def test_fields_are_those_asked_for(client_of):
    [first, *_] = client_of("carol").get("/api/v1/assets?fields=name,status").json["items"]
    assert first == {"id": 1, "name": "Batterie 1", "status": "active"}


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=²", "limit"),
        ("limit=1&limit=2", "limit"),
        ("sort=password_hash", "sort"),
        ("fields=name,secret", "fields.1"),
        ("status=lost", "status"),
        ("tenant=2", "tenant"),
        ("cursor=%00", "cursor"),
        ("cursor=x", "cursor"),
        ("cursor=W10", "cursor"),  # []
        ("cursor=WyJuYW1lIixudWxsLDFd", "cursor"),  # a name that is null
        ("cursor=WyJuYW1lIiwiXHVkODAwIiwxXQ", "cursor"),  # a lone surrogate
        ("cursor=WyJuYW1lIiwxZTk5OSwxXQ", "cursor"),  # an infinite number
        ("cursor=WyItbmFtZSIsIkEiLDFd", "cursor"),  # of a list in another order
    ],
)
def test_what_no_list_can_answer_is_named(client_of, query, field):
    answer = client_of("alice").get(f"/api/v1/assets?{query}")
    assert (answer.status_code, list(answer.json["fields"])) == (422, [field])


@pytest.mark.sqlite_only
def test_a_cursor_gives_no_right(client_of):
    browser = client_of("alice")
    cursor = browser.get("/api/v1/assets?limit=2").json["next"]
    seen = client_of("bob").get(f"/api/v1/assets?cursor={cursor}").json["items"]
    assert {row["id"] for row in seen} <= {1, 2}
