"""What a collector is asked to send comes with its receipts, signed, until it says that it heard."""

import base64
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import select

from app.connector import wishes
from app.core.models import AuditEntry
from collector.wire import envelope, sending
from collector.wire.envelope import Agent
from tests.site import reading

pytestmark = pytest.mark.sqlite_only
WANTED = {"shortest": 30.0, "longest": 900.0, "without": ["cell_temperature"]}


def push(site, **agent):
    batch = site.batch(reading(ts=site.now))
    site.now += 6000  # contact is noted every few seconds
    return site.push(replace(batch, agent=Agent(**agent)))


def ask(client_of, site, body=WANTED, persona="alice"):
    return client_of(persona).put(f"/api/v1/collectors/{site.id}/sending", json=body)


def shown(client_of):
    return client_of("bob").get("/api/v1/collectors").json["items"][0]


def test_a_wish_is_asked_applied_and_shown(client_of, site):
    assert push(site).wish is None
    answer = ask(client_of, site)
    assert (answer.json["sending"], answer.json["sending_status"]) == (WANTED, "asked")
    receipt = push(site)
    assert sending.wish_from_json(receipt.wish).sending == sending.sending(**WANTED)
    assert push(site, wish=1).wish is None
    assert shown(client_of)["sending_status"] == "applied"


def test_a_site_that_refuses_is_shown(client_of, site):
    ask(client_of, site)
    assert push(site, wish=1, refused="not_allowed").wish is None
    assert shown(client_of)["sending_status"] == "refused"


def test_a_collector_that_could_not_believe_it_is_asked_again(client_of, site):
    ask(client_of, site)
    assert push(site, wish=1, refused="bad_signature").wish is not None


def test_the_signature_is_of_this_push(client_of, house, site):
    ask(client_of, site)
    receipt = push(site)
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(wishes.portal_key(house.settings)))
    wish = sending.wish_from_json(receipt.wish)
    text = wish.signed_text(site.key_id, site.epoch, receipt.seq, receipt.digest)
    key.verify(base64.b64decode(receipt.wish_signature), text)


def test_asking_for_nothing_leaves_it_to_the_site(client_of, site):
    ask(client_of, site)
    client_of("alice").delete(f"/api/v1/collectors/{site.id}/sending")
    receipt = push(site, wish=1)
    assert receipt.wish["revision"] == 2
    site_allows = sending.Sending(5.0, 600.0, ("soh",))
    assert site_allows.narrowed(sending.wish_from_json(receipt.wish).sending) == site_allows
    push(site, wish=2)
    assert shown(client_of)["sending_status"] == "none"


def test_the_same_wish_again_is_no_new_one(client_of, site):
    ask(client_of, site)
    ask(client_of, site)
    assert push(site).wish["revision"] == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"shortest": 0.1}, "shortest"),
        ({"longest": 1e9}, "longest"),
        ({"shortest": 1000.0}, "shortest"),
        ({"without": ["soc"]}, "without"),
        ({"without": ["nonsense"]}, "without"),
    ],
)
def test_what_cannot_be_asked_for(client_of, site, change, field):
    answer = ask(client_of, site, WANTED | change)
    assert answer.status_code == 422
    assert field in answer.json["fields"]
    assert push(site).wish is None


@pytest.mark.parametrize(("persona", "status"), [("alice", 200), ("bob", 403), ("mallory", 404)])
def test_who_may_ask(client_of, site, house, persona, status):
    assert ask(client_of, site, persona=persona).status_code == status
    with house.core() as core:
        recorded = core.scalars(select(AuditEntry.action)).all()
    assert ("collector.sending" in recorded) == (status == 200)


def test_what_was_lost_at_the_site_is_shown(client_of, site):
    push(site, thinned=120, lost=7)
    assert (shown(client_of)["thinned"], shown(client_of)["lost"]) == (120, 7)


def test_a_receipt_with_a_wish_survives_the_wire(client_of, site):
    ask(client_of, site)
    receipt = push(site)
    assert envelope.receipt_from_json(receipt.to_json()) == receipt
