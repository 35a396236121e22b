"""What a client writes of persons is sealed with the client's own keys."""

import threading

import pytest
from alembic import command
from sqlalchemy import select, text

from app.clients.models import Asset, Battery
from app.core.access import EVERY_ASSET, TenantRef
from app.core.crypto import Tampered
from app.core.models import Incident, Tenant
from app.database import migrate
from app.database.encrypted import find_by, reseal, stale
from app.database.engines import Engines
from app.database.provision import create_database
from app.database.sessions import open_core, open_tenant

DANA = "Dana Côté, équipe de nuit"


def raw(engine, statement: str):
    with engine.execution_options(writes=True).begin() as connection:
        result = connection.execute(text(statement))
        return result.all() if result.returns_rows else None


@pytest.fixture
def danas(house):
    """A battery of each client for which the same person answers."""
    for slug in house.refs:
        with house.tenant(slug, writes=True) as session:
            session.get_one(Battery, 1).responsible = DANA
            session.commit()
    return house


def test_it_is_read_as_written_and_found_whatever_the_case(danas):
    with danas.tenant() as session:
        found = session.scalars(
            select(Battery.id).where(find_by(Battery, "responsible", DANA.upper(), session))
        ).all()
        assert found == [1]
        assert session.get_one(Asset, 1).responsible == DANA
        assert session.get_one(Asset, 2).responsible == ""


def test_a_new_battery_is_sealed_and_an_empty_text_is_empty(house):
    with house.tenant(writes=True) as session:
        session.add(Battery(uid="NEW-1", name="New", responsible=DANA))
        session.add(Battery(uid="NEW-2", name="New"))
        session.commit()
    stored = dict(
        raw(house.engines.tenant(house.refs["laurentia"]), "SELECT uid, responsible FROM assets")
    )
    assert bytes(stored["NEW-1"])[:1] == b"\x01"
    assert bytes(stored["NEW-2"]) == b""
    with house.tenant() as session:
        assert session.scalar(select(Battery).filter_by(uid="NEW-1")).responsible == DANA


def test_clients_have_keys_of_their_own(danas):
    one, other = (danas.engines.tenant(ref) for ref in danas.refs.values())
    question = "SELECT responsible, responsible_index FROM assets WHERE id = 1"
    mine, theirs = raw(one, question)[0], raw(other, question)[0]
    assert mine[0] != theirs[0] and mine[1] != theirs[1]
    with other.execution_options(writes=True).begin() as connection:
        moved = text("UPDATE assets SET responsible = :sealed WHERE id = 1")
        connection.execute(moved, {"sealed": mine[0]})
    with danas.tenant("boreal") as session, pytest.raises(Tampered):
        assert session.get_one(Battery, 1).responsible


def test_a_clients_address_and_the_register_are_sealed(house):
    url = "mysql+pymysql://boreal:a-password@db.example/boreal"
    with house.core() as core:
        core.get_one(Tenant, 2).database_url = url
        core.add(Incident(occurred_at=1, facts="A copy was lost", measures="Told"))
        core.commit()
    assert b"a-password" not in bytes(
        raw(house.engines.core, "SELECT database_url FROM tenants WHERE id = 2")[0][0]
    )
    facts, notices = raw(house.engines.core, "SELECT facts, notices FROM incidents")[0]
    assert b"lost" not in bytes(facts) and bytes(notices) == b""
    with house.core() as core:
        assert core.get_one(Tenant, 2).database_url == url
        incident = core.scalar(select(Incident))
        assert (incident.facts, incident.measures, incident.notices) == (
            "A copy was lost",
            "Told",
            "",
        )


def test_what_was_plain_is_sealed_by_the_upgrade(bare_engines):
    engines = bare_engines
    with engines.core.execution_options(writes=True).connect() as connection:
        command.upgrade(migrate._config("core", connection, engines.vault), "0005")
        connection.commit()
    raw(
        engines.core,
        "INSERT INTO tenants (id, slug, name, status, time_zone, locale, created_at) "
        "VALUES (7, 'seven', 'Seven', 'active', 'UTC', 'fr', 1)",
    )
    raw(
        engines.core,
        "INSERT INTO incidents (id, occurred_at, known_at, facts, persons, serious, measures, "
        "notices) VALUES (1, 1, 1, 'Perdu à Québec', 0, 0, 'Dit', '')",
    )
    ref = TenantRef(7, "seven", "Seven", engines.tenant_url(7))
    create_database(engines, ref)
    with engines.tenant(ref).execution_options(writes=True).connect() as connection:
        command.upgrade(migrate._config("tenant", connection, engines.vault, 7), "0003")
        connection.commit()
    raw(
        engines.tenant(ref),
        "INSERT INTO assets (id, product, uid, name, status, responsible, attributes, created_at, "
        "version) VALUES (1, 'battery', 'A', 'A', 'active', 'Zoé', '{}', 1, 1)",
    )
    raw(engines.tenant(ref), "INSERT INTO batteries (id, serial, bms) VALUES (1, '', '')")
    assert migrate.upgrade_all(engines, [ref]) == {}
    with open_tenant(engines, ref, EVERY_ASSET) as session:
        found = session.scalar(
            select(Battery).where(find_by(Battery, "responsible", "zoé", session))
        )
        assert found.responsible == "Zoé"
    with open_core(engines) as core:
        incident = core.get_one(Incident, 1)
        assert (incident.facts, incident.measures, incident.notices) == (
            "Perdu à Québec",
            "Dit",
            "",
        )


def test_keys_are_renewed_while_others_write(danas):
    """Two other processes' writers never fail, and nothing they write is lost or unreadable."""
    ref, stop, errors = danas.refs["laurentia"], threading.Event(), []
    written: dict[int, str] = {}

    def write(asset_id: int) -> None:
        with Engines(danas.settings) as engines:
            count = 0
            while not stop.is_set():
                count += 1
                try:
                    with open_tenant(engines, ref, EVERY_ASSET, writes=True) as session:
                        session.get_one(Battery, asset_id).responsible = f"{DANA} {count}"
                        session.commit()
                        written[asset_id] = f"{DANA} {count}"
                    with open_tenant(engines, ref, EVERY_ASSET) as session:
                        assert session.get_one(Battery, asset_id).responsible == written[asset_id]
                except Exception as error:  # told by the assertion below
                    errors.append(error)

    writers = [threading.Thread(target=write, args=(asset_id,)) for asset_id in (2, 3)]
    for writer in writers:
        writer.start()
    try:
        for _ in range(5):
            danas.engines.vault.renew(ref.id)
            with danas.tenant(writes=True) as session:
                for _ in range(20):
                    reseal(session, Asset, 2)
                    session.commit()
                    session.expunge_all()
    finally:
        stop.set()
        for writer in writers:
            writer.join(30)
    assert errors == []
    with danas.tenant(writes=True) as session:
        while reseal(session, Asset, 100):
            session.commit()
            session.expunge_all()
        assert stale(session, Asset) == 0
        people = {asset.id: asset.responsible for asset in session.scalars(select(Battery))}
    assert people[1] == DANA
    assert {key: people[key] for key in written} == written
