"""A gateway asked over real HTTP: what it may answer, how much, how fast, and who asks."""

import socket
import threading
from contextlib import contextmanager

import pytest

from collector.drivers.base import Document, Fetch
from collector.links.asked import open_asked
from collector.links.errors import BadAnswer, LinkDown, LinkTimeout
from collector.links.spec import LinkConfigError, from_text, spec
from collector.protocols.document import LARGEST
from collector.simulators._http_service import web
from tests.collector.portal.test_tls import certificate


def now():
    return 1_790_000_000_000


def link(url, **settings):
    return open_asked(spec({"kind": "http", "url": url, "timeout": 2.0, **settings}), now)


@contextmanager
def answering(*pieces, tls=None, hold=None):
    """A server that answers one connection with these bytes; yields (address, what was asked)."""
    asked = []

    def serve():
        line, _ = server.accept()
        try:
            line = tls.wrap_socket(line, server_side=True) if tls else line
            asked.append(line.recv(65536))
            for piece in pieces:
                line.sendall(piece)
            if hold:
                hold.wait(10)
        except OSError:
            pass  # the collector has hung up, as it should
        finally:
            line.close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http{'s' * bool(tls)}://127.0.0.1:{server.getsockname()[1]}", asked
        if hold:
            hold.set()
        thread.join(10)


def head(status="200 OK", *lines):
    return "\r\n".join((f"HTTP/1.1 {status}", *lines, "", "")).encode()


def test_a_document_is_asked_for_with_get_and_kept_with_its_path():
    with web("127.0.0.1:0", lambda path: f'{{"asked":"{path}"}}'.encode()) as address:
        gateway = link(f"{address}/ts/node?key=1")
        assert gateway.read(Fetch()) == Document({"asked": "ts/node"}, now())
        assert gateway.read(Fetch("Meas")) == Document({"asked": "ts/node/Meas"}, now(), "Meas")
        gateway.close()


def test_a_number_that_a_bridge_does_not_have_is_no_error():
    with web("127.0.0.1:0", lambda path: b'{"u":NaN,"i":-Infinity}') as address:
        assert link(address).read(Fetch()).data == {"u": None, "i": None}


@pytest.mark.parametrize("place", ["file", "environment"])
def test_a_secret_is_sent_and_never_told(tmp_path, monkeypatch, place):
    path = tmp_path / "key"
    path.write_text("Bearer s3cret\n")
    monkeypatch.setenv("GATEWAY_KEY", "Bearer s3cret")
    named = {"secret_file": str(path)} if place == "file" else {"secret_env": "GATEWAY_KEY"}
    with web("127.0.0.1:0", lambda path: b"{}", secret="Bearer s3cret") as address:
        gateway = link(address, **named)
        assert gateway.read(Fetch()).data == {}
        path.write_text("Bearer other")
        monkeypatch.setenv("GATEWAY_KEY", "Bearer other")
        with pytest.raises(BadAnswer, match="401.*wants a key") as caught:
            gateway.read(Fetch())
        assert caught.value.reason == "http_401"
        assert "other" not in str(caught.value) + str(gateway.link) + caught.value.told
        path.write_text("two\nlines")
        monkeypatch.setenv("GATEWAY_KEY", "")
        with pytest.raises(LinkDown, match="single line"):
            gateway.read(Fetch())


def test_a_missing_secret_file_is_named(tmp_path):
    with pytest.raises(LinkDown, match="nowhere cannot be read"):
        link("http://127.0.0.1:1", secret_file=str(tmp_path / "nowhere")).read(Fetch())


@pytest.mark.parametrize(
    ("status", "said"),
    [("301 Moved", "points elsewhere"), ("404 No", "nothing at"), ("500 Oh", "refuses to answer")],
)
def test_any_other_status_is_no_answer(status, said):
    answer = head(status, "Location: http://127.0.0.1:1/elsewhere", "Content-Length: 2") + b"{}"
    with answering(answer) as (address, _), pytest.raises(BadAnswer, match=said) as caught:
        link(address).read(Fetch())
    assert caught.value.reason == f"http_{status[:3]}"


@pytest.mark.parametrize(
    ("body", "reason"),
    [(b"<html>", "bad_json"), (b"", "bad_json"), (b" " * (LARGEST + 1), "too_long")],
)
def test_what_is_no_document(body, reason):
    answer = head("200 OK", f"Content-Length: {len(body)}") + body
    with answering(answer) as (address, _), pytest.raises(BadAnswer) as caught:
        link(address).read(Fetch())
    assert caught.value.reason == reason


def test_an_endless_answer_is_cut():
    piece = b"10000\r\n" + b"[" * 0x10000 + b"\r\n"
    answer = head("200 OK", "Transfer-Encoding: chunked"), *[piece] * 64
    with answering(*answer) as (address, _), pytest.raises(BadAnswer) as caught:
        link(address).read(Fetch())
    assert caught.value.reason == "too_long"


@pytest.mark.parametrize("answer", [b"", head("200 OK", "Content-Length: 9") + b'{"a"'])
def test_an_answer_that_does_not_end_in_time(answer):
    hold = threading.Event()
    with answering(answer, hold=hold) as (address, _):
        with pytest.raises(LinkTimeout, match="no whole answer"):
            link(address, timeout=0.2).read(Fetch())
        hold.set()


def test_an_answer_that_drips_is_late():
    clock = iter(range(0, 1000, 3))
    from collector.links.http import HttpLink

    with web("127.0.0.1:0", lambda path: b" " * 100_000 + b"{}") as address:
        slow = HttpLink(spec({"kind": "http", "url": address}), now, lambda: next(clock))
        with pytest.raises(LinkTimeout):
            slow.read(Fetch())


def test_nobody_there():
    with pytest.raises(LinkDown, match="cannot be reached") as caught:
        link("http://127.0.0.1:1/?key=s3cret").read(Fetch())
    assert "s3cret" not in str(caught.value) + caught.value.told


def test_certificates_are_checked(tmp_path):
    context, public = certificate(tmp_path)
    answer = head("200 OK", "Content-Length: 2") + b"{}"
    untrusted = pytest.raises(LinkDown, match="certificate is not trusted")
    with answering(answer, tls=context) as (address, _), untrusted:
        link(address).read(Fetch())
    with answering(answer, tls=context) as (address, _):
        assert link(address, ca_file=public).read(Fetch()).data == {}


def test_no_proxy_and_no_compression(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with answering(head("200 OK", "Content-Length: 2") + b"{}") as (address, asked):
        assert link(f"{address}/a").read(Fetch()).data == {}
    assert asked[0].startswith(b"GET /a HTTP/1.1\r\n")
    assert b"Accept-Encoding: identity" in asked[0]


@pytest.mark.parametrize(
    "text",
    [
        "http:",
        "http:gateway",
        "http:ws://gateway",
        "http:http://",
        "http:http://a b",
        "http:http://gateway:port",
        "websocket:http://gateway",
        "http:http://u:s3cret@gateway",
    ],
)
def test_addresses_that_are_none(text):
    with pytest.raises(LinkConfigError) as caught:
        from_text(text)
    assert "s3cret" not in str(caught.value)


def test_an_address_is_shown_without_its_query():
    assert str(from_text("http:https://gw:8443/a?key=1")) == "http:https://gw:8443/a"
