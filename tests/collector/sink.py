"""A portal small enough to trust: real HTTP, real signatures, its own de-duplication, any fault.

`faults` names what the next requests meet, one each; then everything is well.
"""

import base64
import json
import socket
import threading
import time
from collections import deque
from email.parser import BytesParser
from email.policy import HTTP
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from collector.wire import envelope
from collector.wire.block import Block
from collector.wire.reading import Reading

HTML = b"<html><body>This account has been suspended</body></html>"


class Server6(ThreadingHTTPServer):
    address_family = socket.AF_INET6


class Sink:
    """Stores what it acknowledges. `condition` is notified after every request."""

    def __init__(self, codes=("ABCD",), tls=None, host="127.0.0.1", port=0):
        self.codes, self.keys = set(codes), {}
        self.faults = deque()
        self.batches: dict[tuple[str, int], str] = {}
        self.blocks: dict[tuple[str, str, int], Block] = {}
        self.live: dict[str, Reading] = {}
        self.requests: list[tuple[str, str]] = []
        self.agents: list[envelope.Agent] = []
        self.next_push, self.watched, self.skew_ms = 30.0, False, 0
        self.largest = envelope.MAX_COMPRESSED
        self.own, self.wish = Ed25519PrivateKey.generate(), None
        self.rotate, self.rotation_faults, self.used = False, deque(), []
        self.condition = threading.Condition()
        self.stranger = False
        kind = ThreadingHTTPServer if "." in host else Server6
        self._server = kind((host, port), self._handler())
        self._server.daemon_threads = True
        scheme = "http"
        if tls:
            scheme = "https"
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
            self._server.handle_error = lambda *_: None  # clients that hang up are the test
        shown = host if "." in host else f"[{host}]"
        self.url = f"{scheme}://{shown}:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def readings(self) -> list[Reading]:
        """Every stored reading, each block once, in order."""
        with self.condition:
            found = [r for block in self.blocks.values() for r in block.readings()]
        return sorted(found, key=lambda r: (r.asset, r.ts))

    def wait(self, wanted, timeout=20.0):
        """Until `wanted()` holds, judged after every request; fails loudly."""
        with self.condition:
            assert self.condition.wait_for(wanted, timeout), f"never came: {self.requests[-5:]}"

    def now(self) -> int:
        return time.time_ns() // 1_000_000 + self.skew_ms

    def answer(self, path, headers, body):
        """(status, headers, body) of a request, None to hang up."""
        if path == envelope.ENROL_PATH:
            return self._enrol(json.loads(body))
        if path == envelope.ROTATE_PATH:
            return self._rotate(json.loads(body))
        fault = self.faults.popleft() if self.faults else "ok"
        with self.condition:
            self.requests.append((fault, headers.get(envelope.SEQ_HEADER)))
        if fault in BEFORE:
            return BEFORE[fault]()
        if fault == "hang_up":
            return None
        status, document = self._ingest(headers, body)
        if fault == "store_then_hang_up":
            return None
        return AFTER[fault](status, document)

    def _enrol(self, asked):
        proof = envelope.enrolment(sha256(asked["code"].encode()).hexdigest(), asked["public_key"])
        raw = base64.b64decode(asked["public_key"])
        Ed25519PublicKey.from_public_bytes(raw).verify(base64.b64decode(asked["proof"]), proof)
        if asked["code"] not in self.codes:
            return problem(404, "unknown_code")
        key_id = f"k{len(self.keys) + 1}"
        self.keys[key_id] = raw
        answer = {"key_id": key_id, "collector": "c1", "client": "Hydro", "server_time": self.now()}
        answer["portal_key"] = base64.b64encode(self.own.public_key().public_bytes_raw()).decode()
        return document(201, answer | {"ingest_url": self.url + envelope.PATH})

    def _rotate(self, asked):
        """The next key is taken beside the one in use, as the portal does."""
        fault = self.rotation_faults.popleft() if self.rotation_faults else "ok"
        if fault == "refuse":
            return problem(401, "bad_signature")
        text = envelope.rotation(asked["key_id"], asked["timestamp"], asked["public_key"])
        raw = base64.b64decode(asked["public_key"])
        for key, proof in ((self.keys[asked["key_id"]], "signature"), (raw, "proof")):
            Ed25519PublicKey.from_public_bytes(key).verify(base64.b64decode(asked[proof]), text)
        known = [key_id for key_id, key in self.keys.items() if key == raw]
        key_id = known[0] if known else f"k{len(self.keys) + 1}"
        self.keys[key_id], self.rotate = raw, False
        if fault == "hang_up":
            return None
        own = base64.b64encode(self.own.public_key().public_bytes_raw()).decode()
        return document(200, {"key_id": key_id, "portal_key": own})

    def _ingest(self, headers, body):
        data = part(headers, body)
        if len(data) > self.largest:
            return 413, {"code": "too_large"}
        key_id, epoch = headers[envelope.KEY_HEADER], headers[envelope.EPOCH_HEADER]
        seq, stamp = int(headers[envelope.SEQ_HEADER]), int(headers[envelope.TIME_HEADER])
        digest = envelope.digest(data)
        signature = headers[envelope.SIGNATURE_HEADER].removeprefix("ed25519=")
        Ed25519PublicKey.from_public_bytes(self.keys[key_id]).verify(
            base64.b64decode(signature), envelope.canonical(key_id, stamp, epoch, seq, digest)
        )
        if abs(stamp - self.now() / 1000) > envelope.CLOCK_WINDOW:
            return 401, {"code": "clock_skew", "server_time": self.now()}
        with self.condition:
            self.used.append(key_id)
            return self._store(key_id, epoch, seq, digest, envelope.decode(data))

    def _store(self, key_id, epoch, seq, digest, batch):
        known = self.batches.setdefault((epoch, seq), digest)
        if known != digest:
            return 409, {"code": "seq_conflict"}
        outcomes = []
        for block in batch.blocks:
            new = (epoch, block.asset, block.seq) not in self.blocks
            self.blocks.setdefault((epoch, block.asset, block.seq), block)
            outcome = envelope.ACCEPTED if new else envelope.DUPLICATE
            outcomes.append(envelope.Outcome(block.asset, block.seq, outcome))
        for reading in batch.live:
            self.live[reading.asset] = reading
        self.agents.append(batch.agent)
        receipt = envelope.Receipt(
            "stored", seq, digest, self.now(), self.next_push, self.watched, tuple(outcomes),
            rotate=self.rotate, **self._asked(key_id, epoch, seq, digest),
        )  # fmt: skip
        return 200, receipt.to_json()

    def _asked(self, key_id, epoch, seq, digest):
        if self.wish is None:
            return {}
        signature = self.own.sign(self.wish.signed_text(key_id, epoch, seq, digest))
        return {
            "wish": self.wish.to_json(),
            "wish_signature": base64.b64encode(signature).decode(),
        }

    def _handler(self):
        sink = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = sink.answer(self.path, self.headers, body)
                if answer is None:
                    self.close_connection = True
                else:
                    self.reply(*answer)
                with sink.condition:
                    sink.condition.notify_all()

            def do_GET(self):
                self.reply(*(page(200) if sink.stranger else document(405, {"code": "method"})))

            def reply(self, status, headers, body):
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
                self.close_connection = self.close_connection or "Content-Length" in headers

            def date_time_string(self, timestamp=None):
                return super().date_time_string(sink.now() / 1000)

            def log_message(self, *_):
                pass

        return Handler


def part(headers, body):
    """The bytes of the one part of a multipart body."""
    head = f"Content-Type: {headers['Content-Type']}\r\n\r\n".encode()
    parts = list(BytesParser(policy=HTTP).parsebytes(head + body).iter_parts())
    assert [p.get_param("name", header="content-disposition") for p in parts] == [envelope.PART]
    assert parts[0].get_content_type() == "application/gzip"
    return parts[0].get_payload(decode=True)


def document(status, data, **headers):
    return status, {"Content-Type": "application/json", **headers}, json.dumps(data).encode()


def problem(status, code, **headers):
    kind = {"Content-Type": "application/problem+json"}
    text = json.dumps({"type": "about:blank", "title": code, "status": status, "code": code})
    return status, kind | headers, text.encode()


def page(status, **headers):
    return status, {"Content-Type": "text/html", **headers}, HTML


def cut(status, data):
    code, headers, body = document(status, data)
    return code, headers | {"Content-Length": str(len(body))}, body[: len(body) // 2]


BEFORE = {
    "html200": lambda: page(200),
    "empty200": lambda: (200, {}, b""),
    "huge": lambda: (200, {"Content-Type": "application/json"}, b" " * (2 << 20)),
    "redirect": lambda: page(302, Location="/elsewhere"),
    "500": lambda: page(500),
    "502": lambda: page(502),
    "503": lambda: problem(503, "busy", **{"Retry-After": "7"}),
    "429": lambda: problem(429, "slow_down", **{"Retry-After": "11"}),
    "413": lambda: page(413),
    "firewall": lambda: page(403),
    "404": lambda: page(404),
    "400": lambda: problem(400, "bad_structure"),
    "422": lambda: problem(422, "bad_value"),
    "signature": lambda: problem(401, "bad_signature"),
    "revoked": lambda: problem(403, "revoked"),
    "conflict": lambda: problem(409, "seq_conflict"),
}
AFTER = {
    "ok": document,
    "cut": cut,
    "wrong_seq": lambda status, data: document(status, data | {"seq": data["seq"] + 1}),
    "wrong_digest": lambda status, data: document(status, data | {"digest": "0" * 64}),
}
KEPT = ("hang_up", "store_then_hang_up", "cut", "wrong_seq", "wrong_digest", "html200", "empty200",
    "huge",
        "redirect", "500", "502", "503", "429", "firewall", "404", "signature", "revoked")  # fmt: skip
"""Faults after which the same bytes are sent again."""
