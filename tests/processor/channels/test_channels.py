"""Every channel keeps the same contract; addresses that people typed in lead nowhere inside."""

import json
import socket
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from app.plugins import load_plugins
from app.processor.channels import outbound, sms, webpush
from app.processor.channels.base import Message, Undelivered
from app.processor.channels.webhook import new_secret
from app.settings import Settings

SETTINGS = Settings(
    secret_key="not a secret, thirty-two characters or more",
    public_url="https://portal.example",
    smtp_url="smtp://127.0.0.1:1",
    sms_url="http://127.0.0.1:1/send",
    webhook_networks="127.0.0.1/32",
)
MESSAGE = Message(
    id="alert-1-1",
    event="fired",
    severity="critical",
    language="fr",
    title="Critique : Cellule trop haute",
    where="Rack B2",
    lines=("Cellule 11 : 3,660 V",),
    url="https://portal.example/alertes/1",
    at=1_790_000_000_000,
)
CHANNELS = load_plugins("app.processor.channels", "CHANNEL")
KEY = ec.generate_private_key(ec.SECP256R1())


def address(port: int) -> dict[str, str]:
    """Everything any channel asks for, at one port of this machine."""
    url = f"http://127.0.0.1:{port}/x"
    return {
        "email": "alice@laurentia.example",
        "phone": "+15145550123",
        "url": url,
        "secret": new_secret(),
        "endpoint": url,
        "p256dh": webpush.text_of(webpush._point(KEY.public_key())),
        "auth": webpush.text_of(b"a" * 16),
    }


@pytest.fixture
def gateway():
    """Answers what it is told to, and keeps what it gets."""

    class Handler(BaseHTTPRequestHandler):
        status, location, got = 201, "", []

        def do_POST(self):  # noqa: N802
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.got.append((self.headers, body))
            self.send_response(self.status)
            if self.location:
                self.send_header("Location", self.location)
            self.end_headers()
            self.wfile.write(b"noted")

        do_GET = do_POST  # noqa: N815

        def log_message(self, *_):
            pass

    Handler.got = []
    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Handler.port = server.server_address[1]
    yield Handler
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("code", CHANNELS)
def test_a_channel_names_itself_in_both_languages(code):
    assert all(CHANNELS[code].label)
    assert len(code) <= 16, "the log has room for no more"


@pytest.mark.parametrize("code", CHANNELS)
def test_an_unreachable_other_side_is_said_and_may_be_tried_again(code):
    with pytest.raises(Undelivered) as raised:
        CHANNELS[code].send(SETTINGS, address(1), MESSAGE)
    assert not raised.value.gone
    assert str(raised.value).endswith((".", "e"))


@pytest.mark.parametrize("code", ["webhook", "webpush", "sms"])
def test_a_channel_says_what_was_answered(code, gateway):
    settings = replace(SETTINGS, sms_url=f"http://127.0.0.1:{gateway.port}/send")
    assert CHANNELS[code].send(settings, address(gateway.port), MESSAGE).startswith("201")
    assert len(gateway.got) == 1
    gateway.status = 500
    with pytest.raises(Undelivered, match="500"):
        CHANNELS[code].send(settings, address(gateway.port), MESSAGE)


@pytest.mark.parametrize("code", ["webhook", "webpush", "sms"])
def test_nobody_follows_a_redirect(code, gateway):
    gateway.status, gateway.location = 302, f"http://127.0.0.1:{gateway.port}/inside"
    settings = replace(SETTINGS, sms_url=f"http://127.0.0.1:{gateway.port}/send")
    with pytest.raises(Undelivered, match="302"):
        CHANNELS[code].send(settings, address(gateway.port), MESSAGE)
    assert len(gateway.got) == 1


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "10.1.2.3", "192.168.1.1", "172.16.0.1", "169.254.169.254",
        "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "[fd00::1]", "[fe80::1]", "[64:ff9b::7f00:1]",
        "2130706433", "0x7f.1", "100.64.0.1", "224.0.0.1",
    ],
)  # fmt: skip
def test_nothing_inside_is_called(host):
    bare = replace(SETTINGS, webhook_networks="")
    with pytest.raises(Undelivered) as raised:
        outbound.post(bare, f"https://{host}/hook", b"", {}, 1)
    assert raised.value.gone or "not known" in str(raised.value)


@pytest.mark.parametrize(
    "url", ["ftp://example.com", "https://", "file:///etc/passwd", "https://a:b@example.com/",
            "https://example.com/\r\nX: y", "https://example.com:99999/", "https://[", "javascript:1"],
)  # fmt: skip
def test_what_is_no_address_is_refused(url):
    with pytest.raises(Undelivered) as raised:
        outbound.checked(url)
    assert raised.value.gone


def test_one_inside_answer_of_a_name_condemns_the_others(monkeypatch):
    answers = [(socket.AF_INET, 1, 6, "", (ip, 0)) for ip in ("93.184.216.34", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)
    with pytest.raises(Undelivered, match="private network"):
        outbound.post(replace(SETTINGS, webhook_networks=""), "https://two.example/", b"", {}, 1)


def test_a_name_that_changes_its_answer_is_asked_once(monkeypatch, gateway):
    """Rebinding: the second answer would be elsewhere; there is no second question."""
    asked = []
    real = socket.getaddrinfo

    def resolve(host, port, *rest, **named):
        if host == "turning.example":
            asked.append(host)
            return [(socket.AF_INET, 1, 6, "", ("127.0.0.1" if len(asked) == 1 else "10.0.0.1", 0))]
        return real(host, port, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    status, _ = outbound.post(SETTINGS, f"http://turning.example:{gateway.port}/", b"x", {})
    assert status == 201
    assert asked == ["turning.example"]


def test_bytes_that_come_one_by_one_are_cut_off():
    with socket.create_server(("127.0.0.1", 0)) as server:
        stop = threading.Event()

        def drip():
            peer, _ = server.accept()
            with peer:
                while not stop.wait(0.05):
                    try:
                        peer.send(b"H")
                    except OSError:
                        return

        threading.Thread(target=drip, daemon=True).start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        with pytest.raises(Undelivered, match="did not answer within"):
            outbound.post(SETTINGS, url, b"", {}, 0.4)
        stop.set()


def test_plain_http_leads_nowhere_outside(monkeypatch):
    answer = [(socket.AF_INET, 1, 6, "", ("93.184.216.34", 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answer)
    with pytest.raises(Undelivered, match="https"):
        outbound.post(SETTINGS, "http://outside.example/", b"", {}, 1)


def test_the_encryption_is_that_of_the_standard():
    """RFC 8291, section 5 and appendix A."""
    own = ec.derive_private_key(
        int.from_bytes(webpush.bytes_of("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")),
        ec.SECP256R1(),
    )
    browser = {
        "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "auth": "BTBZMqHH6r4Tts7J_aSIgg",
    }  # fmt: skip
    body = webpush.encrypted(
        b"When I grow up, I want to be a watermelon",
        browser,
        own,
        webpush.bytes_of("DGv6ra1nlYgDCS1FRnbzlw"),
    )
    assert webpush.text_of(body) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS"
        "6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qu"
        "lcy4a-fN"
    )


def test_a_push_service_can_verify_who_asks(gateway):
    CHANNELS["webpush"].send(SETTINGS, address(gateway.port), MESSAGE)
    headers, _ = gateway.got[0]
    scheme, _, rest = headers["Authorization"].partition(" ")
    given = dict(part.strip().split("=", 1) for part in rest.split(","))
    assert scheme == "vapid" and given["k"] == webpush.public_key(SETTINGS)
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), webpush.bytes_of(given["k"]))
    audience = f"http://127.0.0.1:{gateway.port}"
    claims = jwt.decode(given["t"], key, ["ES256"], audience=audience)
    assert claims["sub"] == "https://portal.example"
    assert headers["Urgency"] == "high" and int(headers["TTL"]) > 0


def test_a_browser_that_is_gone_is_gone(gateway):
    gateway.status = 410
    with pytest.raises(Undelivered) as raised:
        CHANNELS["webpush"].send(SETTINGS, address(gateway.port), MESSAGE)
    assert raised.value.gone


def test_an_sms_gateway_gets_what_it_wants(gateway):
    url = f"http://me:pass@127.0.0.1:{gateway.port}/send"
    settings = replace(SETTINGS, sms_url=url, sms_from="+15140000000")
    CHANNELS["sms"].send(settings, address(1), MESSAGE)
    headers, body = gateway.got[0]
    told = json.loads(body)
    assert told["to"] == "+15145550123" and told["from"] == "+15140000000"
    assert told["text"].endswith(MESSAGE.url) and len(told["text"]) <= sms.LONGEST
    assert headers["Authorization"].startswith("Basic ")
    form = replace(settings, sms_body="To={to}&Body={text}")
    CHANNELS["sms"].send(form, address(1), replace(MESSAGE, title="A&B=C {to}"))
    assert b"To=%2B15145550123&Body=A%26B%3DC+%7Bto%7D" in gateway.got[1][1]
