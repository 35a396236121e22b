"""A client generated from nothing but the document does an administrator's day of work."""

import importlib.util
import sys
import threading

import pytest
import requests
from werkzeug.serving import make_server

from tests.client.generate import METHODS, generate

pytestmark = pytest.mark.sqlite_only


@pytest.fixture
def portal(app):
    """The portal on a free port of this machine."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def document(portal):
    return requests.get(f"{portal}/api/v1/openapi.json", timeout=30).json()


@pytest.fixture
def made(document, tmp_path):
    """The generated module."""
    path = tmp_path / "trackingbms_client.py"
    path.write_text(generate(document), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("trackingbms_client", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture
def signed_in(made, portal, house):
    """`signed_in("alice")`: a client with a token that the API itself gave."""

    def sign_in(name):
        persona = house.persona(name)
        given = made.SignIn(email=persona.email, password=persona.password)
        return made.Client(portal, made.Client(portal).create_token(given).access_token)

    return sign_in


def test_every_operation_has_a_method(made, document):
    operations = [
        item[method]["operationId"]
        for item in document["paths"].values()
        for method in METHODS
        if method in item
    ]
    assert len(operations) >= 70
    assert [name for name in operations if not callable(getattr(made.Client, name, None))] == []


def test_a_day_of_work(made, signed_in):
    alice = signed_in("alice")
    place = alice.add_location(made.NewLocation(name="Quai 9", city="Lévis"), idempotency_key="k1")
    again = alice.add_location(made.NewLocation(name="Quai 9", city="Lévis"), idempotency_key="k1")
    assert place == again
    assert isinstance(place, made.LocationDocument)
    battery = alice.accept_battery(
        5, made.Acceptance(name="Batterie 5", type_id=1, location_id=place.id)
    )
    assert battery.location == made.Named(id=place.id, name="Quai 9")
    edited = alice.edit_battery(
        battery.id, made.BatteryEdit(responsible="Dana"), if_match=alice.etag
    )
    assert (edited.responsible, edited.version) == ("Dana", battery.version + 1)
    found, cursor = [], made.ABSENT
    while cursor is not None:
        page = alice.list_batteries(limit=2, sort="-name", fields="name", cursor=cursor)
        found += [item.name for item in page.items]
        cursor = page.next
    assert found == [f"Batterie {n}" for n in (5, 4, 3, 2, 1)]
    live = alice.live_state()
    assert {asset.uid for asset in live.assets} >= {battery.uid}
    assert alice.series(1, metrics="soc").metrics == {"soc": []}
    entries = alice.read_audit(action="battery.edit").items
    assert [entry.target for entry in entries] == [battery.uid]


def test_a_token_is_renewed_once_and_revoked(made, portal, house):
    client, alice = made.Client(portal), house.persona("alice")
    first = client.create_token(made.SignIn(email=alice.email, password=alice.password))
    second = client.refresh_token(made.RefreshToken(refresh_token=first.refresh_token))
    assert isinstance(second, made.TokenPair)
    assert made.Client(portal, second.access_token).list_keys().items == []
    last = made.RefreshToken(refresh_token=second.refresh_token)
    assert client.revoke_token(last) is None
    with pytest.raises(made.Refused) as caught:
        client.refresh_token(last)
    assert (caught.value.status, caught.value.code) == (401, "bad_token")


def test_refusals_are_typed(made, signed_in):
    alice, bob = signed_in("alice"), signed_in("bob")
    with pytest.raises(made.Refused) as caught:
        alice.add_type(made.NewType(name="X", chemistry="LiPo"))
    assert (caught.value.status, list(caught.value.fields)) == (422, ["chemistry"])
    with pytest.raises(made.Refused) as caught:
        alice.edit_battery(1, made.BatteryEdit(name="Y"), if_match='"old"')
    assert (caught.value.status, caught.value.code) == (412, "changed")
    with pytest.raises(made.Refused) as caught:
        bob.read_battery(4)
    assert (caught.value.status, caught.value.code) == (404, "not_found")
    with pytest.raises(made.Refused) as caught:
        bob.add_location(made.NewLocation(name="Z"))
    assert caught.value.status == 403
