"""What a collector writes to its card: four packs of sixteen cells at one reading a second.

Prints one JSON object a line, `{"name", "value", "unit", "goal", "ok"}`, then the same as a table.
The spool works as it does in a running collector, on a real file system and with every fsync; only
the time is made up, so that an hour passes in seconds. Bytes are those the system counts for this
process (`write_bytes` of /proc/self/io), the file system's own book-keeping excepted.
"""

import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from collector.sampler import Sampler  # noqa: E402
from collector.simulators.modbus import reading_of  # noqa: E402
from collector.simulators.pack import Pack, PackSpec  # noqa: E402
from collector.spool.spool import SPOOL_FILE, Spool  # noqa: E402
from collector.wire.envelope import Agent, Receipt  # noqa: E402
from collector.wire.reading import Reading, tidy  # noqa: E402
from tests.bench.processes import disk  # noqa: E402
from tests.bench.report import report, table  # noqa: E402

PACKS, CELLS = 4, 16
SECONDS, PUSH = 1800, 10
START = 1_790_000_000_000
DAY_PER_RUN = 86_400 / SECONDS


def written() -> int:
    """Bytes this process has caused to be written to a disk."""
    lines = Path("/proc/self/io").read_text("ascii").splitlines()
    return int(dict(line.split(": ") for line in lines)["write_bytes"])


def measured(pack: Pack, asset: str, ts: int) -> Reading:
    full = reading_of(pack)
    values = {code: round(value, 2) for code, value in full.values.items()}
    return tidy(Reading(asset, ts, values, full.arrays, full.states))[0]


def work(spool: Spool, commit: int, *, online: bool) -> int:
    """Half an hour of readings, commits and pushes; how many readings."""
    clock, taken = [0.0], 0
    packs = {f"P-{i}": Pack(PackSpec(cells=CELLS, seed=i)) for i in range(PACKS)}
    sampler = Sampler(spool, lambda: clock[0], lambda: None)
    for second in range(SECONDS):
        clock[0] = float(second)
        for asset, pack in packs.items():
            pack.step(1.0)
            sampler.take(measured(pack, asset, START + second * 1000))
            taken += 1
        if second % commit == 0:
            sampler.keep()
        if online and second % PUSH == 0:
            now = START + second * 1000
            frozen = spool.freeze(now, sampler.fresh(), Agent())
            if frozen:
                receipt = Receipt("stored", frozen.seq, frozen.digest, now, PUSH, False)
                spool.settle(frozen, receipt, now)
    return taken


def day(commit: int, *, online: bool) -> None:
    with tempfile.TemporaryDirectory(dir=disk()) as folder:
        spool = Spool(Path(folder) / SPOOL_FILE, "boot", 0)
        before, began = written(), time.process_time()
        taken = work(spool, commit, online=online)
        spool.close()
        megabytes = (written() - before) * DAY_PER_RUN / 1e6
        spent = time.process_time() - began
    state = "online" if online else "offline"
    goal = 150.0 if commit == 10 else None
    report(f"written a day, commit = {commit}, {state}", megabytes, "MB", goal)
    report(f"CPU, commit = {commit}, {state}", 1e6 * spent / taken, "us a reading")


if __name__ == "__main__":
    for seconds in (10, 2):
        for reached in (True, False):
            day(seconds, online=reached)
    table()
