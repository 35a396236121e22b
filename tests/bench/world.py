"""What benchmarks are made of: the workload that lies beside the checkout, and portals to measure.

A value is one number of one reading: 26 in each reading of the workload.
"""

import argparse
import io
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from app import create_app
from app.clients.tenants import create_tenant
from app.clients.users import create_user
from app.core.access import Role, TenantRef, public
from app.core.auth import start_session
from app.database import migrate
from app.database.engines import Engines
from app.database.sessions import open_core
from app.settings import Settings
from collector.wire import envelope
from collector.wire.block import Block, Column
from collector.wire.envelope import Batch
from tests.house import House
from tests.mariadb import Server
from tests.requirement import SHARED
from tests.site import Site

from .processes import cpu_of, free_port, running

VALUES = 26
BOUNDARY = "bench"


def options(about: str) -> argparse.Namespace:
    """`--smallest` proves that a benchmark works, `--full` takes its time."""
    parser = argparse.ArgumentParser(description=about.partition("\n")[0])
    parser.add_argument("--smallest", action="store_true", help="a few seconds, worth nothing")
    parser.add_argument("--full", action="store_true", help="the large sizes, too")
    return parser.parse_args()


def cpu(work: Callable[[], Any]) -> float:
    """CPU seconds of this process that `work` takes."""
    began = time.process_time()
    work()
    return time.process_time() - began


def workload() -> Any:
    """The generator of realistic readings."""
    folder = SHARED / "bench"
    if not folder.is_dir():
        print("the shared workload is missing, nothing measured", file=sys.stderr)
        sys.exit(os.environ.get("REQUIRE") == "all")
    sys.path.insert(0, str(folder))
    import bms_workload

    return bms_workload


def block(uid: str, seq: int, times: Any, numbers: Any) -> Block:
    """A block of the workload's integer columns."""

    def column(number: int, digits: int) -> Column:
        return Column(digits, tuple(numbers[:, number].tolist()))

    return Block(
        asset=uid,
        seq=seq,
        times=tuple((times * 1000).tolist()),
        values={
            "pack_voltage": column(0, 2),
            "current": column(1, 2),
            "soc": column(2, 1),
            "soh": column(3, 1),
            "cycles": column(24, 0),
            "x_alarms": column(25, 0),
        },
        arrays={
            "cell_voltage": tuple(column(4 + i, 3) for i in range(16)),
            "cell_temperature": tuple(column(20 + i, 1) for i in range(4)),
        },
        changes=(),
    )


def blocks(
    made: Any, battery: Any, start: int, seconds: int, each: int = 60, rate: float = 1.0
) -> Iterator[Block]:
    """A battery's blocks of `each` seconds from `start` (epoch seconds), at `rate` Hz."""
    times, numbers = made.span(battery, start, seconds, rate)
    for seq in range(seconds // each):
        inside = (times >= start + seq * each) & (times < start + seq * each + each)
        if inside.any():
            yield block(battery.name, seq, times[inside], numbers[inside])


def values_of(made: Iterator[Block] | list[Block]) -> int:
    return sum(len(each.times) for each in made) * VALUES


class Portal:
    """One client with one site. Asked in this process, or over HTTP once it is `served`."""

    def __init__(self, folder: Path, server: Server | None = None) -> None:
        self.server = server
        urls = {}
        if server:
            name = f"bench_{secrets.token_hex(3)}_"
            urls = {
                "database_url": server.url(f"{name}core"),
                "tenant_database_url": server.url(f"{name}client_{{id}}"),
            }
            with server.connect() as connection, connection.cursor() as cursor:
                for database in ("core", "client_1"):
                    cursor.execute(f"CREATE DATABASE {name}{database} CHARACTER SET utf8mb4")
        self.settings = Settings(secret_key="x" * 40, data_dir=folder, log_level="ERROR", **urls)
        self.engines = Engines(self.settings)
        migrate.upgrade_core(self.engines)
        with open_core(self.engines, writes=True) as core:
            tenant = create_tenant(core, self.engines, "bench", "Bench")
            password = secrets.token_urlsafe(16)
            user = create_user(core, "a@bench.example", "A", Role.CLIENT_ADMIN, password, tenant.id)
            self.token = start_session(core, user)
            core.commit()
            self.ref = TenantRef(tenant.id, "bench", "Bench", self.engines.tenant_url(tenant.id))
        self.house = House(self.settings, self.engines, {"bench": self.ref})
        self._app: Any = None
        self.web: HTTPConnection | None = None
        self.pid = 0

    @property
    def name(self) -> str:
        return "MariaDB" if self.server else "SQLite"

    @property
    def app(self) -> Any:
        """The application in this process; attempts are not counted, since we are too fast."""
        if self._app is None:
            self._app = create_app(self.settings)
            self._app.extensions["limits"].enabled = False
            self._app.add_url_rule("/empty", "empty", public(lambda: "ok"))
        return self._app

    def cpu(self) -> float:
        """CPU seconds of the serving process and of its database."""
        return cpu_of(self.pid, *([self.server.pid] if self.server else ()))

    @contextmanager
    def served(self) -> Iterator["Portal"]:
        """The portal in a process of its own, behind waitress."""
        port = free_port()
        command = [
            sys.executable, "-m", "waitress", f"--listen=127.0.0.1:{port}", "--threads=4",
            "passenger_wsgi:application",
        ]  # fmt: skip
        environ = {
            "SECRET_KEY": self.settings.secret_key,
            "DATA_DIR": str(self.settings.data_dir),
            "DATABASE_URL": self.settings.database_url,
            "TENANT_DATABASE_URL": self.settings.tenant_database_url,
            "LOG_LEVEL": "ERROR",
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }
        with running(command, port, environ) as self.pid:
            self.web = HTTPConnection("127.0.0.1", port)
            yield self

    def site(self, key_id: str, now: int) -> Site:
        """Another collector of the client."""
        return Site(self.house, "bench", key_id, now=now)

    def send(self, path: str, body: bytes | None, headers: dict[str, str]) -> bytes:
        """Over HTTP; anything but the answer expected ends the benchmark."""
        self.web.request("POST" if body else "GET", path, body, headers)
        answer = self.web.getresponse()
        text = answer.read()
        expected = 304 if "If-None-Match" in headers else 200
        if answer.status != expected:
            sys.exit(f"{path}: {answer.status} instead of {expected}: {text[:300]!r}")
        return text

    def ask(self, environ: dict[str, Any], expected: int = 200) -> tuple[dict[str, str], bytes]:
        """In this process; anything but the expected status ends the benchmark."""
        answer: dict[str, Any] = {}

        def start(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
            answer.update(status=int(status.split()[0]), headers=dict(headers))

        body = b"".join(self.app.wsgi_app(environ, start))
        if answer["status"] != expected:
            sys.exit(f"{answer['status']} instead of {expected}: {body[:300]!r}")
        return answer["headers"], body


def push_of(site: Site, batch: Batch) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a signed push, to be sent once."""
    site.seq += 1
    part = envelope.encode(batch)
    opening = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{envelope.PART}"; '
        'filename="batch.json.gz"\r\nContent-Type: application/gzip\r\n\r\n'
    )
    body = opening.encode() + part + f"\r\n--{BOUNDARY}--\r\n".encode()
    headers = site.headers(part, site.seq)
    return body, {**headers, "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def get(path: str, token: str = "", **headers: str) -> dict[str, Any]:
    """The environment of a GET, for `Portal.ask`."""
    path, _, query = path.partition("?")
    return {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_COOKIE": f"sid={token}",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        **headers,
    }
