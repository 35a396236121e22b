"""Copies off the host, to a real SFTP server and a real WebDAV folder."""

import base64
import hashlib
import os
import socket
import threading
from dataclasses import replace
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import paramiko
import pyrage
import pytest

from app.database import backups, offsite
from app.database.base import now_ms
from app.database.destinations.base import Unreached, opened, urls
from app.errors import Misconfigured

pytestmark = pytest.mark.sqlite_only
PASSWORD = "p@ss/word"  # noqa: S105


class _Folder(paramiko.SFTPServerInterface):
    """A folder on disk, served."""

    root: Path

    def _path(self, name: str) -> Path:
        return self.root / Path(name).name if Path(name).name != "kept" else self.root

    def list_folder(self, path):
        return [paramiko.SFTPAttributes.from_stat(p.stat(), p.name) for p in self.root.iterdir()]

    def stat(self, path):
        try:
            return paramiko.SFTPAttributes.from_stat(self._path(path).stat())
        except FileNotFoundError:
            return paramiko.SFTP_NO_SUCH_FILE

    lstat = stat

    def open(self, path, flags, attributes):
        handle = paramiko.SFTPHandle(flags)
        try:
            file = os.fdopen(os.open(self._path(path), flags | os.O_CREAT, 0o600), "r+b")
        except FileNotFoundError:
            return paramiko.SFTP_NO_SUCH_FILE
        handle.readfile = handle.writefile = file
        return handle

    def posix_rename(self, old, new):
        self._path(old).replace(self._path(new))
        return paramiko.SFTP_OK

    def remove(self, path):
        try:
            self._path(path).unlink()
        except FileNotFoundError:
            return paramiko.SFTP_NO_SUCH_FILE
        return paramiko.SFTP_OK


class _Login(paramiko.ServerInterface):
    def check_auth_password(self, username, password):
        right = (username, password) == ("keeper", PASSWORD)
        return paramiko.AUTH_SUCCESSFUL if right else paramiko.AUTH_FAILED

    def check_channel_request(self, kind, chanid):
        return paramiko.OPEN_SUCCEEDED


@pytest.fixture
def sftp(tmp_path):
    """The URL of an SFTP server and the folder behind it."""
    root = tmp_path / "sftp"
    root.mkdir()
    key = paramiko.ECDSAKey.generate()
    digest = base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")
    listener = socket.create_server(("127.0.0.1", 0))
    served = type("Served", (_Folder,), {"root": root})

    def serve():
        while True:
            try:
                stream, _ = listener.accept()
            except OSError:
                return
            transport = paramiko.Transport(stream)
            transport.add_server_key(key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, served)
            transport.start_server(server=_Login(), event=threading.Event())

    threading.Thread(target=serve, daemon=True).start()
    port = listener.getsockname()[1]
    yield f"sftp://keeper:p%40ss%2Fword@127.0.0.1:{port}/kept?key=SHA256:{digest}", root
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


class _Dav(BaseHTTPRequestHandler):
    """The six methods of a WebDAV folder that copying needs."""

    root: Path
    protocol_version = "HTTP/1.1"

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle_one_request(self):
        super().handle_one_request()

    def _allowed(self) -> bool:
        right = base64.b64encode(f"keeper:{PASSWORD}".encode()).decode()
        if self.headers.get("Authorization") == f"Basic {right}":
            return True
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._answer(401)
        return False

    def _path(self, address: str) -> Path:
        return self.root / unquote(urlsplit(address).path).removeprefix("/kept/")

    def do_PROPFIND(self):  # noqa: N802
        if self._allowed():
            names = ["", *(path.name for path in self.root.iterdir())]
            listed = "".join(f"<d:response><d:href>/kept/{n}</d:href></d:response>" for n in names)
            text = f'<?xml version="1.0"?><d:multistatus xmlns:d="DAV:">{listed}</d:multistatus>'
            self._answer(207, text.encode())

    def do_PUT(self):  # noqa: N802
        if self._allowed():
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._path(self.path).write_bytes(body)
            self._answer(201)

    def do_MOVE(self):  # noqa: N802
        if self._allowed():
            self._path(self.path).replace(self._path(self.headers["Destination"]))
            self._answer(201)

    def do_GET(self):  # noqa: N802
        if self._allowed():
            self._answer(200, self._path(self.path).read_bytes())

    def do_DELETE(self):  # noqa: N802
        if self._allowed():
            there = self._path(self.path).is_file()
            self._path(self.path).unlink(missing_ok=True)
            self._answer(204 if there else 404)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def webdav(tmp_path):
    """The URL of a WebDAV folder and the folder behind it."""
    root = tmp_path / "dav"
    root.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Served", (_Dav,), {"root": root}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    yield f"webdav://keeper:p%40ss%2Fword@127.0.0.1:{port}/kept/", root
    server.shutdown()
    server.server_close()


@pytest.fixture(params=["sftp", "webdav"])
def elsewhere(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def copied(house, elsewhere):
    """Settings of an installation whose backups of three days are made and copied."""
    url, _ = elsewhere
    public = pyrage.x25519.Identity.generate().to_public()
    settings = replace(house.settings, backup_key=str(public), backup_copies=url)
    from app.database.engines import Engines

    with Engines(settings) as engines:
        for days in (2, 1, 0):
            backups.make(engines, [house.refs["laurentia"]], now_ms() - days * 86_400_000)
    assert offsite.copy_all(settings) == {}
    return settings


def test_every_day_is_there_whole(copied, elsewhere):
    _, root = elsewhere
    for backup in backups.stored(copied):
        for item in backup.items.values():
            there = root / f"{backup.day}_{item['file']}"
            assert there.read_bytes() == (backup.folder / item["file"]).read_bytes()
    (url,) = urls(copied.backup_copies)
    assert offsite.days_at(url) == [backup.day for backup in backups.stored(copied)]


def test_a_day_comes_back(copied, tmp_path):
    newest = backups.stored(copied)[0]
    fetched = offsite.fetch(copied, str(newest.day), tmp_path / "back")
    backups.check(replace(newest, folder=fetched))


def test_what_is_there_is_not_sent_again_and_old_days_go(copied, elsewhere):
    _, root = elsewhere
    marked = next(root.glob("*core*"))
    marked.write_bytes(b"as it was")
    (root / "somebody's file.txt").write_text("not ours")
    for number in range(1, 30):
        for file in ("core.dump.gz.age", "manifest.json"):
            (root / f"2020-01-{number:02}_{file}").write_text("old")
    assert offsite.copy_all(copied) == {}
    assert marked.read_bytes() == b"as it was"
    (url,) = urls(copied.backup_copies)
    days = offsite.days_at(url)
    assert len([day for day in days if day < date(2021, 1, 1)]) < 29
    assert backups.kept(days) == set(days)
    assert (root / "somebody's file.txt").exists()


def test_a_wrong_password_is_told_without_the_password(copied):
    wrong = replace(copied, backup_copies=copied.backup_copies.replace("p%40ss", "guess"))
    (error,) = offsite.copy_all(wrong).values()
    assert isinstance(error, Unreached)
    assert "guess" not in str(error)


def test_another_server_gets_nothing(sftp):
    url, root = sftp
    (other,) = urls(url.split("SHA256:")[0] + "SHA256:AAAA")
    with pytest.raises(Unreached, match="not the one expected"), opened(other):
        pass
    assert list(root.iterdir()) == []


@pytest.mark.parametrize("text", ["ftp://host/x", "/mnt/disk", "sftp://"])
def test_a_place_nobody_knows_is_refused(text):
    with pytest.raises(Misconfigured, match="BACKUP_COPIES"):
        urls(text)


def test_nobody_there_is_a_failure_of_that_place_only(copied, elsewhere):
    _, root = elsewhere
    for path in root.iterdir():
        path.unlink()
    both = replace(copied, backup_copies="webdav://127.0.0.1:9/ " + copied.backup_copies)
    failures = offsite.copy_all(both)
    assert list(failures) == ["webdav://127.0.0.1/"]
    assert list(root.iterdir())
