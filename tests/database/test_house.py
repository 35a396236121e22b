"""The world of the tests is what it says it is, on both databases."""

from sqlalchemy import func, select

from app.clients.models import Asset, AssetGrant
from app.core.models import User
from tests.house import BOB_SEES, PERSONAS, UIDS


def test_everybody_is_home(house):
    with house.core() as core:
        assert {user.email for user in core.scalars(select(User))} == {
            p.email for p in PERSONAS.values()
        }
    for slug, uids in UIDS.items():
        with house.tenant(slug) as session:
            assert tuple(session.scalars(select(Asset.uid).order_by(Asset.id))) == uids


def test_bob_has_two_batteries(house):
    with house.tenant(scope=house.scope("bob")) as session:
        assert set(session.scalars(select(AssetGrant.asset_id))) == set(BOB_SEES)
        assert session.scalar(select(func.count()).select_from(Asset)) == 2


def test_houses_do_not_share_walls(house):
    """Runs after others in the same session: what they changed must not be here."""
    with house.tenant(writes=True) as session:
        battery = session.get(Asset, 1)
        assert battery.name == "Batterie 1"
        battery.name = "changed"
        session.commit()


def test_clients_are_made_on_demand(new_tenant, engines):
    ref = new_tenant(41)
    with engines.tenant(ref).connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM assets").scalar() == 0
