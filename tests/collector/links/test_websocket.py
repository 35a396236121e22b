"""Documents pushed over a real WebSocket: what breaks the connection, and that it comes back."""

import socket
import ssl
import threading
from contextlib import contextmanager

import pytest
from websockets.sync.server import serve

from collector.clock import Clock
from collector.config import Device
from collector.devices import Listener
from collector.drivers.base import Document, Garbage, load
from collector.links import websocket
from collector.links.errors import LinkDown
from collector.links.spec import from_text, spec
from collector.links.stream import open_stream
from collector.protocols.document import LARGEST
from tests.collector.portal.test_tls import certificate


def now():
    return 7


@contextmanager
def gateway(handler, **options):
    server = serve(handler, "127.0.0.1", 0, **options)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
    finally:
        server.shutdown()
        thread.join()


def opened(url, **settings):
    return open_stream(spec({"kind": "websocket", "url": url, "timeout": 2.0, **settings}), now)


def received(stream, wanted):
    items = []
    while len(items) < wanted:
        items += stream.receive(5)
    return items


def test_each_message_is_a_document_and_nothing_is_ever_sent():
    heard = []

    def push(connection):
        for text in ('{"a":1}', b'{"a":2}', "what?", '{"a":NaN}'):
            connection.send(text)
        heard.extend(connection)

    with gateway(push) as url:
        stream = opened(f"{url}/ws")
        assert received(stream, 4) == [
            Document({"a": 1}, 7),
            Document({"a": 2}, 7),
            Garbage("bad_json", 7),
            Document({"a": None}, 7),
        ]
        assert stream.receive(0.01) == []
        with pytest.raises(LinkDown, match="only listened"):
            stream.send(b"{}")
        stream.close()
    assert heard == []


@pytest.mark.parametrize(
    "last", [lambda c: c.close(), lambda c: c.send(" " * (LARGEST + 1)), lambda c: c.socket.close()]
)
def test_a_connection_that_ends_breaks_after_what_came(last):
    def push(connection):
        connection.send("[1]")
        last(connection)

    with gateway(push) as url:
        stream = opened(url)
        assert received(stream, 1) == [Document([1], 7)]
        with pytest.raises(LinkDown, match="broke"):
            received(stream, 1)
        stream.close()


def test_a_gateway_that_answers_no_ping_has_gone(monkeypatch):
    monkeypatch.setattr(websocket, "PING", 0.1)
    stopped = threading.Event()

    def freeze(connection):
        connection.transfer_data = None
        connection.protocol.receive_data = lambda data: None  # as when its process hangs
        stopped.wait(10)

    with gateway(freeze) as url:
        stream = opened(url)
        with pytest.raises(LinkDown, match="broke"):
            received(stream, 1)
        stopped.set()
        stream.close()


def test_a_secret_is_sent(tmp_path, monkeypatch):
    monkeypatch.setenv("GATEWAY_KEY", "k1")
    with gateway(lambda c: c.send(f'"{c.request.headers["X-Key"]}"')) as url:
        stream = opened(url, header="X-Key", secret_env="GATEWAY_KEY")
        assert received(stream, 1) == [Document("k1", 7)]
        stream.close()


def test_a_redirection_is_not_followed():
    followed = []

    def elsewhere(connection, request):
        if request.path == "/there":
            followed.append(request.path)
            return None
        response = connection.respond(302, "")
        response.headers["Location"] = "/there"
        return response

    refused = pytest.raises(LinkDown, match="302")
    with gateway(lambda c: None, process_request=elsewhere) as url, refused:
        opened(url)
    assert followed == []


def test_certificates_are_checked(tmp_path):
    context, public = certificate(tmp_path)
    with gateway(lambda c: c.send("1"), ssl=context) as url:
        url = url.replace("ws:", "wss:")
        with pytest.raises(LinkDown, match="certificate is not trusted"):
            opened(url)
        stream = opened(url, ca_file=public)
        assert isinstance(stream._socket.socket, ssl.SSLSocket)
        assert received(stream, 1) == [Document(1, 7)]
        stream.close()
    with pytest.raises(LinkDown, match="ca_file"):
        opened(url, ca_file=str(tmp_path / "nowhere"))


def test_nobody_there_and_nobody_who_speaks_websocket():
    with pytest.raises(LinkDown, match="cannot be reached"):
        opened("ws://127.0.0.1:1")
    silent = pytest.raises(LinkDown, match="cannot be reached")
    with socket.create_server(("127.0.0.1", 0)) as server, silent:
        opened(f"ws://127.0.0.1:{server.getsockname()[1]}", timeout=0.2)


def test_it_is_connected_again(monkeypatch):
    monkeypatch.setattr("collector.devices.pause_after", lambda failures: 0.01)
    connections, stop, heard = [], threading.Event(), []

    def push(connection):
        connections.append(connection)
        connection.send(f'{{"soc_pct":{len(connections)},"timestamp":{len(connections)}}}')

    def take(reading):
        heard.append(reading.values["soc"])
        if len(heard) == 3:
            stop.set()

    with gateway(push) as url:
        device = Device("A", load("json_gateway"), {"every": 0}, from_text(f"websocket:{url}"), 1.0)
        listener = Listener(device, Clock(), take, stop)
        thread = threading.Thread(target=listener.run)
        thread.start()
        assert stop.wait(10)
        thread.join()
    assert heard == [1, 2, 3]
