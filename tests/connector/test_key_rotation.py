"""A collector's keys follow one another: both are accepted until the next one is used."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from app.connector import collectors, rotation
from app.connector.rotation import KEY_MS
from app.core.models import AuditEntry, Collector
from app.errors import Forbidden, Unauthorized
from collector.wire import envelope
from tests.site import Site, reading

pytestmark = pytest.mark.sqlite_only
ADDRESS = "/api/v1/collectors/rotate"


def request(site, new, *, signer=None, **changed):
    public = base64.b64encode(new.public_key().public_bytes_raw()).decode()
    asked = {"key_id": site.key_id, "timestamp": site.now // 1000, "public_key": public, **changed}
    text = envelope.rotation(asked["key_id"], asked["timestamp"], asked["public_key"])
    for name, key in (("signature", signer or site.key), ("proof", new)):
        asked.setdefault(name, base64.b64encode(key.sign(text)).decode())
    return asked


def push(site):
    return site.push(site.batch(reading(ts=site.now)))


def use(site, key_id, key):
    site.key_id, site.key = key_id, key


def test_both_keys_are_accepted_until_the_next_is_used(app, site, house):
    old, new = (site.key_id, site.key), Ed25519PrivateKey.generate()
    answer = app.test_client().post(ADDRESS, json=request(site, new))
    assert answer.status_code == 200, answer.json
    assert push(site).status == "stored"
    use(site, answer.json["key_id"], new)
    assert push(site).status == "stored"
    assert push(site).status == "stored"
    use(site, *old)
    with pytest.raises(Unauthorized) as caught:
        push(site)
    assert caught.value.code == "bad_signature"
    with house.core() as core:
        actions = core.scalars(select(AuditEntry.action)).all()
        assert actions == ["collector.next_key", "collector.rotate"]
        row = core.scalars(select(Collector)).one()
        assert (row.key_id, row.next_key_id, row.next_public_key) == (
            answer.json["key_id"],
            None,
            None,
        )
        assert row.key_since == site.now


def test_a_lost_answer_is_asked_for_again(app, site):
    asked = request(site, Ed25519PrivateKey.generate())
    first = app.test_client().post(ADDRESS, json=asked).json
    assert app.test_client().post(ADDRESS, json=asked).json == first


def test_who_used_the_old_key_after_announcing_is_asked_again(app, site):
    app.test_client().post(ADDRESS, json=request(site, Ed25519PrivateKey.generate()))
    assert push(site).rotate


def test_the_next_key_may_announce_the_one_after(app, site):
    second, third = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    answer = app.test_client().post(ADDRESS, json=request(site, second))
    use(site, answer.json["key_id"], second)
    answer = app.test_client().post(ADDRESS, json=request(site, third))
    assert answer.status_code == 200
    use(site, answer.json["key_id"], third)
    assert push(site).status == "stored"


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"key_id": "unknown"}, 401, "bad_signature"),
        ({"timestamp": 1_000_000_000}, 401, "clock_skew"),
        ({"public_key": "short"}, 422, "bad_key"),
        ({"signature": "A" * 86 + "=="}, 401, "bad_signature"),
        ({"proof": "A" * 86 + "=="}, 401, "bad_signature"),
        ({"signature": "nonsense"}, 401, "bad_signature"),
    ],
)
def test_who_cannot_prove_both_keys_changes_nothing(app, site, house, change, status, code):
    asked = request(site, Ed25519PrivateKey.generate(), **change)
    answer = app.test_client().post(ADDRESS, json=asked)
    assert (answer.status_code, answer.json["code"]) == (status, code)
    with house.core() as core:
        assert core.scalars(select(Collector.next_key_id)).all() == [None]


def test_somebody_elses_key_does_not_sign_for_this_collector(app, house, site):
    other = Site(house, key_id="site-2")
    asked = request(site, Ed25519PrivateKey.generate(), signer=other.key)
    assert app.test_client().post(ADDRESS, json=asked).status_code == 401


def test_a_revoked_collector_gets_no_other_key(app, site, house):
    new = Ed25519PrivateKey.generate()
    answer = app.test_client().post(ADDRESS, json=request(site, new))
    with house.core() as core:
        collectors.revoke(core, 1, site.id)
        core.commit()
    late = app.test_client().post(ADDRESS, json=request(site, Ed25519PrivateKey.generate()))
    assert (late.status_code, late.json["code"]) == (403, "revoked")
    use(site, answer.json["key_id"], new)
    with pytest.raises(Forbidden):
        push(site)


def test_the_portal_asks_when_somebody_wants_it_or_the_key_is_old(client_of, site, house):
    assert not push(site).rotate
    answer = client_of("alice").post(f"/api/v1/collectors/{site.id}/rotation")
    assert answer.json["rotation_asked"]
    assert push(site).rotate
    with house.core() as core:
        row = core.get(Collector, site.id)
        assert rotation.is_due(row, row.key_id, row.created_at + KEY_MS + 1)


@pytest.mark.parametrize(("persona", "status"), [("alice", 200), ("bob", 403), ("mallory", 404)])
def test_who_may_ask(client_of, site, persona, status):
    assert client_of(persona).post(f"/api/v1/collectors/{site.id}/rotation").status_code == status
