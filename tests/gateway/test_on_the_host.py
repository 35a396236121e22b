"""On a shared host: Apache and Passenger serve a copy of this checkout, by its own .htaccess.

Nothing of the source is for download, files cost no Python, and an unchanged poll is a 304 although
the server compresses answers and renames their tags.
"""

import shutil
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPResponse
from pathlib import Path

import pytest

from app.core.access import TenantRef
from app.core.auth import start_session
from app.core.models import User
from app.database.engines import Engines
from app.database.sessions import open_core
from app.settings import Settings
from tests import house
from tests.requirement import program, shared

ROOT = Path(__file__).resolve().parents[2]
SECRET = "a secret of the host, thirty-two characters"

PRIVATE = [
    "/.env",
    "/.flaskenv",
    "/.htaccess",
    "/.git/HEAD",
    "/.gitignore",
    "/passenger_wsgi.py",
    "/requirements.txt",
    "/pyproject.toml",
    "/Makefile",
    "/app/__init__.py",
    "/app/",
    "/APP/__init__.py",
    "//app/settings.py",
    "/collector/requirements.txt",
    "/cron/",
    "/migrations/core/env.py",
    "/templates/",
    "/tests/conftest.py",
    "/docs/",
    "/tmp/restart.txt",
    "/var/db/trackingbms_core.sqlite3",
    "/var/cache/limits.sqlite3",
    "/static/../app/__init__.py",
    "/static/%2e%2e/passenger_wsgi.py",
]


@dataclass(frozen=True)
class Host:
    """A portal as a customer's browser reaches it."""

    url: str
    plain_url: str
    app: Path
    token: str

    def get(self, path: str, plain: bool = False, **headers: str) -> HTTPResponse:
        url = (self.plain_url if plain else self.url) + path
        request = urllib.request.Request(url, headers=headers)
        try:
            return self._opener.open(request, timeout=20)
        except urllib.error.HTTPError as answer:
            return answer

    @property
    def _opener(self) -> urllib.request.OpenerDirector:
        unverified = ssl._create_unverified_context()  # the certificate is made for the occasion

        class Stay(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *_: object) -> None:
                return None

        return urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=unverified), Stay, urllib.request.ProxyHandler({})
        )


@pytest.fixture(scope="module")
def host(sqlite_template) -> Iterator[Host]:
    """The rehearsal, with the house's databases and Alice signed in; it ends with its input."""
    rehearse = shared("tools", "rehearse")
    program("apache2")
    settings = ("--env", f"SECRET_KEY={SECRET}", "--path", "/api/v1/openapi.json", "--pool", "2")
    command = [rehearse, *settings, ROOT, "--", "sh", "-c", "env; echo ready; cat"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        said = {}
        for line in process.stdout:
            if line == "ready\n":
                break
            name, _, value = line.rstrip("\n").partition("=")
            said[name] = value
        assert "REHEARSE_APP" in said, (
            "the host did not start; run the rehearsal by hand to see why"
        )
        app = Path(said["REHEARSE_APP"])
        token = _furnish(app, sqlite_template)
        yield Host(said["REHEARSE_TLS_URL"], said["REHEARSE_URL"], app, token)
        process.stdin.close()


def _furnish(app: Path, template) -> str:
    """Put the house's databases where the portal looks for them; returns Alice's token."""
    settings = Settings(secret_key=SECRET, data_dir=app / "var")
    with Engines(settings) as engines:
        template.make_core(settings)
        template.furnish(
            settings,
            [
                TenantRef(n, slug, name, engines.tenant_url(n))
                for n, (slug, name) in house.CLIENTS.items()
            ],
        )
        with open_core(engines) as core:
            token = start_session(core, core.get(User, house.PERSONAS["alice"].id))
            core.commit()
    owner = app.stat()
    for path in (app / "var", *(app / "var").rglob("*")):
        shutil.chown(path, owner.st_uid, owner.st_gid)
        path.chmod(0o700 if path.is_dir() else 0o600)
    return token


@pytest.mark.parametrize("path", PRIVATE)
def test_nothing_of_the_source_is_for_download(host, path):
    answer = host.get(path)
    assert answer.status in (403, 404)
    assert len(answer.read()) < 2000


def test_pages_are_https_only_but_certificates_can_be_renewed(host):
    answer = host.get("/static/css/base.css", plain=True)
    assert answer.status == 308
    assert answer.headers["Location"].startswith("https://")
    assert host.get("/.well-known/acme-challenge/x", plain=True).status == 404


def test_files_are_served_without_python(host):
    answer = host.get("/static/css/base.css")
    assert answer.status == 200
    assert answer.read() == (ROOT / "static/css/base.css").read_bytes()
    assert "X-Request-Id" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_an_unchanged_poll_is_a_304_through_a_compressing_server(host):
    signed_in = {"Cookie": f"sid={host.token}", "Accept-Encoding": "gzip"}
    first = host.get("/api/v1/live", **signed_in)
    assert (first.status, first.headers["Content-Encoding"]) == (200, "gzip")
    assert first.headers["ETag"].endswith('-gzip"')  # what makes this test worth its while
    again = host.get("/api/v1/live", **signed_in, **{"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.read()) == (304, b"")


def test_what_the_portal_writes_is_its_owners_alone(host):
    assert host.get("/api/v1/health").status == 200
    written = [path for path in (host.app / "var").rglob("*") if path.is_file()]
    assert written
    assert all(path.stat().st_mode & 0o077 == 0 for path in written)
