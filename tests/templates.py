"""Databases made once a session and copied for each test: files on SQLite, DDL and rows on MariaDB.

They are made from the models; tests/database/test_schema.py shows that migrating makes the same.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from sqlalchemy.engine import make_url

from app.clients import field_models as _fields  # noqa: F401
from app.clients import models as _clients  # noqa: F401  (completes the metadata)
from app.clients import share_models as _shares  # noqa: F401
from app.core import models as _core  # noqa: F401
from app.core import notices as _notices  # noqa: F401
from app.core.access import TenantRef
from app.database import migrate
from app.database.base import CoreBase, TenantBase
from app.database.engines import Engines
from app.database.provision import create_database
from app.gateway import models as _gateway  # noqa: F401
from app.processor import models as _processor  # noqa: F401
from app.processor.alerts import models as _alerts  # noqa: F401
from app.processor.analytics import models as _analytics  # noqa: F401
from app.processor.exports import models as _exports  # noqa: F401
from app.settings import Settings
from tests import house
from tests.mariadb import Server

EMPTY = TenantRef(0, "empty", "Empty", "")


class Template(Protocol):
    """Where tests' databases are copied from."""

    def make_bare(self, settings: Settings) -> None:
        """A core database without any table."""

    def make_core(self, settings: Settings) -> None:
        """An empty core database at head."""

    def make_tenant(self, settings: Settings, ref: TenantRef) -> None:
        """A client's empty database at head."""

    def furnish(self, settings: Settings, refs: Iterable[TenantRef]) -> None:
        """The house: its core rows in the core database, its clients' databases beside."""


class SqliteTemplate:
    """Files copied from a folder."""

    def __init__(self, folder: Path, secret: str) -> None:
        self.empty = Settings(secret_key=secret, data_dir=folder / "empty")
        self.house = Settings(secret_key=secret, data_dir=folder / "house")
        _make_empty(self.empty)
        self._furnished = False

    def make_bare(self, settings: Settings) -> None:
        """SQLite makes the file when it is opened."""

    def make_core(self, settings: Settings) -> None:
        _copy(self.empty.core_url, settings.core_url)

    def make_tenant(self, settings: Settings, ref: TenantRef) -> None:
        _copy(self.empty.tenant_pattern.replace("{id}", "0"), ref.url)

    def furnish(self, settings: Settings, refs: Iterable[TenantRef]) -> None:
        if not self._furnished:
            _make_house(self, self.house)
            self._furnished = True
        _copy(self.house.core_url, settings.core_url)
        for ref in refs:
            _copy(self.house.tenant_pattern.replace("{id}", str(ref.id)), ref.url)


class MariaTemplate:
    """Tables recreated from their DDL and filled from template databases on the same server."""

    def __init__(self, server: Server, folder: Path, secret: str) -> None:
        self.server = server
        self.empty, self.house = (
            Settings(
                secret_key=secret,
                data_dir=folder,
                database_url=server.url(f"{name}_core"),
                tenant_database_url=server.url(f"{name}_client_{{id}}"),
            )
            for name in ("empty", "house")
        )
        self._connection = server.connect()
        self._run("CREATE DATABASE empty_core")
        _make_empty(self.empty)
        self._ddl: dict[str, list[str]] = {}
        self._with_rows: dict[str, list[str]] = {}
        self._furnished = False

    def make_bare(self, settings: Settings) -> None:
        self._run(f"CREATE DATABASE {make_url(settings.core_url).database}")

    def make_core(self, settings: Settings) -> None:
        self._tables("empty_core", make_url(settings.core_url).database)

    def make_tenant(self, settings: Settings, ref: TenantRef) -> None:
        self._tables("empty_client_0", make_url(ref.url).database)

    def furnish(self, settings: Settings, refs: Iterable[TenantRef]) -> None:
        if not self._furnished:
            _make_house(self, self.house)
            self._furnished = True
        self._rows("house_core", make_url(settings.core_url).database)
        for ref in refs:
            target = make_url(ref.url).database
            self._tables("empty_client_0", target)
            self._rows(f"house_client_{ref.id}", target)

    def close(self) -> None:
        self._connection.close()

    def _tables(self, source: str, target: str) -> None:
        self._run(
            f"CREATE DATABASE IF NOT EXISTS `{target}` "
            "CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
            f"USE `{target}`",
            "SET foreign_key_checks = 0",
            *self._statements(source),
            f"INSERT INTO alembic_version SELECT * FROM `{source}`.alembic_version",
        )

    def _rows(self, source: str, target: str) -> None:
        self._run(
            f"USE `{target}`",
            "SET foreign_key_checks = 0",
            *(
                f"INSERT INTO `{table}` SELECT * FROM `{source}`.`{table}`"
                for table in self._filled(source)
            ),
        )

    def _statements(self, source: str) -> list[str]:
        if source not in self._ddl:
            self._ddl[source] = [
                self._ask(f"SHOW CREATE TABLE `{source}`.`{table}`")[0][1]
                for (table,) in self._ask(f"SHOW TABLES FROM `{source}`")
            ]
        return self._ddl[source]

    def _filled(self, source: str) -> list[str]:
        if source not in self._with_rows:
            self._with_rows[source] = [
                table
                for (table,) in self._ask(f"SHOW TABLES FROM `{source}`")
                if table != migrate.VERSION_TABLE
                and self._ask(f"SELECT 1 FROM `{source}`.`{table}` LIMIT 1")
            ]
        return self._with_rows[source]

    def _run(self, *statements: str) -> None:
        with self._connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            cursor.execute("USE mysql")  # not to be counted among a test's connections

    def _ask(self, question: str, *values: str) -> tuple[tuple, ...]:
        with self._connection.cursor() as cursor:
            cursor.execute(question, values or None)
            return cursor.fetchall()


def _make_empty(settings: Settings) -> None:
    with Engines(settings) as engines:
        ref = TenantRef(0, "empty", "Empty", engines.tenant_url(0))
        create_database(engines, ref)
        for engine, base, kind in (
            (engines.core, CoreBase, "core"),
            (engines.tenant(ref), TenantBase, "tenant"),
        ):
            with engine.execution_options(writes=True).begin() as connection:
                base.metadata.create_all(connection)
                migrate.stamp(connection, kind)


def _make_house(template: Template, settings: Settings) -> None:
    template.make_core(settings)
    with Engines(settings) as engines:
        house.furnish_core(engines)
        for number, (slug, name) in house.CLIENTS.items():
            ref = TenantRef(number, slug, name, engines.tenant_url(number))
            template.make_tenant(settings, ref)
            house.furnish_tenant(engines, ref)


def _copy(source: str, target: str) -> None:
    path = Path(make_url(target).database)
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(make_url(source).database, path)
