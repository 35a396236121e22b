"""What an installation has before anybody touches it, what it may do, and what it lets slip."""

import re
from dataclasses import replace

import pymysql
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

from app.clients.models import Battery, BatteryType, Location
from app.clients.tenants import activate, register
from app.core import keys
from app.core.models import User
from app.database import migrate
from app.database.base import now_ms
from app.database.engines import Engines
from app.database.sessions import open_core
from tests.rules.test_routes import FOREIGN

RIGHTS = (
    "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, REFERENCES, INDEX, ALTER, LOCK TABLES, EXECUTE"
)
"""On the portal's own databases alone; see docs/security.md."""


@pytest.mark.sqlite_only
def test_a_new_installation_has_nobody_in_it(bare_engines):
    migrate.upgrade_core(bare_engines)
    with open_core(bare_engines) as core:
        assert core.scalar(select(func.count(User.id))) == 0


@pytest.mark.mariadb_only
def test_an_account_with_rights_on_its_own_databases_is_enough(settings, mariadb, tmp_path):
    prefix = settings.database_url.rpartition("/")[2].removesuffix("core")
    granted = f"{prefix}%".replace("_", r"\_")
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE `{prefix}core` CHARACTER SET utf8mb4")
        cursor.execute("CREATE USER portal@'127.0.0.1' IDENTIFIED BY 'only-for-this-test'")
        cursor.execute(f"GRANT {RIGHTS} ON `{granted}`.* TO portal@'127.0.0.1'")  # noqa: S608
        cursor.execute("CREATE DATABASE neighbours")
    try:
        ours = settings.database_url.replace("//root@", "//portal:only-for-this-test@")
        theirs = settings.tenant_database_url.replace("//root@", "//portal:only-for-this-test@")
        limited = replace(settings, database_url=ours, tenant_database_url=theirs)
        with Engines(limited) as engines:
            migrate.upgrade_core(engines)
            with open_core(engines, writes=True) as core:
                tenant = register(core, "laurentia", "Laurentia")
                core.commit()
                activate(core, engines, tenant)
                core.commit()
                assert tenant.status == "active"
            for elsewhere in ("SELECT * FROM mysql.user", "CREATE TABLE neighbours.t (id INT)"):
                with engines.core.connect() as connection, pytest.raises(OperationalError):
                    connection.execute(text(elsewhere))
    finally:
        with mariadb.connect() as connection, connection.cursor() as cursor:
            cursor.execute("DROP USER portal@'127.0.0.1'")
            cursor.execute("DROP DATABASE neighbours")


@pytest.fixture
def pages(app):
    """The addresses of every page and document without a secret in it."""
    ids = dict.fromkeys(FOREIGN, 1)
    return [
        re.sub(r"<int:(\w+)>", lambda m: str(ids[m[1]]), rule.rule)
        for rule in app.url_map.iter_rules()
        if "GET" in rule.methods and rule.arguments <= ids.keys()
    ]


@pytest.mark.sqlite_only
def test_nothing_people_write_is_run_as_a_template(house, client_of, pages):
    trap = "a{{7*7}}b{% if 1 %}c{% endif %}${7*7}"
    with house.tenant(writes=True) as session:
        for kind in (Battery, BatteryType, Location):
            session.get_one(kind, 1).name = trap
        session.get_one(Battery, 1).responsible = trap
        session.commit()
    with house.core() as core:
        core.get_one(User, 1).name = trap
        core.commit()
    alice, shown = client_of("alice"), 0
    for path in pages:
        said = alice.get(path).get_data(as_text=True)
        assert "a49b" not in said and "}}bc" not in said, path
        shown += "{{7*7}}" in said
    assert shown >= 5


@pytest.mark.sqlite_only
def test_no_address_carries_a_secret(house, client_of, pages):
    alice = client_of("alice")
    secrets = {alice.get_cookie("sid").value}
    for path in pages:
        answer = alice.get(path)
        links = re.findall(r'(?:href|src|action)="([^"]*)"', answer.get_data(as_text=True))
        links.append(answer.headers.get("Location", ""))
        for link in links:
            assert "csrf" not in link and not any(secret in link for secret in secrets), path


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    "name", ["access_token", "token", "key", "api_key", "sid", "Authorization"]
)
def test_no_credential_is_read_from_an_address(house, app, client_of, name):
    with house.core() as core:
        _, text_of_key = keys.create(
            core, house.principal("alice"), "Query", ["see_fleet"], 1, now=now_ms()
        )
        core.commit()
    visitor, sid = app.test_client(), client_of("alice").get_cookie("sid").value
    good = {"Authorization": f"Bearer {text_of_key}"}
    assert visitor.get("/api/v1/live", headers=good).status_code == 200
    for secret in (text_of_key, f"Bearer {text_of_key}", sid):
        answer = visitor.get("/api/v1/live", query_string={name: secret})
        assert answer.status_code == 401


@pytest.mark.mariadb_only
def test_a_client_may_have_an_account_of_its_own(house, mariadb):
    """A forgotten filter or an injection then still meets the database's own wall."""
    database = house.refs["laurentia"].url.rpartition("/")[2].partition("?")[0]
    other = house.refs["boreal"].url.rpartition("/")[2].partition("?")[0]
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE USER laurentia@'127.0.0.1' IDENTIFIED BY 'only-for-this-test'")
        cursor.execute(f"GRANT {RIGHTS} ON `{database}`.* TO laurentia@'127.0.0.1'")  # noqa: S608
    try:
        url = f"mysql+pymysql://laurentia:only-for-this-test@127.0.0.1:{mariadb.port}/{database}"
        own = replace(house.refs["laurentia"], url=url)
        engine = house.engines.tenant(own)
        with engine.connect() as connection:
            assert connection.execute(text("SELECT COUNT(*) FROM assets")).scalar() == 5
            with pytest.raises((OperationalError, pymysql.Error)):
                connection.execute(text(f"SELECT * FROM `{other}`.assets"))  # noqa: S608
    finally:
        with mariadb.connect() as connection, connection.cursor() as cursor:
            cursor.execute("DROP USER laurentia@'127.0.0.1'")
