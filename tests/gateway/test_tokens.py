"""Tokens of programs: what they open, every way to forge one, and a refresh token used twice."""

import base64
import json
import threading
import warnings

import jwt
import pytest
from sqlalchemy import func, select

from app.core import tokens
from app.core.models import AuditEntry, RefreshToken, User
from app.database.base import now_ms

pytestmark = pytest.mark.sqlite_only


@pytest.fixture
def program(app):
    return app.test_client()


@pytest.fixture
def keys(house):
    return tokens.token_keys(house.settings)


def sign_in(program, house, name="alice"):
    who = house.persona(name)
    answer = program.post("/api/v1/tokens", json={"email": who.email, "password": who.password})
    assert answer.status_code == 200, answer.json
    return answer.json


def live(program, token, kind="Bearer"):
    return program.get("/api/v1/live", headers={"Authorization": f"{kind} {token}"})


def test_a_token_opens_the_api_as_its_person(program, house):
    pair = sign_in(program, house, "bob")
    assert pair["token_type"] == "Bearer"
    assert pair["expires_in"] == 600
    assert live(program, pair["access_token"]).status_code == 200
    seen = program.get(
        "/api/v1/assets", headers={"Authorization": f"bearer {pair['access_token']}"}
    )
    assert len(seen.json.get("assets", seen.json.get("items"))) == 2


def test_a_wrong_password_gets_no_token_and_unknown_fields_are_refused(program, house):
    alice = house.persona("alice")
    body = {"email": alice.email, "password": "wrong wrong wrong"}
    refused = program.post("/api/v1/tokens", json=body)
    assert (refused.status_code, refused.json["code"]) == (401, "bad_credentials")
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert program.post("/api/v1/tokens", json={**body, "admin": "yes"}).status_code == 422
    assert program.post("/api/v1/tokens", json={**body, "password": 1}).status_code == 422


def test_a_token_is_not_for_pages_and_a_cookie_beside_it_is_not_read(client_of, house, program):
    token = sign_in(program, house)["access_token"]
    page = program.get("/batteries", headers={"Authorization": f"Bearer {token}"})
    assert page.status_code == 303
    browser = client_of("alice")
    assert browser.get("/api/v1/live").status_code == 200
    assert live(browser, "nonsense").status_code == 401


def _signed(claims, keys, key=None, algorithm="HS256", **header):
    headers = {"kid": keys.current, "typ": tokens.TYPE} | header
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return jwt.encode(
            claims,
            key if key is not None else keys.keys[keys.current],
            algorithm,
            headers={name: value for name, value in headers.items() if value is not None},
        )


def forgeries(keys, house):
    now = now_ms() // 1000
    good = {
        "iss": keys.issuer, "aud": tokens.AUDIENCE, "sub": "1", "iat": now, "exp": now + 600,
        "ver": 1,
    }  # fmt: skip
    yield "the model itself, which must be accepted", _signed(good, keys)
    for claim in tokens.REQUIRED:
        yield f"no {claim}", _signed({k: v for k, v in good.items() if k != claim}, keys)
    for claim, value in (
        ("iss", "https://evil.example"), ("aud", "another"), ("aud", []), ("sub", "2²"),
        ("sub", "1 OR 1=1"), ("sub", "999"), ("exp", now - 1), ("exp", "soon"),
        ("iat", now + 3600), ("ver", 2), ("ver", "1"), ("ver", True), ("ver", None),
        ("nbf", now + 3600),
    ):  # fmt: skip
        yield f"{claim} = {value}", _signed({**good, claim: value}, keys)
    yield "no type", _signed(good, keys, typ=None)
    yield "type JWT", _signed(good, keys, typ="JWT")
    for kid in (None, "", "other", "../../etc/passwd", "derived' --"):
        yield f"kid {kid}", _signed(good, keys, kid=kid)
    for key in ("", "secret", "x" * 64):
        yield f"key {key}", _signed(good, keys, key=key or "0")
    for algorithm in ("HS384", "HS512"):
        yield algorithm, _signed(good, keys, algorithm=algorithm)
    yield "alg none", _signed(good, keys, key="", algorithm="none")
    head, body, tail = _signed(good, keys).split(".")
    other = base64.urlsafe_b64encode(json.dumps({**good, "sub": "4"}).encode()).decode().rstrip("=")
    yield "another body", f"{head}.{other}.{tail}"
    yield "no signature", f"{head}.{body}."
    yield "half a signature", f"{head}.{body}.{tail[:20]}"
    for text in ("", ".", "..", "a.b.c", "é", "\\x00", "null", head):
        yield f"text {text!r}", text


def test_no_forgery_is_taken(program, house, keys):
    accepted = [
        what
        for what, token in forgeries(keys, house)
        if live(program, token.encode().decode("latin1")).status_code != 401
    ]
    assert accepted == ["the model itself, which must be accepted"]


def test_raising_ver_or_disabling_the_person_ends_tokens_at_once(program, house):
    for change in ({"ver": 2}, {"status": "disabled", "ver": 2}):
        with house.core() as core:
            core.get(User, 1).ver, core.get(User, 1).status = 1, "active"
            core.commit()
        pair = sign_in(program, house)
        with house.core() as core:
            for name, value in change.items():
                setattr(core.get(User, 1), name, value)
            core.commit()
        assert live(program, pair["access_token"]).status_code == 401
        assert refresh(program, pair["refresh_token"]).status_code == 401


def refresh(program, token):
    return program.post("/api/v1/tokens/refresh", json={"refresh_token": token})


def test_a_refresh_token_is_used_once_and_reuse_ends_the_family(program, house):
    first = sign_in(program, house)["refresh_token"]
    second = refresh(program, first)
    assert live(program, second.json["access_token"]).status_code == 200
    third = refresh(program, second.json["refresh_token"]).json["refresh_token"]
    refused = refresh(program, first)
    assert (refused.status_code, refused.json["code"]) == (401, "bad_token")
    assert refresh(program, third).status_code == 401
    with house.core() as core:
        actions = core.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
        assert actions.count("token.reuse") == 1


def test_the_database_does_not_hold_refresh_tokens(program, house):
    token = sign_in(program, house)["refresh_token"]
    with house.core() as core:
        row = core.scalars(select(RefreshToken)).one()
        assert row.token_hash != token.encode()
        assert len(row.token_hash) == 32


def test_renewing_does_not_prolong_the_thirty_days(house):
    with house.core() as core:
        token = tokens.start_family(core, core.get(User, 1), now=1_000)
        next_one = tokens.renew(core, token, now=1_000 + tokens.REFRESH_MS - 1).token
        with pytest.raises(tokens.Unauthorized):
            tokens.renew(core, next_one, now=1_000 + tokens.REFRESH_MS)


def test_revoking_ends_the_family(program, house):
    token = sign_in(program, house)["refresh_token"]
    for _ in range(2):
        gone = program.post("/api/v1/tokens/revoke", json={"refresh_token": token})
        assert gone.status_code == 204
    assert refresh(program, token).status_code == 401
    assert program.post("/api/v1/tokens/revoke", json={"refresh_token": "x"}).status_code == 204


def test_of_eight_refreshes_at_once_one_wins_at_most(app, program, house):
    token = sign_in(program, house)["refresh_token"]
    answers = []

    def go():
        answers.append(refresh(app.test_client(), token).status_code)

    threads = [threading.Thread(target=go) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count(200) <= 1
    assert set(answers) <= {200, 401}
    with house.core() as core:
        live_ones = select(func.count()).where(
            RefreshToken.used_at.is_(None), RefreshToken.revoked_at.is_(None)
        )
        assert core.scalar(live_ones) == 0  # somebody used it twice


def test_keys_can_be_replaced_while_tokens_live(house):
    old = base64.b64encode(b"o" * 32).decode()
    new = base64.b64encode(b"n" * 32).decode()
    settings = house.settings.__class__
    before = tokens.token_keys(settings(secret_key="s" * 40, token_keys=f"a:{old}"))
    after = tokens.token_keys(settings(secret_key="s" * 40, token_keys=f"b:{new},a:{old}"))
    gone = tokens.token_keys(settings(secret_key="s" * 40, token_keys=f"b:{new}"))
    with house.core() as core:
        token = tokens.make_access(before, core.get(User, 1))
    assert tokens.read_access(after, token) == (1, 1)
    with pytest.raises(tokens.Unauthorized):
        tokens.read_access(gone, token)


@pytest.mark.parametrize(
    "wrong", ["a:short", "a:!!!!", "a:" + base64.b64encode(b"x" * 31).decode()]
)
def test_weak_keys_are_refused(house, wrong):
    with pytest.raises(tokens.Misconfigured):
        tokens.token_keys(house.settings.__class__(secret_key="s" * 40, token_keys=wrong))
