"""A small web server of a gateway: documents by path, and refusals, over real HTTP."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from ..drivers.base import OptionError
from ..words import either

Answer = Callable[[str], bytes | None]
"""(path without its first slash) to the JSON there, None if there is none."""


def place(rest: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT`; raises OptionError for another shape."""
    host, _, port = rest.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 0xFFFF:
        raise OptionError(
            either(
                f"il faut HÔTE:PORT après le transport, et non {rest}",
                f"expected HOST:PORT after the transport, not {rest}",
            )
        )
    return host, int(port)


class _Server(ThreadingHTTPServer):
    """Somebody who hangs up is nobody's fault."""

    daemon_threads = True

    def handle_error(self, request, client_address) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def web(rest: str, answer: Answer, secret: str = "") -> Iterator[str]:
    """Serve until the end of the block; yields the address. Only GET is answered.

    With a `secret`, only to those who send it as their `Authorization`.
    """
    host, port = place(rest)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if secret and self.headers.get("Authorization") != secret:
                self._say(HTTPStatus.UNAUTHORIZED, b'"who are you?"')
                return
            found = answer(self.path.partition("?")[0].lstrip("/"))
            if found is None:
                self._say(HTTPStatus.NOT_FOUND, b'"no such thing"')
            else:
                self._say(HTTPStatus.OK, found)

        def _say(self, status: HTTPStatus, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Requests are nobody's news."""

    try:
        server = _Server((host, port), Handler)
    except OSError as error:
        raise OptionError(
            either(f"impossible de servir là : {error}", f"cannot serve there: {error}")
        ) from error
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://{host}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
