"""A shared host: Apache, Passenger, a firewall and a database, serving a copy of this checkout.

What is typed here by `Host.command` is what an operator types on a real one, as the account's user,
with its Python and nothing in the environment: settings come from the panel and from `.env`.
"""

import os
import re
import secrets
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from http.client import HTTPResponse
from pathlib import Path

import requests
from sqlalchemy.engine import make_url

from tests.chain.programs import free_port
from tests.requirement import need, program, shared
from tests.tree import ROOT

PASSENGER = Path("/usr/lib/apache2/modules/mod_passenger.so")
FIREWALL = Path("/usr/lib/apache2/modules/mod_security2.so")
POOL = 2
DATABASES = ("core", "client_1", "client_2")
"""Made in the hosting panel: the account's user may not make any itself."""
PROBE = "/api/v1/openapi.json"
"""What answers before there is any table."""
PATIENCE_S = 60


@dataclass(frozen=True)
class Host:
    """One account of the host; `said` is what the rehearsal tells of itself."""

    said: dict[str, str] = field(repr=False)

    @property
    def url(self) -> str:
        return self.said["REHEARSE_TLS_URL"]

    @property
    def plain_url(self) -> str:
        return self.said["REHEARSE_URL"]

    @property
    def app(self) -> Path:
        return Path(self.said["REHEARSE_APP"])

    @property
    def authority(self) -> str:
        """The file of the certificate to trust."""
        return self.said["REHEARSE_CA"]

    def get(self, path: str, plain: bool = False, **headers: str) -> HTTPResponse:
        """Ask as a browser does, without following redirections."""
        url = (self.plain_url if plain else self.url) + path
        request = urllib.request.Request(url, headers=headers)
        try:
            return self._opener.open(request, timeout=PATIENCE_S)
        except urllib.error.HTTPError as answer:
            return answer

    @cached_property
    def _opener(self) -> urllib.request.OpenerDirector:
        class Stay(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *_: object) -> None:
                return None

        trusting = ssl.create_default_context(cafile=self.authority)
        return urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=trusting), Stay, urllib.request.ProxyHandler({})
        )

    def session(self) -> requests.Session:
        """A program's connection, which trusts this host and nothing the environment says."""
        session = requests.Session()
        session.trust_env, session.verify = False, self.authority
        return session

    def command(self, *words: str, typed: str | None = None) -> str:
        """Run `python -m …` in the account; returns what it says, raises if it fails."""
        owner = self.app.stat()
        account = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}
        done = subprocess.run(
            [self.said["REHEARSE_PYTHON"], "-m", *words],
            cwd=self.app,
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.app.parent), "LANG": "C.UTF-8"},
            input=typed,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            **(account if os.geteuid() == 0 else {}),
        )
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def settle(self) -> None:
        """Write `.env`, which web, cron and commands read, and start again with it."""
        core = self.said["DATABASE_URL"]
        pattern = make_url(core).set(database="acct_client_{id}")
        pattern = pattern.render_as_string(hide_password=False).replace("%7B", "{")
        lines = {
            "SECRET_KEY": self.said["SECRET_KEY"],
            "PUBLIC_URL": self.url,
            "DATABASE_URL": core,
            "TENANT_DATABASE_URL": pattern.replace("%7D", "}"),
        }
        path = self.app / ".env"
        path.write_text("".join(f"{name}={value}\n" for name, value in lines.items()))
        path.chmod(0o600)
        owner = self.app.stat()
        os.chown(path, owner.st_uid, owner.st_gid)
        self.restart()

    def restart(self) -> None:
        """As a deployment ends; returns once no process of before is left."""
        before = set(self.workers())
        os.utime(self.app / "tmp" / "restart.txt")
        until(lambda: self.get(PROBE).status == 200 and not before & set(self.workers()))

    def workers(self) -> list[int]:
        """The portal's processes."""
        return [
            int(folder.name)
            for folder in Path("/proc").iterdir()
            if folder.name.isdigit() and _serves(folder, self.app)
        ]

    def refused(self) -> list[str]:
        """What the firewall has refused so far: `rule path`, oldest first."""
        log = (Path(self.said["REHEARSE_LOG"]) / "error.log").read_text("utf-8", "replace")
        return [
            f"{_told(line, 'id')} {_told(line, 'uri')}"
            for line in log.splitlines()
            if "ModSecurity: Access denied" in line
        ]


@contextmanager
def rehearsed() -> Iterator[Host]:
    """The host, up until the end of the block."""
    tool = shared("tools", "rehearse")
    program("apache2")
    program("mariadbd")
    need(PASSENGER.exists(), "Apache's module passenger")
    need(FIREWALL.exists(), "Apache's module security2")
    port, secret = free_port(), secrets.token_urlsafe(36)
    panel = {"SECRET_KEY": secret, "PUBLIC_URL": f"https://localhost:{port}"}
    panel["REQUIRE_SECOND_FACTOR"] = "off"  # its people sign in with a password alone
    command = [
        tool, "--db", "--waf", "--pool", str(POOL), "--tls-port", str(port), "--path", PROBE,
        "--db-names", ",".join(DATABASES),
        *(word for name, value in panel.items() for word in ("--env", f"{name}={value}")),
        ROOT, "--", "sh", "-c", "env; echo ready; cat",
    ]  # fmt: skip
    with (
        tempfile.TemporaryFile("w+") as words,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=words, text=True
        ) as process,
    ):
        said = dict(_pairs(process.stdout)) | panel
        if "REHEARSE_APP" not in said:
            words.seek(0)
            raise AssertionError(f"the host did not start:\n{words.read()[-3000:]}")
        yield Host(said)
        process.stdin.close()  # ends the command, and with it the host


def until(true, seconds: float = PATIENCE_S) -> None:
    """Wait for something that happens in another process."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.1)


def _pairs(lines) -> Iterator[tuple[str, str]]:
    for line in lines:
        if line == "ready\n":
            return
        name, _, value = line.rstrip("\n").partition("=")
        yield name, value


def _told(line: str, name: str) -> str:
    """One of the `[name "value"]` of a line of the firewall."""
    found = re.search(rf'\[{name} "([^"]*)"\]', line)
    return found[1] if found else "?"


def _serves(process: Path, app: Path) -> bool:
    try:
        return (
            b"wsgi-loader" in (process / "cmdline").read_bytes()
            and (process / "cwd").readlink() == app
        )
    except OSError:  # it ended meanwhile
        return False
