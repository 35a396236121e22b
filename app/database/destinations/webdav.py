"""A WebDAV folder, such as a Nextcloud: `webdavs://user:password@host/folder`."""

import base64
import http.client
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfileobj
from typing import BinaryIO
from urllib.parse import SplitResult, quote, unquote, urlsplit
from xml.etree import ElementTree

from .base import SECONDS, Destination, Unreached, named

PARTIAL = ".partial"
DAV = "{DAV:}"
MOST_LISTED = 4 * 1024 * 1024
"""Bytes of a listing: a place that sends more is not what it says."""


class Folder:
    """An open folder of the server."""

    def __init__(self, connection: http.client.HTTPConnection, url: SplitResult) -> None:
        self._connection = connection
        self._url = url
        self._folder = url.path.rstrip("/") + "/"
        login = f"{unquote(url.username or '')}:{unquote(url.password or '')}".encode()
        self._headers = {"Authorization": f"Basic {base64.b64encode(login).decode()}"}

    def names(self) -> set[str]:
        answer = self._ask("PROPFIND", "", {"Depth": "1", "Content-Length": "0"}, expected=(207,))
        text = answer.read(MOST_LISTED + 1)
        if len(text) > MOST_LISTED or b"<!DOCTYPE" in text:
            raise Unreached(f"{named(self._url)}: its listing is not one")
        try:
            places = [
                unquote(found.text or "")
                for found in ElementTree.fromstring(text).iter(f"{DAV}href")  # noqa: S314  (no entities, bounded)
            ]
        except ElementTree.ParseError as error:
            raise Unreached(f"{named(self._url)}: {error}") from error
        found = {urlsplit(place).path.rstrip("/").rsplit("/", 1)[-1] for place in places}
        own = unquote(self._folder).rstrip("/").rsplit("/", 1)[-1]
        return {name for name in found - {own, ""} if not name.endswith(PARTIAL)}

    def put(self, path: Path, name: str) -> None:
        with path.open("rb") as file:
            size = {"Content-Length": str(path.stat().st_size)}
            self._ask("PUT", name + PARTIAL, size, file, (200, 201, 204)).read()
        whole = {"Destination": self._absolute(name), "Overwrite": "T"}
        self._ask("MOVE", name + PARTIAL, whole, expected=(201, 204)).read()

    def fetch(self, name: str, path: Path) -> None:
        with path.open("wb") as file:
            copyfileobj(self._ask("GET", name, {}, expected=(200,)), file)

    def remove(self, name: str) -> None:
        self._ask("DELETE", name, {}, expected=(200, 204, 404)).read()

    def _ask(
        self,
        method: str,
        name: str,
        headers: dict[str, str],
        body: BinaryIO | None = None,
        expected: tuple[int, ...] = (),
    ) -> http.client.HTTPResponse:
        path = self._folder + quote(name)
        self._connection.request(method, path, body, {**self._headers, **headers})
        answer = self._connection.getresponse()
        if answer.status not in expected:
            answer.read()
            raise Unreached(f"{named(self._url)}: {method} {name}: {answer.status} {answer.reason}")
        return answer

    def _absolute(self, name: str) -> str:
        secure = self._url.scheme == "webdavs"
        place = self._url.netloc.rpartition("@")[2]
        return f"http{'s' if secure else ''}://{place}{self._folder}{quote(name)}"


@contextmanager
def connect(url: SplitResult) -> Iterator[Folder]:
    """Open the folder. `webdav://` without TLS is for a machine on the same network only."""
    if url.scheme == "webdavs":
        connection = http.client.HTTPSConnection(
            url.hostname, url.port, timeout=SECONDS, context=ssl.create_default_context()
        )
    else:
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=SECONDS)
    try:
        yield Folder(connection, url)
    except (OSError, http.client.HTTPException) as error:
        raise Unreached(f"{named(url)}: {error}") from error
    finally:
        connection.close()


DESTINATION = Destination("webdav", ("webdav", "webdavs"), connect)
