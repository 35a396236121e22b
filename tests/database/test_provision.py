"""Databases come and go by their URL, and never anybody else's."""

from dataclasses import replace

import pytest
from sqlalchemy.engine import make_url

from app.core.access import TenantRef
from app.database import migrate
from app.database.engines import Engines
from app.database.provision import adopt, create_database, drop_database
from app.errors import Conflict, Misconfigured


@pytest.fixture
def ref(bare_engines):
    return TenantRef(5, "five", "Five", bare_engines.tenant_url(5))


def _exists(engines: Engines, ref: TenantRef) -> bool:
    return not migrate.status(engines, [ref])[1].problem


def _elsewhere(ref: TenantRef, database: str) -> TenantRef:
    url = make_url(ref.url).set(database=database)
    return replace(ref, url=url.render_as_string(hide_password=False))


def test_create_upgrade_and_drop(bare_engines, ref):
    create_database(bare_engines, ref)
    migrate.upgrade_tenant(bare_engines, ref)
    assert _exists(bare_engines, ref)

    drop_database(bare_engines, ref)
    assert not _exists(bare_engines, ref)


def test_every_step_may_be_repeated(bare_engines, ref):
    drop_database(bare_engines, ref)
    create_database(bare_engines, ref)
    migrate.upgrade_tenant(bare_engines, ref)
    with bare_engines.tenant(ref).execution_options(writes=True).begin() as connection:
        connection.exec_driver_sql("INSERT INTO live_revision VALUES (1, 42)")

    create_database(bare_engines, ref)
    adopt(bare_engines, ref)

    with bare_engines.tenant(ref).connect() as connection:
        assert connection.exec_driver_sql("SELECT revision FROM live_revision").scalar() == 42


def test_a_client_cannot_live_in_the_core_database(bare_engines, ref):
    into_core = _elsewhere(ref, bare_engines.core.url.database)
    for act in (create_database, adopt, drop_database):
        with pytest.raises(Misconfigured, match="core database"):
            act(bare_engines, into_core)


def test_somebody_elses_tables_are_not_adopted(bare_engines, ref):
    create_database(bare_engines, ref)
    with bare_engines.tenant(ref).execution_options(writes=True).begin() as connection:
        connection.exec_driver_sql("CREATE TABLE wp_posts (id INTEGER)")
    with pytest.raises(Conflict, match="other tables"):
        adopt(bare_engines, ref)


@pytest.mark.mariadb_only
@pytest.mark.parametrize("name", ["a`; DROP DATABASE mysql; -- ", "a.b", "", "x" * 65, "accentué"])
def test_names_that_are_not_plain_are_refused(bare_engines, ref, name):
    for act in (create_database, drop_database):
        with pytest.raises(Misconfigured, match="no database name"):
            act(bare_engines, _elsewhere(ref, name))


@pytest.fixture
def shared_host(mariadb, settings):
    """An account that may do everything in databases it was given and create none."""
    user = make_url(settings.core_url).database.replace("_core", "_user")
    given = make_url(settings.tenant_pattern).database.replace("{id}", "5")
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE USER {user}@127.0.0.1")
        cursor.execute(f"GRANT ALL ON `{given}`.* TO {user}@127.0.0.1")
        yield cursor, user, given
        cursor.execute(f"DROP USER {user}@127.0.0.1")


@pytest.mark.mariadb_only
def test_on_a_shared_host_the_operators_database_is_taken(bare_engines, ref, shared_host):
    cursor, user, given = shared_host
    as_user = make_url(ref.url).set(username=user).render_as_string(hide_password=False)
    here = replace(ref, url=as_user)
    cursor.execute(f"REVOKE ALL ON `{given}`.* FROM {user}@127.0.0.1")
    with pytest.raises(Misconfigured, match="hosting panel"):
        create_database(bare_engines, here)

    cursor.execute(f"CREATE DATABASE `{given}`")
    cursor.execute(f"GRANT ALL ON `{given}`.* TO {user}@127.0.0.1")
    cursor.execute(f"REVOKE CREATE ON `{given}`.* FROM {user}@127.0.0.1")
    create_database(bare_engines, here)
