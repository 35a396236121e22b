"""Other sites cannot make a browser write, nor sign it in as somebody else."""

import pytest

pytestmark = pytest.mark.sqlite_only

OWN = "http://localhost"


def post(client, path, form=None, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(path, data=form or {}, headers=named)


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"Sec_Fetch_Site": "same-origin"}, True),
        ({"Sec_Fetch_Site": "none"}, True),
        ({"Sec_Fetch_Site": "same-site"}, False),
        ({"Sec_Fetch_Site": "cross-site"}, False),
        ({"Sec_Fetch_Site": "anything"}, False),
        ({"Sec_Fetch_Site": "cross-site", "Origin": OWN}, False),
        ({"Origin": OWN}, True),
        ({"Origin": "http://127.0.0.1:8000"}, True),
        ({"Origin": "http://evil.example"}, False),
        ({"Origin": "http://localhost.evil.example"}, False),
        ({"Origin": "https://localhost"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://["}, False),
        ({}, True),
    ],
)
def test_who_may_write_with_a_cookie(through, headers, allowed):
    answer = post(through("alice"), "/api/v1/probe/own", **headers)
    assert answer.status_code == (200 if allowed else 403)
    if not allowed:
        assert answer.json["code"] == "cross_site"


def test_reading_is_free(through):
    answer = through("alice").get("/probe/own", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200


def test_forms_carry_the_token_of_their_session(through):
    alice, carol = through("alice"), through("carol")
    token = alice.get("/probe/form").text
    assert token == alice.get("/probe/form").text
    assert post(alice, "/probe/own", {"csrf_token": token}).status_code == 200
    assert post(alice, "/probe/own", X_CSRF_Token=token).status_code == 200
    for wrong in ({}, {"csrf_token": ""}, {"csrf_token": carol.get("/probe/form").text}):
        assert post(alice, "/probe/own", wrong).status_code == 403


def test_the_sign_in_form_has_a_token_too(through):
    client, other = through(), through()
    token = client.get("/probe/form").text
    assert len(token) >= 43
    assert post(client, "/probe/form", {"csrf_token": token}).status_code == 200
    assert post(client, "/probe/form", {"csrf_token": "é" + token}).status_code == 403
    assert post(other, "/probe/form", {"csrf_token": token}).status_code == 403
