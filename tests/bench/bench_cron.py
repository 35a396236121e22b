"""What cron costs: sealing and roll-ups of a day, for more and more batteries.

Prints one JSON object a line, `{"name", "value", "unit", "goal", "ok"}`, then the same as a table.
Each battery brings a day at one reading in ten seconds. Jobs run as the host's cron runs them, in
a process of their own, whose CPU and greatest memory the system counts.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from app.clients.models import Battery  # noqa: E402
from app.core.access import EVERY_ASSET  # noqa: E402
from app.database.sessions import open_tenant  # noqa: E402
from app.processor import history  # noqa: E402
from app.processor.grid import from_block  # noqa: E402
from collector.wire.block import Block  # noqa: E402
from tests.bench import world  # noqa: E402
from tests.bench.report import report, table  # noqa: E402

DAY = 86_400
JOBS = ("seal", "aggregate", "analyse", "retain", "housekeep")


def day(made: Any, hours: int) -> list[Block]:
    """A day that is over and settled, in blocks of ten minutes."""
    start = int(time.time()) // DAY * DAY - 2 * DAY
    battery = made.fleet(1)[0]
    return list(world.blocks(made, battery, start, hours * 3600, each=600, rate=0.1))


def fill(portal: world.Portal, blocks: Sequence[Block], batteries: int) -> None:
    """The same day for each battery, as it would have arrived."""
    grids = [from_block(each) for each in blocks]
    for number in range(1, batteries + 1):
        with open_tenant(portal.engines, portal.ref, EVERY_ASSET, writes=True) as session:
            uid = f"B-{number}"
            session.add(Battery(id=number, uid=uid, name=uid, serial=uid, status="active"))
            session.flush()
            history.append_all(session, 1, [(number, replace(g, asset=uid)) for g in grids])
            session.commit()


WITNESSED = """
import re, runpy, sys
sys.argv = ["cron", *sys.argv[1:]]
try:
    runpy.run_module("cron", run_name="__main__")
finally:
    print("kB", re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
"""
"""A job that says at its end how much memory it had at most: what the system says afterwards
includes what its parent had."""


def run(job: str, portal: world.Portal) -> tuple[float, float]:
    """CPU seconds and greatest megabytes of one run of a job."""
    environ = {
        "SECRET_KEY": portal.settings.secret_key,
        "DATA_DIR": str(portal.settings.data_dir),
        "LOG_LEVEL": "ERROR",
        "PATH": os.environ["PATH"],
    }
    command = [sys.executable, "-c", WITNESSED, job, "--seconds", "3600"]
    process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True)
    told = process.stdout.read()
    _, status, use = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"cron {job} ended with {process.returncode}")
    return use.ru_utime + use.ru_stime, int(told.rpartition("kB")[2]) / 1000


def measure(blocks: Sequence[Block], batteries: int) -> float:
    """CPU seconds a battery-day; reports each job."""
    total = 0.0
    values = world.values_of(blocks) * batteries
    with tempfile.TemporaryDirectory() as folder:
        portal = world.Portal(Path(folder))
        idle = {job: run(job, portal)[0] for job in JOBS}
        fill(portal, blocks, batteries)
        portal.engines.dispose()
        for job in JOBS:
            seconds, megabytes = run(job, portal)
            seconds -= idle[job]
            total += seconds
            on = f"cron {job}, {batteries} batteries"
            report(f"{on}: beyond starting", seconds, "CPU s")
            report(f"{on}: most memory", megabytes, "MB", 150)
            if job in ("seal", "aggregate"):
                report(f"{on}: of the readings", seconds / values * 1e6, "CPU-s/M values")
    report("starting all jobs of a quarter of an hour", sum(idle.values()), "CPU s")
    report(f"cron, {batteries} batteries: a battery-day", total / batteries, "CPU s")
    return total / batteries


def main() -> None:
    asked = world.options(__doc__)
    blocks = day(world.workload(), 1 if asked.smallest else 24)
    sizes = (1, 2) if asked.smallest else (10, 100, 1000) if asked.full else (10, 50)
    costs = [measure(blocks, batteries) for batteries in sizes]
    report(
        f"cron, {sizes[-1]} batteries against {sizes[0]}, each", costs[-1] / costs[0], "times", 1
    )
    table()


if __name__ == "__main__":
    main()
