"""Fixtures: settings, engines on SQLite and MariaDB, the house and whoever lives in it.

A test that asks for `engines` (or for anything built on them) runs on both databases, unless it is
marked `sqlite_only`. Schemas and the house are made once a session and copied for each test.
"""

import itertools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import hypothesis
import pytest

from app.core.access import TenantRef
from app.database.engines import Engines
from app.settings import Settings
from tests import house as world
from tests.mariadb import Server, running_server
from tests.templates import MariaTemplate, SqliteTemplate, Template

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

SECRET = "not a secret, thirty-two characters or more"
_numbers = itertools.count(1)


def pytest_configure(config: pytest.Config) -> None:
    for marker in (
        "sqlite_only: what it shows does not depend on the database",
        "mariadb_only: what it shows exists on MariaDB alone",
    ):
        config.addinivalue_line("markers", marker)
    # How long an example takes says what else the machine is doing, nothing about the code.
    hypothesis.settings.register_profile("unhurried", deadline=None)
    hypothesis.settings.load_profile("unhurried")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if {"engines", "bare_engines"} & set(metafunc.fixturenames):
        alone = [
            name
            for name in ("sqlite", "mariadb")
            if metafunc.definition.get_closest_marker(f"{name}_only")
        ]
        metafunc.parametrize("database", alone or ["sqlite", "mariadb"], indirect=True)


@pytest.fixture(scope="session")
def mariadb() -> Iterator[Server]:
    """A private server, one a worker."""
    with running_server() as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return SqliteTemplate(tmp_path_factory.mktemp("templates"), SECRET)


@pytest.fixture(scope="session")
def mariadb_template(
    mariadb: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Template]:
    template = MariaTemplate(mariadb, tmp_path_factory.mktemp("templates"), SECRET)
    yield template
    template.close()


@pytest.fixture
def template(request: pytest.FixtureRequest, database: str) -> Template:
    """Where this test's databases are copied from."""
    return request.getfixturevalue(f"{database}_template")


@pytest.fixture
def database(request: pytest.FixtureRequest) -> str:
    """Which database this run of the test is on: `sqlite` or `mariadb`."""
    return getattr(request, "param", "sqlite")


@pytest.fixture
def settings(tmp_path, request: pytest.FixtureRequest, database: str) -> Iterator[Settings]:
    """Settings of a private installation; its databases do not exist yet."""
    if database == "sqlite":
        yield Settings(secret_key=SECRET, data_dir=tmp_path)
        return
    server: Server = request.getfixturevalue("mariadb")
    prefix = f"test{next(_numbers)}_"
    yield Settings(
        secret_key=SECRET,
        data_dir=tmp_path,
        database_url=server.url(f"{prefix}core"),
        tenant_database_url=server.url(f"{prefix}client_{{id}}"),
    )
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT schema_name FROM information_schema.schemata")
        for (name,) in cursor.fetchall():
            if name.startswith(prefix):
                cursor.execute(f"DROP DATABASE `{name}`")


@pytest.fixture
def bare_engines(settings: Settings, template: Template) -> Iterator[Engines]:
    """Engines on a core database without any table, as an operator begins."""
    template.make_bare(settings)
    with Engines(settings) as engines:
        yield engines


@pytest.fixture
def engines(settings: Settings, template: Template) -> Iterator[Engines]:
    """Engines on an empty core database at head; `new_tenant` makes clients' databases."""
    template.make_core(settings)
    with Engines(settings) as engines:
        yield engines


@pytest.fixture
def new_tenant(engines: Engines, template: Template) -> Callable[..., TenantRef]:
    """Makes a client's empty database at head: `new_tenant(7)`, `new_tenant(8, slug="x")`."""

    def make(number: int = 1, slug: str = "") -> TenantRef:
        slug = slug or f"client-{number}"
        ref = TenantRef(number, slug, slug.title(), engines.tenant_url(number))
        template.make_tenant(engines.settings, ref)
        return ref

    return make


@pytest.fixture
def house(settings: Settings, engines: Engines, template: Template) -> world.House:
    """Two clients, five people, seven batteries: see tests/house.py."""
    refs = {
        slug: TenantRef(number, slug, name, engines.tenant_url(number))
        for number, (slug, name) in world.CLIENTS.items()
    }
    template.furnish(settings, refs.values())
    return world.House(settings, engines, refs)


@pytest.fixture
def app(house: world.House) -> Iterator["Flask"]:
    """The portal on the databases of the house."""
    from app import create_app  # here: tests of the collector need no web framework

    app = create_app(house.settings)
    app.testing = True
    yield app
    app.extensions["engines"].dispose()


@pytest.fixture
def client_of(app: "Flask", house: world.House) -> Callable[[str], "FlaskClient"]:
    """Browsers: `client_of("alice")` is signed in, `client_of("nobody")` is not."""
    from app.core.auth import start_session
    from app.core.models import User

    def sign_in(name: str) -> "FlaskClient":
        browser = app.test_client()
        if name != "nobody":
            with house.core() as core:
                token = start_session(core, core.get(User, house.persona(name).id))
                core.commit()
            browser.set_cookie("sid", token)
        return browser

    return sign_in
