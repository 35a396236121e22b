"""What live pages cost: a poll with nothing new, one with news, and how many a process answers.

Prints one JSON object a line, `{"name", "value", "unit", "goal", "ok"}`, then the same as a table.
CPU is that of the application alone; requests a second are over HTTP, waitress and client included.
"""

import gc
import json
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from collector.wire import envelope  # noqa: E402
from collector.wire.envelope import Batch  # noqa: E402
from tests.bench import world  # noqa: E402
from tests.bench.processes import resident  # noqa: E402
from tests.bench.report import report, table  # noqa: E402
from tests.mariadb import Server, running_server  # noqa: E402

BATTERIES = 20
LIVE = "/api/v1/live"
START = """
import json, os, time
import passenger_wsgi
from tests.bench.processes import resident
print(json.dumps([time.process_time(), resident(os.getpid())]))
"""


def each(portal: world.Portal, environ: dict[str, Any], times: int, expected: int = 200) -> float:
    """CPU milliseconds of one request, in this process."""

    def many() -> None:
        for _ in range(times):
            portal.ask(dict(environ), expected)

    many()
    return median(world.cpu(many) for _ in range(7)) / times * 1e3


def in_process(portal: world.Portal, times: int) -> str:
    """CPU per answer; the tag of the present state."""
    headers, body = portal.ask(world.get(LIVE, portal.token))
    again = world.get(LIVE, portal.token, HTTP_IF_NONE_MATCH=headers["ETag"])
    gc.freeze()
    nothing = each(portal, world.get("/empty"), times)
    unchanged = each(portal, again, times, 304)
    changed = each(portal, world.get(LIVE, portal.token), times // 4 or 1)
    on = f"live poll, {portal.name}"
    report(f"{on}: empty answer", nothing, "CPU ms")
    report(f"{on}: unchanged (304)", unchanged, "CPU ms")
    report(f"{on}: unchanged, above an empty answer", unchanged - nothing, "CPU ms", 0.2)
    report(f"{on}: {BATTERIES} batteries changed (200)", changed, "CPU ms")
    report(f"{on}: size of {BATTERIES} batteries", len(body) / 1e3, "kB")
    return headers["ETag"]


def over_http(portal: world.Portal, tag: str, times: int) -> None:
    """How many one process answers a second to one client that asks as fast as it can."""
    cookie = {"Cookie": f"sid={portal.token}"}
    for name, headers in (("304", {**cookie, "If-None-Match": tag}), ("200", cookie)):
        portal.send(LIVE, None, headers)
        before, began = portal.cpu(), time.monotonic()
        for _ in range(times):
            portal.send(LIVE, None, headers)
        taken = time.monotonic() - began
        on = f"live poll, {portal.name}, over HTTP, {name}"
        report(on, times / taken, "requests/s")
        report(f"{on}: process and database", (portal.cpu() - before) / times * 1e3, "CPU ms")
    report(f"web process, {portal.name}", resident(portal.pid), "MB", 90)


def measure(made: Any, folder: Path, server: Server | None, times: int) -> None:
    portal = world.Portal(folder, server)
    now = int(time.time())
    start = now // 60 * 60 - 60
    blocks = [b for one in made.fleet(BATTERIES) for b in world.blocks(made, one, start, 60)]
    live = [list(b.readings())[-1] for b in blocks]
    with portal.served():
        site = portal.site("bench", now * 1000)
        portal.send(envelope.PATH, *world.push_of(site, Batch(site.now, live, blocks)))
        tag = in_process(portal, times)
        over_http(portal, tag, times)
    portal.engines.dispose()


def starting() -> None:
    """What a process costs before its first request."""
    done = subprocess.run(
        [sys.executable, "-c", START], capture_output=True, text=True, check=True, cwd=ROOT,
        env={"SECRET_KEY": "x" * 40, "DATA_DIR": tempfile.mkdtemp(), "PATH": ""},
    )  # fmt: skip
    seconds, megabytes = json.loads(done.stdout)
    report("starting a web process", seconds, "CPU s", 1.0)
    report("a web process that was just started", megabytes, "MB", 90)


def main() -> None:
    asked = world.options(__doc__)
    made = world.workload()
    times = 4 if asked.smallest else 400 if asked.full else 100
    starting()
    for kind in (nullcontext, running_server):
        with kind() as server, tempfile.TemporaryDirectory() as folder:
            measure(made, Path(folder), server, times)
    table()


if __name__ == "__main__":
    main()
