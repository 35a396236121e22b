"""A claim code lets one collector enrol, once, with a key it proves to hold."""

import base64
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from app.connector import collectors
from app.core.models import AuditEntry, Claim, Collector
from app.database.base import now_ms
from app.database.sessions import open_core
from app.errors import Forbidden, Invalid, NotFound
from collector.wire import envelope

NOW = now_ms()


def claim(house, now=NOW, tenant=1):
    with house.core() as core:
        code = collectors.create_claim(core, tenant, "Collecteur Saint-Laurent", 1, now)
        core.commit()
    return code


def request(code, key=None, proof_key=None):
    key = key or Ed25519PrivateKey.generate()
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    digest = sha256(envelope.normalise_code(code).encode()).hexdigest()
    proof = (proof_key or key).sign(envelope.enrolment(digest, public))
    return {"code": code, "public_key": public, "proof": base64.b64encode(proof).decode()}


def enrol(house, asked, now=NOW):
    with open_core(house.engines, writes=True) as core, core.begin():
        found = collectors.enrol(core, now=now, hostname="pi", version="1.0", **asked)
        return found.to_json(now, "https://portal.example/api/v1/ingest", "key")


def rows(house, model):
    with house.core() as core:
        return core.scalars(select(model)).all()


def test_a_code_is_easy_to_read_out(house):
    code = claim(house)
    assert [len(part) for part in code.split("-")] == [4] * 4
    assert set(code) <= set(collectors.ALPHABET) | {"-"}
    assert len({claim(house) for _ in range(20)}) == 20


def test_only_the_hash_of_a_code_is_kept(house):
    code = claim(house)
    (row,) = rows(house, Claim)
    assert row.code_hash == sha256(code.replace("-", "").encode()).hexdigest()


def test_a_collector_enrols(house):
    key = Ed25519PrivateKey.generate()
    answer = enrol(house, request(claim(house), key))
    (row,) = rows(house, Collector)
    assert answer == {
        "key_id": row.key_id,
        "collector": "Collecteur Saint-Laurent",
        "client": "Groupe Laurentia",
        "server_time": NOW,
        "ingest_url": "https://portal.example/api/v1/ingest",
        "portal_key": "key",
    }
    assert row.public_key == key.public_key().public_bytes_raw()
    assert (row.tenant_id, row.status, row.hostname) == (1, "active", "pi")
    assert rows(house, Claim)[0].collector_id == row.id


@pytest.mark.sqlite_only
def test_a_code_may_be_typed_carelessly(house):
    code = claim(house)
    careless = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert enrol(house, request(careless))["client"] == "Groupe Laurentia"


@pytest.mark.sqlite_only
def test_a_lost_answer_can_be_asked_for_again(house):
    asked = request(claim(house))
    first = enrol(house, asked)
    assert enrol(house, asked) == first
    assert len(rows(house, Collector)) == 1


@pytest.mark.sqlite_only
def test_a_used_code_is_worth_nothing_to_another_key(house):
    code = claim(house)
    enrol(house, request(code))
    with pytest.raises(Forbidden) as caught:
        enrol(house, request(code))
    assert caught.value.code == "bad_claim"


@pytest.mark.sqlite_only
def test_a_revoked_collector_cannot_repeat_its_enrolment(house):
    asked = request(claim(house))
    enrol(house, asked)
    with house.core() as core:
        collectors.revoke(core, 1, rows(house, Collector)[0].id)
        core.commit()
    with pytest.raises(Forbidden):
        enrol(house, asked)


@pytest.mark.sqlite_only
def test_unknown_and_expired_codes_get_the_same_answer(house):
    code = claim(house)
    for asked, now in ((request("0000-0000-0000-0000"), NOW), (request(code), NOW + 15 * 60_000)):
        with pytest.raises(Forbidden) as caught:
            enrol(house, asked, now)
        assert caught.value.code == "bad_claim"
    assert rows(house, Collector) == []


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"public_key": ""}, "bad_key"),
        ({"public_key": "é" * 44}, "bad_key"),
        ({"public_key": base64.b64encode(bytes(31)).decode()}, "bad_key"),
        ({"proof": base64.b64encode(bytes(64)).decode()}, "bad_proof"),
        ({"proof": "x"}, "bad_proof"),
    ],
)
def test_a_key_must_be_proven(house, change, code):
    with pytest.raises(Invalid) as caught:
        enrol(house, request(claim(house)) | change)
    assert caught.value.code == code


@pytest.mark.sqlite_only
def test_the_proof_of_another_key_is_none(house):
    with pytest.raises(Invalid):
        enrol(house, request(claim(house), proof_key=Ed25519PrivateKey.generate()))
    assert rows(house, Claim)[0].used_at is None


def test_of_eight_at_once_one_wins(house):
    code = claim(house)

    def attempt(_):
        try:
            return enrol(house, request(code))
        except Forbidden:
            return None

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(attempt, range(8)))
    assert len([answer for answer in answers if answer]) == 1
    assert len(rows(house, Collector)) == 1


@pytest.mark.sqlite_only
def test_a_claim_is_found_by_its_own_client_only(house):
    code = claim(house)
    with house.core() as core:
        assert collectors.find_claim(core, 1, code.lower()).collector_id is None
        with pytest.raises(NotFound):
            collectors.find_claim(core, 2, code)


@pytest.mark.sqlite_only
def test_enrolling_over_http(app, client_of, house):
    made = client_of("alice").post("/api/v1/collectors/claims", json={"name": "Entrepôt"})
    assert made.status_code == 201
    asked = request(made.json["code"]) | {"hostname": "pi", "version": "1.0.0"}
    answer = app.test_client().post(envelope.ENROL_PATH, json=asked)
    assert (answer.status_code, answer.json["client"]) == (201, "Groupe Laurentia")
    assert answer.json["ingest_url"] == house.settings.public_url + envelope.PATH
    actions = [(row.action, row.tenant_id) for row in rows(house, AuditEntry)]
    assert actions == [("collector.claim", 1), ("collector.enrol", 1)]


@pytest.mark.sqlite_only
def test_guessing_is_slowed_down(app):
    answers = [
        app.test_client().post(envelope.ENROL_PATH, json=request("0000-0000-0000-0000")).status_code
        for _ in range(7)
    ]
    assert answers == [403] * 5 + [429] * 2


@pytest.mark.sqlite_only
@pytest.mark.parametrize("body", [{}, {"code": 5}, {"code": "x", "public_key": "y"}])
def test_what_is_missing_is_named(app, body):
    answer = app.test_client().post(envelope.ENROL_PATH, json=body)
    assert answer.status_code == 422 and answer.json["fields"]
