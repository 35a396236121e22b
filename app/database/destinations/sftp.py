"""A folder of an SFTP server: `sftp://user:password@host:port/folder?key=SHA256:…`.

`key` is the fingerprint of the server's key, as `ssh-keyscan HOST | ssh-keygen -lf -` prints it;
without the right one nothing is sent.
"""

import base64
import hashlib
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from urllib.parse import SplitResult, parse_qsl, unquote

import paramiko

from app.errors import Misconfigured

from .base import SECONDS, Destination, Unreached, named

PARTIAL = ".partial"


class Folder:
    """An open folder of the server."""

    def __init__(self, client: paramiko.SFTPClient, folder: str) -> None:
        self._client = client
        self._folder = PurePosixPath(folder)

    def names(self) -> set[str]:
        found = self._client.listdir(str(self._folder))
        return {name for name in found if not name.endswith(PARTIAL)}

    def put(self, path: Path, name: str) -> None:
        partial = str(self._folder / (name + PARTIAL))
        self._client.put(str(path), partial)  # compares the sizes when it is over
        self._client.posix_rename(partial, str(self._folder / name))

    def fetch(self, name: str, path: Path) -> None:
        self._client.get(str(self._folder / name), str(path))

    def remove(self, name: str) -> None:
        with suppress(FileNotFoundError):
            self._client.remove(str(self._folder / name))


@contextmanager
def connect(url: SplitResult) -> Iterator[Folder]:
    """Sign in and open the folder, which is there already."""
    expected = dict(parse_qsl(url.query.replace("+", "%2B"))).get("key", "")
    if not expected.startswith("SHA256:"):
        raise Misconfigured("BACKUP_COPIES: an sftp:// place needs ?key=SHA256:… of its server.")
    try:
        stream = socket.create_connection((url.hostname, url.port or 22), SECONDS)
        with paramiko.Transport(stream) as transport:
            transport.start_client(timeout=SECONDS)
            if (found := _fingerprint(transport)) != expected.rstrip("="):
                raise Unreached(f"{named(url)}: its key is {found}, not the one expected")
            transport.auth_password(unquote(url.username or ""), unquote(url.password or ""))
            with paramiko.SFTPClient.from_transport(transport) as client:
                client.get_channel().settimeout(SECONDS)
                yield Folder(client, unquote(url.path) or ".")
    except (OSError, EOFError, paramiko.SSHException) as error:
        raise Unreached(f"{named(url)}: {error}") from error


def _fingerprint(transport: paramiko.Transport) -> str:
    digest = hashlib.sha256(transport.get_remote_server_key().asbytes()).digest()
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"


DESTINATION = Destination("sftp", ("sftp",), connect)
