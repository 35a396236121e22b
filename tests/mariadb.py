"""A private MariaDB for tests: its own folder, its own port, gone when the session ends."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pymysql

from tests.requirement import program

START_SECONDS = 30
MEMORY = Path("/dev/shm")
PREFIX = "trackingbms-tests-"


@dataclass(frozen=True, slots=True)
class Server:
    """Where a running server listens; root has no password."""

    port: int
    socket: Path
    pid: int = 0
    folder: Path = MEMORY

    def url(self, database: str) -> str:
        return f"mysql+pymysql://root@127.0.0.1:{self.port}/{database}"

    def connect(self) -> pymysql.Connection:
        """A plain connection, for what the product has no business doing."""
        return pymysql.connect(host="127.0.0.1", port=self.port, user="root", autocommit=True)


@contextmanager
def running_server() -> Iterator[Server]:
    """Start a server in a folder of its own, on memory where there is some."""
    daemon = program("mariadbd", "mysqld")
    install = program("mariadb-install-db", "mysql_install_db")
    place = MEMORY if os.access(MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    _remove_leftovers(place)
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=place))
    try:
        subprocess.run(
            [install, "--no-defaults", f"--datadir={folder / 'data'}", *_as_user(),
             "--auth-root-authentication-method=normal", "--skip-test-db",
             "--innodb-log-file-size=8M"],
            check=True, capture_output=True,
        )  # fmt: skip
        server = Server(_free_port(), folder / "socket")
        log = (folder / "log").open("wb")
        process = subprocess.Popen(
            [*_dies_with_us(), daemon, *_options(folder, server)], stdout=log, stderr=log
        )
        try:
            _wait(server, process, folder / "log")
            yield replace(server, pid=process.pid, folder=folder / "data")
        finally:
            process.terminate()
            process.wait(timeout=START_SECONDS)
            log.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _options(folder: Path, server: Server) -> list[str]:
    return [
        "--no-defaults",
        f"--datadir={folder / 'data'}",
        f"--socket={server.socket}",
        f"--pid-file={folder / 'pid'}",
        f"--port={server.port}",
        "--bind-address=127.0.0.1",
        "--skip-name-resolve",
        "--skip-log-bin",
        "--innodb-flush-log-at-trx-commit=2",
        "--innodb-buffer-pool-size=64M",
        "--innodb-log-file-size=8M",
        "--performance-schema=OFF",
        *_as_user(),
    ]


def _as_user() -> list[str]:
    return ["--user=root"] if os.geteuid() == 0 else []


def _dies_with_us() -> list[str]:
    """A session that is killed must not leave a server behind."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM"] if setpriv else []


def _remove_leftovers(place: Path) -> None:
    """Folders of sessions that were killed: memory is not to fill up with them."""
    for folder in place.glob(f"{PREFIX}*"):
        try:
            os.kill(int(folder.name.removeprefix(PREFIX).split("-")[0]), 0)
        except ProcessLookupError:
            shutil.rmtree(folder, ignore_errors=True)
        except PermissionError:
            continue  # somebody else's, and alive


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait(server: Server, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            server.connect().close()
            return
        except pymysql.OperationalError:
            time.sleep(0.05)
    raise RuntimeError("MariaDB did not start:\n" + log.read_text(errors="replace")[-2000:])
