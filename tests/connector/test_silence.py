"""What the portal holds is enough to tell a dead link from a dead collector."""

import pytest
from sqlalchemy import select

from app.clients.models import Asset
from app.connector.offline_diagnosis import diagnose
from app.connector.silence import known_of
from app.core.models import Collector

NOW = 1_790_000_000_000
MINUTE = 60_000


@pytest.fixture
def site(house):
    """Two collectors with a battery each in one place; returns how to ask about the first."""
    with house.core() as core, core.begin():
        tenant = house.refs["laurentia"].id
        pair = [
            Collector(
                tenant_id=tenant,
                key_id=f"key-{n}",
                public_key=bytes([n]) * 32,
                name=f"C{n}",
                last_seen=NOW - 20 * MINUTE,
            )
            for n in (1, 2)
        ]
        core.add_all(pair)
        core.flush()
        ids = [each.id for each in pair]
    with house.tenant(writes=True) as session, session.begin():
        assets = session.scalars(select(Asset).order_by(Asset.id).limit(2)).all()
        for asset, number in zip(assets, ids, strict=True):
            asset.collector_id, asset.location_id = number, assets[0].location_id

    def ask(neighbour=None, **own):
        with house.core() as core, core.begin():
            first, second = (core.get(Collector, number) for number in ids)
            for name, value in own.items():
                setattr(first, name, value)
            second.last_seen = neighbour
        with house.core() as core, house.tenant() as session:
            return diagnose(known_of(core, session, core.get(Collector, ids[0]), NOW))

    return ask


def test_its_neighbour_speaks(site):
    cause = site(neighbour=NOW - MINUTE)
    assert (cause.code, cause.sure) == ("collector", True)


def test_its_neighbour_is_silent_too(site):
    assert site(neighbour=NOW - 30 * MINUTE).code == "link"


def test_it_speaks_and_its_devices_do_not(site):
    assert site(last_seen=NOW - MINUTE).code == "bus"


def test_it_was_refused_for_its_clock(site):
    cause = site(neighbour=NOW - MINUTE, last_rejection="clock_skew")
    assert (cause.code, cause.sure) == ("clock", False)
