"""A battery a collector has heard is named, placed, and joins the fleet."""

import pytest
from sqlalchemy import select

from app.core.models import AuditEntry

PAGE, ACTION = "/batteries/a-accepter", "/batteries/5/accepter"


def test_it_joins_the_fleet_with_type_and_location_made_on_the_way(client_of, submit, house):
    browser = client_of("alice")
    answer = submit(
        browser,
        PAGE,
        ACTION,
        name="Rack neuf",
        type="new",
        type_name="LTO 46 V",
        chemistry="LTO",
        cells="20",
        nominal_voltage="46,0",
        capacity_ah="1 080,5",
        location="new",
        location_name="Refuge",
        city="Orford",
    )
    assert (answer.status_code, answer.location) == (303, "/batteries/5")
    page = browser.get("/batteries/5").text
    assert "Rack neuf" in page
    assert "Rack neuf fait partie du parc" in page
    assert "LTO 46 V" in page
    assert "Refuge" in page
    assert f"1\u00a0081\u00a0Ah" in page  # noqa: F541
    with house.core() as core:
        entry = core.scalar(select(AuditEntry).where(AuditEntry.action == "battery.accept"))
        assert (entry.target, entry.tenant_id) == ("EDS-LFP-0099", 1)


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "", "type": "1", "location": "1"}, "Un nom est nécessaire."),
        ({"name": "Rack", "type": "", "location": "1"}, "Faites un choix."),
        ({"name": "Rack", "type": "new", "chemistry": "LFP", "location": "1"}, "Un nom est"),
        (
            {"name": "Rack", "type": "new", "type_name": "T", "chemistry": "LFP", "cells": "seize"},
            "Ce n’est pas un nombre.",
        ),
        (
            {"name": "Rack", "type": "new", "type_name": "LFP 16S 100 Ah", "chemistry": "LFP"},
            "Un type de batterie porte déjà ce nom.",
        ),
    ],
)
def test_what_is_wrong_is_said_beside_what_was_typed(client_of, submit, house, fields, said):
    answer = submit(client_of("alice"), PAGE, ACTION, **fields)
    assert answer.status_code in (409, 422)
    assert said in answer.text
    if fields["name"]:
        assert f'value="{fields["name"]}"' in answer.text
    with house.tenant() as session:
        from app.clients import catalogue

        assert catalogue.asset(session, 5).status == "pending"
        assert len(catalogue.types(session)) == 2  # nothing half done


@pytest.mark.sqlite_only
def test_only_administrators_accept(client_of, submit):
    for person in ("bob", "carol"):
        answer = submit(client_of(person), "/profil", ACTION, name="x", type="1", location="1")
        assert answer.status_code == 403


@pytest.mark.sqlite_only
def test_accepting_twice_says_so(client_of, submit):
    fields = {"name": "Rack", "type": "1", "location": "1"}
    browser = client_of("alice")
    assert submit(browser, PAGE, ACTION, **fields).status_code == 303
    assert submit(browser, "/profil", ACTION, **fields).status_code == 409


@pytest.mark.sqlite_only
def test_the_menu_counts_those_that_wait(client_of):
    assert '<span class="count">1</span>' in client_of("alice").get("/").text
    assert "À accepter" not in client_of("carol").get("/").text
