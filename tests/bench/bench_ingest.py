"""What ingest, live polls, charts and sealing cost on SQLite, in CPU time of this process.

Prints one JSON object a line, `{"name", "value", "unit", "goal", "ok"}`, then the same as a table.
Pushes go through the whole application as signed multipart requests; only the network is missing.
A value is one number of one reading: 26 in each reading of the workload.
"""

import gc
import io
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from flask import Flask  # noqa: E402

from app import create_app  # noqa: E402
from app.clients.tenants import create_tenant  # noqa: E402
from app.clients.users import create_user  # noqa: E402
from app.core.access import EVERY_ASSET, Role, TenantRef, public  # noqa: E402
from app.core.auth import start_session  # noqa: E402
from app.database import migrate  # noqa: E402
from app.database.sessions import open_core, open_tenant  # noqa: E402
from app.processor import history  # noqa: E402
from app.processor.models import HistoryChunk  # noqa: E402
from app.settings import Settings  # noqa: E402
from collector.wire import envelope  # noqa: E402
from collector.wire.block import Block, Column  # noqa: E402
from collector.wire.envelope import Batch  # noqa: E402
from tests.bench.report import report, table  # noqa: E402
from tests.house import House  # noqa: E402
from tests.requirement import SHARED  # noqa: E402
from tests.site import Site  # noqa: E402

VALUES = 26
MINUTES = 10
BATTERIES = 20
HOURS = 6
BOUNDARY = "bench"


def cpu(work: Callable[[], Any]) -> float:
    """CPU seconds of this process that `work` takes."""
    began = time.process_time()
    work()
    return time.process_time() - began


def workload() -> Any:
    """The generator of realistic readings that lies beside the checkout."""
    folder = SHARED / "bench"
    if not folder.is_dir():
        print("bench_ingest: the shared workload is missing, nothing measured", file=sys.stderr)
        sys.exit(os.environ.get("REQUIRE") == "all")
    sys.path.insert(0, str(folder))
    import bms_workload

    return bms_workload


def block(uid: str, seq: int, times: Any, numbers: Any) -> Block:
    """A block of the workload's integer columns."""

    def column(number: int, digits: int) -> Column:
        return Column(digits, tuple(numbers[:, number].tolist()))

    return Block(
        asset=uid,
        seq=seq,
        times=tuple((times * 1000).tolist()),
        values={
            "pack_voltage": column(0, 2),
            "current": column(1, 2),
            "soc": column(2, 1),
            "soh": column(3, 1),
            "cycles": column(24, 0),
            "x_alarms": column(25, 0),
        },
        arrays={
            "cell_voltage": tuple(column(4 + i, 3) for i in range(16)),
            "cell_temperature": tuple(column(20 + i, 1) for i in range(4)),
        },
        changes=(),
    )


def minutes(made: Any, battery: Any, start: int, count: int) -> Iterator[Block]:
    """A battery's blocks, one a minute."""
    times, numbers = made.span(battery, start, count * 60)
    for seq in range(count):
        inside = (times >= start + seq * 60) & (times < start + seq * 60 + 60)
        yield block(battery.name, seq, times[inside], numbers[inside])


class Portal:
    """One client with one site, asked through the application's own front door."""

    def __init__(self, folder: Path, now: int) -> None:
        settings = Settings(secret_key="x" * 40, data_dir=folder, log_level="ERROR")
        self.app: Flask = create_app(settings)
        self.engines = self.app.extensions["engines"]
        migrate.upgrade_core(self.engines)
        with open_core(self.engines, writes=True) as core:
            tenant = create_tenant(core, self.engines, "bench", "Bench")
            user = create_user(
                core,
                "a@bench.example",
                "A",
                Role.CLIENT_ADMIN,
                secrets.token_urlsafe(16),
                tenant.id,
            )
            self.token = start_session(core, user)
            core.commit()
            self.ref = TenantRef(tenant.id, "bench", "Bench", self.engines.tenant_url(tenant.id))
        self.site = Site(House(settings, self.engines, {"bench": self.ref}), "bench", now=now)

    def request(self, batch: Batch) -> dict[str, Any]:
        """The environment of a signed push, ready to be sent once."""
        self.site.seq += 1
        part = envelope.encode(batch)
        headers = self.site.headers(part, self.site.seq)
        body = (
            (
                f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{envelope.PART}"; '
                'filename="batch.json.gz"\r\nContent-Type: application/gzip\r\n\r\n'
            ).encode()
            + part
            + f"\r\n--{BOUNDARY}--\r\n".encode()
        )
        return {
            **environment("POST", envelope.PATH),
            **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()},
            "CONTENT_TYPE": f"multipart/form-data; boundary={BOUNDARY}",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
        }

    def get(self, path: str, query: str = "", **headers: str) -> dict[str, Any]:
        """The environment of a signed-in GET."""
        return {
            **environment("GET", path),
            "QUERY_STRING": query,
            "HTTP_COOKIE": f"sid={self.token}",
            **headers,
        }

    def ask(self, environ: dict[str, Any], expected: int = 200) -> tuple[dict[str, str], bytes]:
        """The answer; anything but the expected status ends the benchmark."""
        answer: dict[str, Any] = {}

        def start(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
            answer.update(status=int(status.split()[0]), headers=dict(headers))

        body = b"".join(self.app.wsgi_app(environ, start))
        if answer["status"] != expected:
            sys.exit(f"bench_ingest: {answer['status']} instead of {expected}: {body[:300]!r}")
        return answer["headers"], body


def environment(method: str, path: str) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
    }


def bench_pushes(portal: Portal, blocks: list[list[Block]], per_push: int, name: str) -> None:
    """Push every battery's minutes, `per_push` batteries at a time, live readings riding along."""
    requests = []
    for minute in zip(*blocks, strict=True):
        for i in range(0, len(minute), per_push):
            group = minute[i : i + per_push]
            live = [list(b.readings())[-1] for b in group]
            requests.append(portal.request(Batch(portal.site.now, live, group)))
    values = sum(len(b.times) * VALUES for series in blocks for b in series)
    gc.collect()
    gc.freeze()  # what the benchmark itself holds is not the portal's to look through
    spent = cpu(lambda: [portal.ask(request) for request in requests])
    goal = {"20 batteries a push": 2.5e6, "1 battery a push": 1.2e6}[name]
    report(f"ingest, {name}", values / spent, "values/CPU-s", goal, least=True)
    report(f"ingest, {name}: one push", spent / len(requests) * 1e3, "CPU ms")


def bench_live(portal: Portal, batteries: int) -> None:
    """An unchanged poll against an empty answer, a changed one, a live-only push."""
    empty = environment("GET", "/empty")
    for _ in range(20):
        portal.ask(dict(empty))
    gc.freeze()
    headers, body = portal.ask(portal.get("/api/v1/live"))
    again = portal.get("/api/v1/live", HTTP_IF_NONE_MATCH=headers["ETag"])

    def each(environ: dict[str, Any], expected: int = 200) -> float:
        rounds = [
            cpu(lambda: [portal.ask(dict(environ), expected) for _ in range(100)]) for _ in range(7)
        ]
        return median(rounds) / 100 * 1e3

    nothing, unchanged = each(empty), each(again, 304)
    report("empty answer", nothing, "CPU ms")
    report("live poll, unchanged", unchanged, "CPU ms")
    report("live poll, unchanged, above an empty answer", unchanged - nothing, "CPU ms", 0.2)
    report(f"live poll, {batteries} batteries changed", each(portal.get("/api/v1/live")), "CPU ms")
    report(f"live poll, {batteries} batteries", len(body) / 1e3, "kB")


def bench_history(portal: Portal, made: Any, battery: Any) -> None:
    """Charts over hot and sealed chunks, and what sealing costs."""
    start = made.START + 40 * 86_400
    start -= start % (HOURS * 3600)
    blocks = list(minutes(made, battery, start, HOURS * 60))
    values = sum(len(b.times) for b in blocks) * VALUES
    asset = 1
    with open_tenant(portal.engines, portal.ref, EVERY_ASSET, writes=True) as session:
        spent = cpu(lambda: [history.append(session, asset, 1, b) for b in blocks])
        session.commit()
    report("encoding hot chunks", spent / values * 1e6, "CPU-s/M values")
    low, high = start * 1000, (start + HOURS * 3600) * 1000
    report("hot chunks", stored(portal, low, high) / values, "B/value")
    codes = ["pack_voltage", "current", "soc", "cell_temperature.0"]
    report("six hours hot, 4 metrics, 600 rows", chart(portal, codes, low, high), "CPU ms")

    def seal() -> None:
        with open_tenant(portal.engines, portal.ref, EVERY_ASSET, writes=True) as session:
            while history.seal(session, high):
                session.commit()

    report("sealing", cpu(seal) / values * 1e6, "CPU-s/M values", 0.15)
    report("sealed chunks", stored(portal, low, high) / values, "B/value", 0.233)
    report("six hours sealed, 4 metrics, 600 rows", chart(portal, codes, low, high), "CPU ms")
    hour = chart(portal, codes, low, low + 3_600_000, 3_600)
    report("one hour sealed, every reading", hour, "CPU ms", 5.1)
    spread = chart(portal, ["power", "cell_voltage_spread"], low, high)
    report("six hours sealed, derived metrics", spread, "CPU ms")


def stored(portal: Portal, low: int, high: int) -> float:
    from sqlalchemy import func, select

    with open_tenant(portal.engines, portal.ref, EVERY_ASSET) as session:
        return session.scalar(
            select(func.sum(func.length(HistoryChunk.data))).where(
                HistoryChunk.asset_id == 1, HistoryChunk.start >= low, HistoryChunk.start < high
            )
        )


def chart(portal: Portal, codes: list[str], low: int, high: int, points: int = 600) -> float:
    with open_tenant(portal.engines, portal.ref, EVERY_ASSET) as session:
        draw = [cpu(lambda: history.series(session, 1, codes, low, high, points)) for _ in range(9)]
    return median(draw) * 1e3


def main() -> None:
    made = workload()
    fleet = made.fleet(BATTERIES)
    now = int(time.time())
    start = now - now % 60 - MINUTES * 60
    blocks = [list(minutes(made, battery, start, MINUTES)) for battery in fleet]
    for per_push, name in ((BATTERIES, "20 batteries a push"), (1, "1 battery a push")):
        with tempfile.TemporaryDirectory() as folder:
            portal = Portal(Path(folder), now * 1000)
            portal.app.extensions["limits"].enabled = False  # faster than any collector may
            portal.app.add_url_rule("/empty", "empty", public(lambda: "ok"))
            bench_pushes(portal, blocks, per_push, name)
            if per_push == BATTERIES:
                bench_live(portal, BATTERIES)
                bench_history(portal, made, fleet[0])
    table()


if __name__ == "__main__":
    main()
