"""A shared MySQL allows few connections and ends idle ones: one is kept, none is missed."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError, OperationalError

from app.clients.models import Asset, Location
from app.core.access import EVERY_ASSET, TenantRef
from app.core.models import User
from app.database.engines import KEPT_TENANTS
from app.database.sessions import open_tenant
from tests.house import UIDS

pytestmark = pytest.mark.mariadb_only


@pytest.fixture
def connected(mariadb, house):
    """The databases of this house to which somebody is connected."""
    prefix = house.settings.core_url.rpartition("/")[2].removesuffix("core")

    def ask() -> list[tuple[int, str]]:
        with mariadb.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT id, db FROM information_schema.processlist WHERE db IS NOT NULL")
            return [(number, db) for number, db in cursor.fetchall() if db.startswith(prefix)]

    return ask


def test_two_connections_while_busy_and_one_when_idle(house, connected):
    with house.core() as core, house.tenant() as session:
        core.scalar(select(func.count(User.id)))
        session.scalar(select(func.count(Asset.id)))
        assert len(connected()) == 2
    for slug in house.refs:
        with house.tenant(slug) as session:
            session.scalar(select(func.count(Asset.id)))
    assert len(connected()) == 1


def test_the_kept_connection_speaks_to_the_database_meant(house):
    for _ in range(2):
        for slug in house.refs:
            with house.tenant(slug) as session:
                assert session.scalar(select(func.count(Asset.id))) == len(UIDS[slug])
            with house.core() as core:
                assert core.scalar(select(func.count(User.id))) == 5


def test_a_database_that_is_not_there_spoils_no_connection(house):
    nowhere = TenantRef(9, "gone", "Gone", house.engines.tenant_url(9))
    for _ in range(3):
        with (
            open_tenant(house.engines, nowhere, EVERY_ASSET) as session,
            pytest.raises(OperationalError, match="1049"),
        ):
            session.scalar(select(func.count(Asset.id)))
        with house.core() as core:
            assert core.scalar(select(func.count(User.id))) == 5


def test_a_connection_the_server_ended_is_replaced(house, connected, mariadb):
    with house.core() as core:
        assert core.scalar(select(func.count(User.id))) == 5
    with mariadb.connect() as connection, connection.cursor() as cursor:
        for number, _ in connected():
            cursor.execute(f"KILL {number}")
    with house.core() as core:
        assert core.scalar(select(func.count(User.id))) == 5


def test_sessions_speak_utc_and_the_whole_of_unicode(house):
    for engine in (house.engines.core, house.engines.tenant(house.refs["laurentia"])):
        with engine.connect() as connection:
            assert connection.get_isolation_level() == "READ COMMITTED"
            asked = connection.exec_driver_sql("SELECT @@time_zone, @@character_set_connection")
            assert asked.one() == ("+00:00", "utf8mb4")
    with house.tenant(writes=True) as session:
        session.add(Location(id=9, name="Île 🔋 Perrot"))
        session.commit()
    with house.tenant() as session:
        assert session.get(Location, 9).name == "Île 🔋 Perrot"


@pytest.fixture
def lenient_host(mariadb):
    """A server whose operator turned strictness off."""
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT @@GLOBAL.sql_mode")
        (before,) = cursor.fetchone()
        cursor.execute("SET GLOBAL sql_mode = ''")
        yield
        cursor.execute("SET GLOBAL sql_mode = %s", (before,))


def test_what_does_not_fit_is_refused_even_by_a_lenient_host(house, lenient_host):
    with house.tenant(writes=True) as session, pytest.raises(DBAPIError, match="Data too long"):
        session.add(Location(id=9, name="x" * 121))
        session.flush()


def test_engines_of_many_clients_are_few(bare_engines):
    for number in range(KEPT_TENANTS + 20):
        bare_engines.tenant(TenantRef(number, "", "", bare_engines.tenant_url(number)))
    assert len(bare_engines._tenants) == KEPT_TENANTS
