"""A gateway in front of a foxBMS: documents over HTTP when asked, or pushed over a WebSocket.

Options: `profile` (foxbms_flat, foxbms_nested), `period` (s between pushes, 0.1), `secret` (what
must be sent as Authorization), `speed`. Served on `http:HOST:PORT` or `websocket:HOST:PORT`.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import time

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection
from websockets.sync.server import serve as serve_websocket

from ..drivers.base import OptionError
from ..wire.strict_json import dumps
from ..words import either
from ._gateway_documents import DOCUMENTS
from ._http_service import place, web
from .base import Simulator, beats, choice, number, speed, split
from .pack import Pack

TRANSPORTS = ("http", "websocket")
BEAT_S = 0.1


def serve(
    pack: Pack,
    where: str,
    stop: threading.Event,
    options: Mapping[str, str],
    ready: Callable[[str], None],
) -> None:
    """See `simulators.base.Serve`. It is announced by its URL."""
    transport, rest = split(where, TRANSPORTS)
    shape = DOCUMENTS[choice(options, "profile", DOCUMENTS, "foxbms_flat")]
    period = number(options, "period", 0.1, 0.01, 3600)
    secret, fast = options.get("secret", ""), speed(options)
    lock = threading.Lock()

    def document(path: str = "") -> bytes | None:
        with lock:
            return dumps(shape(pack, round(time() * 1000))) if path == "" else None

    def push(connection: ServerConnection) -> None:
        if secret and connection.request.headers.get("Authorization") != secret:
            connection.close(1008, "who are you?")
            return
        try:
            for _ in beats(period, stop):
                connection.send(document().decode())
        except ConnectionClosed:
            return

    service = web(rest, document, secret) if transport == "http" else _pushing(rest, push)
    with service as address:
        ready(address)
        for passed in beats(BEAT_S, stop):
            with lock:
                pack.step(passed * fast)


@contextmanager
def _pushing(rest: str, push: Callable[[ServerConnection], None]) -> Iterator[str]:
    """A WebSocket server whose connections are each served by `push`; yields its address."""
    host, port = place(rest)
    try:
        server = serve_websocket(push, host, port, compression=None, close_timeout=1)
    except OSError as error:
        raise OptionError(
            either(f"impossible de servir là : {error}", f"cannot serve there: {error}")
        ) from error
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"ws://{host}:{server.socket.getsockname()[1]}"
    finally:
        server.shutdown()
        thread.join()


SIMULATOR = Simulator(
    "json_gateway",
    (
        "Passerelle JSON devant un foxBMS, par HTTP ou WebSocket",
        "JSON gateway in front of a foxBMS, over HTTP or WebSocket",
    ),
    TRANSPORTS,
    serve,
)
