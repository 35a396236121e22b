"""The web server in front of the portal: passes pushes on, or answers in its place, as told."""

import random
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

LOST = 0
"""The portal takes the push, and its answer gets lost on the way."""
FAULTS = (500, 503, 429, LOST)
PASSED_ON = ("Content-Type", "Retry-After")
ENDS = (requests.ConnectionError, requests.Timeout)


class Front:
    """`url` is what a collector is enrolled at; `target` is where the portal listens.

    A push meets one of FAULTS, each in its turn, with the probability `trouble`. While the portal
    is down, the connection closes without an answer.
    """

    def __init__(self, chance: random.Random) -> None:
        self.target, self.trouble = "", 0.0
        self.met: list[int] = []
        self.arrived = threading.Event()
        self._chance = chance
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def fault(self, path: str) -> int | None:
        """What happens to a request to this path; None: nothing."""
        if not path.endswith("/ingest") or self._chance.random() >= self.trouble:
            return None
        self.met.append(FAULTS[len(self.met) % len(FAULTS)])
        return self.met[-1]

    def _handler(front):  # noqa: N805 (the handler below has a self of its own)
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                fault = front.fault(self.path)
                if fault:
                    return self._answer(fault, b"<h1>No</h1>", {"Retry-After": "1"})
                front.arrived.set()
                headers = {k: v for k, v in self.headers.items() if k not in ("Host", "Connection")}
                try:
                    answer = requests.post(
                        front.target + self.path, data=body, headers=headers, timeout=30
                    )
                except ENDS:
                    self.close_connection = True
                    return None
                if fault == LOST:
                    self.close_connection = True
                    return None
                kept = {k: answer.headers[k] for k in PASSED_ON if k in answer.headers}
                return self._answer(answer.status_code, answer.content, kept)

            def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                try:
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:  # the collector was killed meanwhile
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                """The test says what went wrong."""

        return Handler
