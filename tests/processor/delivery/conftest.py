"""A real mail server and a real HTTP receiver on loopback, and a house with something to tell."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from aiosmtpd.controller import Controller

from app.database.engines import Engines
from app.processor.alerts import outbox
from app.processor.alerts.models import Alert, Delivery, Notification
from app.processor.delivery.sending import Pass, deliver
from tests.house import House
from tests.processor.alerts.conftest import T0


@dataclass
class Letters:
    """What a mail server took. `refuses`: addresses it answers 550 for."""

    port: int = 0
    taken: list[tuple[str, str]] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if address in self.refuses:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        text = envelope.content.decode("utf-8", "replace")
        self.taken += [(to, text) for to in envelope.rcpt_tos]
        return "250 queued"

    def to(self, who: str) -> list[str]:
        return [text for to, text in self.taken if to.startswith(who)]


@pytest.fixture
def letters() -> Iterator[Letters]:
    handler = Letters()
    with socket.create_server(("127.0.0.1", 0)) as free:
        handler.port = free.getsockname()[1]
    server = Controller(handler, hostname="127.0.0.1", port=handler.port)
    server.start()
    yield handler
    server.stop()


@dataclass
class Receiver:
    """What a program was sent; how it answers: a status and headers, or not at all."""

    port: int
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    hangs: threading.Event | None = None
    got: list[tuple[dict, bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):  # noqa: N802
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            here.got.append((dict(self.headers), body))
            if here.hangs is not None:
                here.hangs.wait(30)
                return
            self.send_response(here.status)
            for name, value in here.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    here = Receiver(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield here
    if here.hangs is not None:
        here.hangs.set()
    server.shutdown()
    server.server_close()


@dataclass
class Post:
    """The house with an outbox that can be filled and emptied; `now` is everybody's clock."""

    house: House
    engines: Engines
    now: int = T0

    def alert(self, event="fired", severity="critical", asset_id=1, **values) -> int:
        """An alert and what is to be told of it; the notification's number."""
        with self.house.tenant(writes=True) as session, session.begin():
            row = Alert(
                asset_id=asset_id,
                rule="L2",
                kind="threshold",
                severity=severity,
                open_key=f"{asset_id}|L2|{self.now}|{severity}",
                cell=10,
                value=3.66,
                limit=3.65,
                facts={"metric": "cell_voltage_max", "held_ms": 10_000, "soc": 98.0},
                began_at=self.now - 10_000,
                fired_at=self.now,
            )
            for name, value in values.items():
                setattr(row, name, value)
            session.add(row)
            session.flush()
            outbox.queue(session, [(row, event)], self.now)
            return row.id

    def deliver(self, times: int = 1000) -> Pass:
        left = iter(range(times))
        return deliver(
            self.engines, self.house.refs["laurentia"], lambda: next(left, None) is not None,
            clock=lambda: self.now,
        )  # fmt: skip

    def outbox(self) -> list[tuple[str, str, str]]:
        with self.house.tenant() as session:
            rows = session.query(Notification).order_by(Notification.id)
            return [(row.event, row.state, row.reason) for row in rows]

    def log(self) -> list[tuple[str, str, bool, str]]:
        with self.house.tenant() as session:
            rows = session.query(Delivery).order_by(Delivery.id)
            return [(row.channel, row.recipient, row.ok, row.answer) for row in rows]


@pytest.fixture
def post(house, letters) -> Iterator[Post]:
    """An installation with a mail server, that may reach programs on loopback."""
    settings = replace(
        house.settings,
        smtp_url=f"smtp://127.0.0.1:{letters.port}",
        public_url="https://portal.example",
        webhook_networks="127.0.0.1/32",
    )
    with Engines(settings) as engines:
        yield Post(house, engines)
