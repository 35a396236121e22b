"""Adding a collector: a code shown once, followed until the first data; revoking one."""

import re

import pytest

from app.core.models import Claim, Collector
from app.database.base import now_ms

pytestmark = pytest.mark.sqlite_only


@pytest.fixture
def collector(house):
    """Adds a collector to Laurentia."""

    def add(**given):
        with house.core() as core:
            row = Collector(tenant_id=1, key_id="k", public_key=b"0" * 32, name="COL-1", **given)
            core.add(row)
            core.commit()
            return row.id

    return add


def test_a_code_is_shown_with_the_commands_and_followed(client_of, submit, house, collector):
    browser = client_of("alice")
    page = submit(browser, "/collecteurs/ajout", "/collecteurs/ajout", name="COL-GAT-01").text
    assert re.search(
        r"python -m collector enrol [0-9A-Z]{4}(-[0-9A-Z]{4}){3} --portal http://", page
    )
    assert "python -m collector run" in page
    address = re.search(r'data-claim="([^"]+)"', page)[1]
    assert browser.get(address).json["status"] == "wait"
    enrolled = collector()
    with house.core() as core:
        core.get(Claim, int(address.split("/")[-2])).collector_id = enrolled
        core.commit()
    assert browser.get(address).json["status"] == "info"
    with house.core() as core:
        core.get(Collector, enrolled).last_seen = now_ms()
        core.commit()
    told = browser.get(address).json
    assert (told["status"], told["done"]) == ("ok", True)
    assert client_of("mallory").get(address).status_code == 404


def test_a_code_needs_a_name(client_of, submit):
    answer = submit(client_of("alice"), "/collecteurs/ajout", "/collecteurs/ajout", name=" ")
    assert answer.status_code == 422
    assert "Un nom est nécessaire." in answer.text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "Jamais vu"),
        ({"last_seen": 0}, "Muet"),
        ({"last_seen": -1}, "En contact"),
        ({"last_seen": -1, "clock_offset_ms": 60_000}, "À vérifier"),
        ({"last_seen": -1, "status": "revoked"}, "Révoqué"),
    ],
)
def test_the_list_says_how_each_is_doing(client_of, collector, given, said):
    if given.get("last_seen") == -1:
        given = given | {"last_seen": now_ms()}
    collector(**given)
    assert said in client_of("bob").get("/collecteurs").text


def test_revoking_is_for_the_client_that_owns_it(client_of, submit, house, collector):
    number = collector(last_seen=now_ms())
    action = f"/collecteurs/{number}/revoquer"
    assert submit(client_of("mallory"), "/", action).status_code == 404
    assert submit(client_of("bob"), "/", action).status_code == 403
    assert submit(client_of("alice"), "/collecteurs", action).status_code == 303
    with house.core() as core:
        assert core.get(Collector, number).status == "revoked"


def test_the_code_is_also_a_square(client_of, submit):
    page = submit(
        client_of("alice"), "/collecteurs/ajout", "/collecteurs/ajout", name="COL-GAT-01"
    ).text
    square = re.search(r'<div class="qrbox"[^>]*>(<svg.*?</svg>)', page, re.S)[1]
    assert "style" not in square


def test_a_collector_has_a_page_of_its_own(client_of, collector):
    number = collector(last_seen=now_ms(), thinned=120, lost=7)
    page = client_of("bob").get(f"/collecteurs/{number}").text
    assert "120 mesures" in page and "7 mesures" in page
    assert "Demander" not in page
    assert client_of("mallory").get(f"/collecteurs/{number}").status_code == 404


def test_what_it_sends_is_asked_and_shown(client_of, submit, house, collector):
    number = collector(last_seen=now_ms())
    browser, page = client_of("alice"), f"/collecteurs/{number}"
    asked = {"shortest": "30", "longest": "900,5", "without": "cell_temperature"}
    assert submit(browser, page, f"{page}/envoi", **asked).status_code == 303
    with house.core() as core:
        row = core.get(Collector, number)
        assert row.wish == {"shortest": 30.0, "longest": 900.5, "without": ["cell_temperature"]}
        row.wish_heard, row.wish_refused = 1, "not_allowed"
        core.commit()
    assert "[remote] allow" in browser.get(page).text
    submit(browser, page, f"{page}/envoi", shortest="", longest="")
    with house.core() as core:
        assert core.get(Collector, number).wish is None


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"shortest": "0,1"}, "demi-seconde"),
        ({"shortest": "60", "longest": "30"}, "ne peut dépasser"),
        ({"shortest": "lentement"}, "pas un nombre"),
        ({"without": "soc"}, "toujours transmis"),
    ],
)
def test_what_cannot_be_asked_is_said(client_of, submit, house, collector, asked, said):
    number = collector(last_seen=now_ms())
    page = f"/collecteurs/{number}"
    answer = submit(client_of("alice"), page, f"{page}/envoi", **asked)
    assert answer.status_code == 422
    assert said in answer.text
    with house.core() as core:
        assert core.get(Collector, number).wish is None


def test_a_change_of_key_is_asked(client_of, submit, house, collector):
    number = collector(last_seen=now_ms())
    page = f"/collecteurs/{number}"
    assert submit(client_of("bob"), page, f"{page}/cle").status_code == 403
    assert submit(client_of("alice"), page, f"{page}/cle").status_code == 303
    with house.core() as core:
        assert core.get(Collector, number).rotation_asked
