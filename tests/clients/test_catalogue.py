"""The catalogue: finding batteries, the tree, accepting what a collector has heard."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import func, select

from app.clients import catalogue
from app.clients.catalogue import AssetFilter
from app.clients.models import Asset
from app.errors import Conflict, Invalid, NotFound


def found(session, **wanted):
    return [asset.uid for asset in session.scalars(catalogue.find_assets(AssetFilter(**wanted)))]


@pytest.mark.parametrize(
    ("wanted", "uids"),
    [
        ({}, ["EDS-LFP-0001", "EDS-LFP-0002", "EDS-LFP-0003", "EDS-NMC-0001"]),
        ({"type_id": 2}, ["EDS-NMC-0001"]),
        ({"location_id": 1, "type_id": 1}, ["EDS-LFP-0001", "EDS-LFP-0002"]),
        ({"status": "pending"}, ["EDS-LFP-0099"]),
        ({"text": "nmc"}, ["EDS-NMC-0001"]),
        ({"text": "québec lfp"}, ["EDS-LFP-0003"]),
        ({"text": "0_01"}, []),
        ({"text": "%"}, []),
        ({"text": "introuvable"}, []),
    ],
)
def test_filters_narrow(house, wanted, uids):
    with house.tenant() as session:
        assert found(session, **wanted) == uids


def test_filters_narrow_within_the_scope_only(house):
    with house.tenant(scope=house.scope("bob")) as session:
        assert found(session) == ["EDS-LFP-0001", "EDS-LFP-0002"]
        assert found(session, text="NMC") == []
        with pytest.raises(NotFound):
            catalogue.asset(session, 3)


def test_the_tree_has_types_then_locations_then_batteries(house):
    with house.tenant() as session:
        tree = catalogue.tree(session)
        told = [
            (kind.type.name, [(place.location.name, len(place.assets)) for place in kind.locations])
            for kind in tree
        ]
    assert told == [
        ("LFP 16S 100 Ah", [("Entrepôt Saint-Laurent", 2), ("Parc des Érables", 1)]),
        ("NMC 14S 60 Ah", [("Parc des Érables", 1)]),
    ]


def test_an_unknown_uid_becomes_a_pending_battery_once(house):
    with house.tenant(writes=True) as session:
        first, created = catalogue.resolve_asset(session, "EDS-LFP-0500", 7)
        again, created_again = catalogue.resolve_asset(session, "EDS-LFP-0500", 8)
        session.commit()
        assert (created, created_again) == (True, False)
        assert first is again
        assert (first.status, first.name, first.collector_id) == ("pending", "EDS-LFP-0500", 8)


def test_two_pushes_naming_one_new_uid_at_once_make_one_battery(house):
    together = Barrier(2)

    def push(collector_id):
        with house.tenant(writes=True) as session:
            if house.engines.settings.tenant_database_url:
                session.scalar(select(func.count(Asset.id)))
                together.wait(10)
            asset, _ = catalogue.resolve_asset(session, "EDS-LFP-0600", collector_id)
            session.commit()
            return asset.id

    with ThreadPoolExecutor(2) as pool:
        ids = set(pool.map(push, (1, 2)))
    assert len(ids) == 1


def test_accepting_places_a_battery_and_only_once(house):
    uid = house.asset("EDS-LFP-0099")
    with house.tenant(writes=True) as session:
        battery = catalogue.accept(session, uid, " Rack neuf ", 1, 2)
        assert (battery.name, battery.status, battery.location.id) == ("Rack neuf", "active", 2)
        with pytest.raises(Conflict) as caught:
            catalogue.accept(session, uid, "Encore", 1, 2)
    assert caught.value.code == "already_accepted"


@pytest.mark.parametrize("place", [(99, 1), (1, 99)])
def test_accepting_into_what_does_not_exist_is_refused(house, place):
    with house.tenant(writes=True) as session, pytest.raises(NotFound):
        catalogue.accept(session, house.asset("EDS-LFP-0099"), "Rack", *place)


def test_names_of_types_and_locations_are_given_once(house):
    with house.tenant(writes=True) as session:
        with pytest.raises(Conflict):
            catalogue.create_type(session, "LFP 16S 100 Ah", "LFP")
        with pytest.raises(Conflict):
            catalogue.create_location(session, "Parc des Érables")
        assert catalogue.create_location(session, "Refuge").time_zone == "America/Toronto"


@pytest.mark.sqlite_only
def test_a_type_names_its_faults(house):
    with house.tenant(writes=True) as session, pytest.raises(Invalid) as caught:
        catalogue.create_type(session, "", "EAU", cells=0, capacity_ah=-1)
    assert set(caught.value.fields) == {"name", "chemistry", "cells", "capacity_ah"}


@pytest.mark.sqlite_only
def test_limits_of_a_type_are_its_own_over_its_chemistry(house):
    with house.tenant() as session:
        limits = catalogue.limits_of(catalogue.battery_type(session, 1))
    assert limits["spread"] == 0.1
    assert limits["temperature_high"] == 45
    assert catalogue.limits_of(None) == {"reserve": 20.0}
