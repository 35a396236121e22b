"""Answers: errors in two forms, entity tags that survive compression, headers for browsers."""

import re

import pytest
from sqlalchemy import text

from app.gateway import http

pytestmark = pytest.mark.sqlite_only

MEMBERS = {"type", "title", "status", "code", "detail", "request_id"}


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v1/probe/fail/conflict", 409, "taken"),
        ("/api/v1/probe/fail/fields", 422, "invalid"),
        ("/api/v1/probe/fail/database", 503, "database"),
        ("/api/v1/nowhere", 404, "not_found"),
        ("/api/v1/probe/json", 405, "method_not_allowed"),
    ],
)
def test_programs_get_problems(through, path, status, code):
    answer = through().get(path)
    assert answer.mimetype == "application/problem+json"
    assert answer.status_code == status
    assert set(answer.json) >= MEMBERS
    assert (answer.json["status"], answer.json["code"]) == (status, code)
    assert answer.json["type"] == f"tbms:{code}"
    assert answer.json["request_id"] == answer.headers["X-Request-Id"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_problems_keep_what_their_status_demands(through):
    client = through()
    assert "POST" in client.get("/api/v1/probe/json").headers["Allow"]
    assert client.get("/api/v1/probe/fail/database").headers["Retry-After"] == "5"
    assert client.get("/api/v1/probe/fail/clock").json["server_time"] == 1_700_000_000
    assert set(client.get("/api/v1/probe/fail/fields").json["fields"]) == {"name"}


def test_people_get_a_page_and_nothing_of_it_is_markup_of_others(through):
    answer = through().get("/probe/fail/conflict")
    assert (answer.status_code, answer.mimetype) == (409, "text/html")
    assert b"<b>7</b>" not in answer.data
    assert "&lt;b&gt;7&lt;/b&gt;" in answer.text


@pytest.mark.parametrize("path", ["/probe/fail/bug", "/api/v1/probe/fail/bug"])
def test_what_nobody_foresaw_shows_an_identifier_only(door, through, path):
    door.testing = False  # in tests Flask would raise it
    answer = through().get(path)
    assert answer.status_code == 500
    assert "private detail" not in answer.text
    assert answer.headers["X-Request-Id"] in answer.text


def test_a_broken_core_database_is_a_503_for_people_and_programs(house, through):
    client = through("alice")
    with house.engines.core.begin() as connection:
        connection.execute(text("ALTER TABLE user_sessions RENAME TO gone"))
    page = client.get("/probe/own")
    assert (page.status_code, page.mimetype) == (503, "text/html")
    data = client.get("/api/v1/probe/own")
    assert (data.status_code, data.json["code"]) == (503, "database")
    assert client.get("/probe/public").status_code == 200


@pytest.mark.parametrize(
    "sent", ['W/"{0}"', '"{0}"', 'W/"{0}-gzip"', '"{0}-br"', '"{0};gzip"', '"x", W/"{0}-gzip"', "*"]
)
def test_an_unchanged_answer_is_304_even_behind_a_compressing_server(through, sent):
    client = through()
    first = client.get("/api/v1/probe/tag")
    tag = first.headers["ETag"]
    assert (first.status_code, first.headers["Cache-Control"]) == (200, "private, no-cache")
    bare = re.fullmatch(r'W/"(\w+)"', tag)[1]
    again = client.get("/api/v1/probe/tag", headers={"If-None-Match": sent.format(bare)})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    assert again.headers["Cache-Control"] == "private, no-cache"
    other = client.get("/api/v1/probe/tag", headers={"If-None-Match": 'W/"other"'})
    assert other.status_code == 200


def test_a_304_sets_no_cookie(through):
    client = through("alice")
    tag = client.get("/api/v1/probe/tag").headers["ETag"]
    assert (
        "Set-Cookie" not in client.get("/api/v1/probe/tag", headers={"If-None-Match": tag}).headers
    )


def test_tags_depend_on_everything_given():
    tags = {http.entity_tag(*parts) for parts in ((1, 2), (12,), ("1", 2), (1, 2, None), (2, 1))}
    assert len(tags) == 5


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"a": 1}', None),
        (b'{"a": NaN}', "bad_json"),
        (b'{"a": 1, "a": 2}', "bad_json"),
        (b"[1]", "bad_json"),
        (b'"\\ud800"', "bad_encoding"),
        (b"\xff", "bad_encoding"),
        (b"[" * 100_000, "too_deep"),
        (b" " * (http.MAX_JSON + 1), "too_large"),
    ],
)
def test_json_is_read_strictly(through, body, code):
    answer = through().post("/api/v1/probe/json", data=body)
    if code is None:
        assert answer.json == {"a": 1}
    else:
        assert answer.status_code in (413, 422)
        assert answer.json["code"] == code


def test_headers_for_browsers(through):
    client = through()
    for path in ("/probe/public", "/api/v1/probe/fail/conflict", "/nowhere"):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "Strict-Transport-Security" not in headers  # this installation is plain HTTP
        assert "Access-Control-Allow-Origin" not in headers
    page = client.get("/nowhere").headers["Content-Security-Policy"]
    for directive in ("form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"):
        assert directive in page


def test_nonces_are_never_used_twice(door):
    seen = set()
    for _ in range(50):
        with door.test_request_context("/"):
            nonce = http.csp_nonce()
            assert nonce == http.csp_nonce()
            seen.add(nonce)
            answer = door.response_class("<p>", mimetype="text/html")
            assert f"'nonce-{nonce}'" in http.add_headers(answer).headers["Content-Security-Policy"]
    assert len(seen) == 50


def test_the_document_describes_the_api(through):
    document = through().get("/api/v1/openapi.json").json
    assert document["openapi"] == "3.1.0"
    assert "/api/v1/health" in document["paths"]
    assert {"type", "code", "detail"} <= set(
        document["components"]["schemas"]["Problem"]["properties"]
    )


def test_health_says_which_part_is_broken(through, house):
    client = through()
    assert client.get("/api/v1/health").json == {"status": "ok", "parts": {"core": "ok"}}
    with house.engines.core.begin() as connection:
        connection.execute(text("PRAGMA foreign_keys=OFF"))
        connection.execute(text("ALTER TABLE tenants RENAME TO gone"))
    answer = client.get("/api/v1/health")
    assert answer.status_code == 503
    assert answer.json["parts"] == {"core": "unreachable"}
