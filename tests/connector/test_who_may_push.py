"""Only the holder of an enrolled key is believed, and what is refused leaves no trace."""

import base64

import pytest
from sqlalchemy import select

from app.core.models import AuditEntry, Collector, Tenant
from collector.wire import envelope
from tests.site import Site, minute, reading

pytestmark = pytest.mark.sqlite_only
NOTHING = {"assets": 5, "live": 0, "chunks": 0, "batches": 0}


@pytest.fixture
def body(site):
    return envelope.encode(site.batch(*minute("NEW-1", site.now - 60_000)))


def refuse(answer, status, code):
    assert (answer.status_code, answer.json["code"]) == (status, code), answer.json
    assert answer.mimetype == "application/problem+json"


def change(house, model, row_id, **values):
    with house.core() as core:
        row = core.get(model, row_id)
        for name, value in values.items():
            setattr(row, name, value)
        core.commit()


def test_the_real_one_is_let_in(app, site, body):
    answer = site.post(app.test_client(), body)
    assert (answer.status_code, answer.json["status"]) == (200, "stored")
    assert envelope.receipt_from_json(answer.json).digest == envelope.digest(body)


def test_a_browser_session_is_worth_nothing_here(client_of, site, body):
    answer = site.post(client_of("alice"), body, headers={})
    refuse(answer, 401, "bad_headers")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (envelope.KEY_HEADER, None),
        (envelope.KEY_HEADER, "../site-1"),
        (envelope.KEY_HEADER, "x" * 33),
        (envelope.TIME_HEADER, None),
        (envelope.TIME_HEADER, "-5"),
        (envelope.TIME_HEADER, "1e9"),
        (envelope.TIME_HEADER, "17900000³"),
        (envelope.TIME_HEADER, "9" * 13),
        (envelope.EPOCH_HEADER, "0123456789ABCDEF"),
        (envelope.EPOCH_HEADER, "short"),
        (envelope.SEQ_HEADER, None),
        (envelope.SEQ_HEADER, "9" * 19),
        (envelope.SEQ_HEADER, "1 "),
        (envelope.SIGNATURE_HEADER, None),
        (envelope.SIGNATURE_HEADER, "ed25519="),
        (envelope.SIGNATURE_HEADER, "ed25519=" + "A" * 86),
        (envelope.SIGNATURE_HEADER, "hmac=" + base64.b64encode(bytes(64)).decode()),
        (
            envelope.SIGNATURE_HEADER,
            " ".join(["ed25519=" + base64.b64encode(bytes(64)).decode()] * 5),
        ),
    ],
)
def test_malformed_headers_are_refused(app, site, body, contents, name, value):
    headers = site.headers(body, 1)
    if value is None:
        del headers[name]
    else:
        headers[name] = value
    refuse(site.post(app.test_client(), body, headers), 401, "bad_headers")
    assert contents() == NOTHING


@pytest.mark.parametrize(
    "lie",
    [
        {"key_id": "site-2"},
        {"timestamp": 1},
        {"epoch": "f" * 16},
        {"seq": 99},
        {"batch_digest": "0" * 64},
    ],
    ids=lambda lie: next(iter(lie)),
)
def test_every_part_of_the_statement_is_signed(app, site, body, contents, lie):
    refuse(site.post(app.test_client(), body, site.headers(body, 1, **lie)), 401, "bad_signature")
    assert contents() == NOTHING


def test_altered_bytes_are_refused(app, site, body, contents):
    headers = site.headers(body, 1)
    altered = body[:-9] + bytes([body[-9] ^ 1]) + body[-8:]
    refuse(site.post(app.test_client(), altered, headers), 401, "bad_signature")
    assert contents() == NOTHING


def test_an_unknown_key_and_a_wrong_one_get_the_same_answer(app, house, site, body):
    other = Site(house, key_id="site-2")
    forged = site.headers(body, 1)
    forged[envelope.SIGNATURE_HEADER] = other.headers(body, 1)[envelope.SIGNATURE_HEADER]
    unknown = {**site.headers(body, 1, key_id="nobody"), envelope.KEY_HEADER: "nobody"}
    answers = [site.post(app.test_client(), body, headers).json for headers in (forged, unknown)]
    for answer in answers:
        del answer["request_id"]
    assert answers[0] == answers[1] and answers[0]["code"] == "bad_signature"


def test_one_of_several_signatures_is_enough(app, house, site, body):
    headers = site.headers(body, 1)
    old = Site(house, key_id="site-2").headers(body, 1)[envelope.SIGNATURE_HEADER]
    headers[envelope.SIGNATURE_HEADER] = f"{old} {headers[envelope.SIGNATURE_HEADER]}"
    assert site.post(app.test_client(), body, headers).status_code == 200


def test_a_revoked_collector_is_told_so(app, house, site, body, contents):
    change(house, Collector, site.id, status="revoked")
    refuse(site.post(app.test_client(), body), 403, "revoked")
    assert contents() == NOTHING


def test_nobody_learns_of_a_revocation_without_the_key(app, house, site, body):
    change(house, Collector, site.id, status="revoked")
    refuse(site.post(app.test_client(), body, site.headers(body, 1, seq=2)), 401, "bad_signature")


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_wrong_clock_is_told_the_right_time(app, site, body, contents, minutes):
    site.now += minutes * 60_000
    answer = site.post(app.test_client(), body)
    refuse(answer, 401, "clock_skew")
    assert abs(answer.json["server_time"] - (site.now - minutes * 60_000)) < 30_000
    assert contents() == NOTHING
    site.now = answer.json["server_time"]
    assert site.post(app.test_client(), body).status_code == 200


@pytest.mark.parametrize(
    ("values", "status", "code"),
    [
        ({"status": "suspended"}, 403, "suspended"),
        ({"status": "closed"}, 403, "suspended"),
        ({"status": "provisioning"}, 503, "maintenance"),
        ({"revision": "older"}, 503, "maintenance"),
    ],
)
def test_a_client_that_is_not_open_takes_nothing(
    app, house, site, body, contents, values, status, code
):
    change(house, Tenant, house.refs["laurentia"].id, **values)
    answer = site.post(app.test_client(), body)
    refuse(answer, status, code)
    assert ("Retry-After" in answer.headers) == (status == 503)
    assert contents() == NOTHING


def test_a_collector_writes_into_its_own_client_only(app, site, body, contents):
    before = contents("boreal")
    headers = site.headers(body, 1) | {
        "X-Tenant-Id": "2",
        "X-Original-URL": "/api/v1/ingest?tenant=2",
    }
    assert site.post(app.test_client(), body, headers).status_code == 200
    assert contents("boreal") == before and contents()["chunks"] == 1


def test_a_reused_sequence_is_a_conflict(app, house, site, body):
    assert site.post(app.test_client(), body, seq=1).status_code == 200
    other = envelope.encode(site.batch(reading(ts=site.now)))
    refuse(site.post(app.test_client(), other, seq=1), 409, "sequence_reused")
    with house.core() as core:
        assert core.scalars(select(AuditEntry.action)).all() == ["collector.copied"]
