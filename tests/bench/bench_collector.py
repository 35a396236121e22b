"""What a collector costs: CPU and memory, bytes on disk and on the wire, decoding, and sudden ends.

Prints one JSON object a line, `{"name", "value", "unit", "goal", "ok"}`, then the same as a table.
Four packs of sixteen cells at one reading a second, unless said otherwise. `--full` spools thirty
days instead of one and kills a thousand times instead of ten.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from collector.decoding import decode, tidied  # noqa: E402
from collector.drivers.base import Driver, codes, load  # noqa: E402
from collector.formats import base as formats  # noqa: E402
from collector.portal.enrolment import enrol  # noqa: E402
from collector.sampler import Sampler  # noqa: E402
from collector.simulators.modbus import reading_of  # noqa: E402
from collector.simulators.pack import Pack, PackSpec  # noqa: E402
from collector.spool.spool import SPOOL_FILE, Spool  # noqa: E402
from collector.wire import envelope  # noqa: E402
from collector.wire.envelope import Agent, Batch, Receipt  # noqa: E402
from collector.wire.reading import Reading, tidy  # noqa: E402
from tests.bench.processes import cpu_of, resident  # noqa: E402
from tests.bench.report import report, table  # noqa: E402
from tests.bench.world import options  # noqa: E402
from tests.chain.programs import Program, collector  # noqa: E402
from tests.collector.sink import Sink  # noqa: E402
from tests.requirement import SHARED  # noqa: E402

PACKS, CELLS = 4, 16
START = 1_790_000_000_000
DAY_S, PUSH_S, COMMIT_S = 86_400, 5, 10
FRAMES = ROOT / "tests" / "data" / "frames"
FOXBMS = SHARED / "reference" / "data" / "foxbms" / "capture-bench-2025.trc"


def main() -> None:
    """Every part, the short ones first."""
    told = options(__doc__)
    decoding(0.05 if told.smallest else 1.0)
    on_the_wire()
    days = 30 if told.full else 0.05 if told.smallest else 1
    with tempfile.TemporaryDirectory() as folder:
        offline(Path(folder), days)
        at_work(Path(folder) / "site", 5 if told.smallest else 90)
    sudden_ends(1000 if told.full else 1 if told.smallest else 10)
    table()


def decoding(seconds: float) -> None:
    """Units of its protocol that each driver decodes in a second of CPU, of its recordings."""
    for code in codes():
        recordings = list(_recordings(code))
        if not recordings:
            continue
        units, spent = 0, 0.0
        while spent < seconds:
            for driver, given, items in recordings:
                decoder = driver.decoder("a", given)
                began = time.process_time()
                list(decode(decoder, items))
                list(tidied(decoder.finish()))
                spent += time.process_time() - began
                units += decoder.tally.frames
        report(f"decoding, {code}", units / spent, "frames/CPU-s")


def _recordings(code: str) -> Iterator[tuple[Driver, dict, list]]:
    driver = load(code)
    found = [(path, {}) for path in [FOXBMS] if code == "foxbms" and path.exists()]
    for expected in sorted((FRAMES / code).rglob("expected.json")):
        given = json.loads(expected.read_text("utf-8")).get("options", {})
        found += [(path, given) for path in expected.parent.glob("input.*")]
    for path, given in found:
        suffix = path.suffix[1:]
        whole = "transcript" if "transcript" in driver.formats else driver.formats[0]
        with path.open("rb") as stream:
            items = formats.load(suffix if suffix in driver.formats else whole).read(stream)
            yield driver, given, list(items)


def on_the_wire() -> None:
    """Compressed bytes a reading takes: the newest of each pack, and an hour that waited."""
    packs = {f"P-{i}": Pack(PackSpec(cells=CELLS, seed=i)) for i in range(PACKS)}
    live = tuple(_measured(pack, asset, START) for asset, pack in packs.items())
    alone = envelope.encode(Batch(START, live, (), Agent()))
    report("on the wire, the newest readings alone", len(alone) / PACKS, "B/reading")
    with tempfile.TemporaryDirectory() as folder:
        spool = Spool(Path(folder) / SPOOL_FILE, "boot", 0)
        taken, sent = _spooled(spool, 3600, packs), 0
        while frozen := spool.freeze(START, (), Agent()):
            sent += len(frozen.body)
            now = START + DAY_S * 1000
            spool.settle(frozen, Receipt("stored", frozen.seq, frozen.digest, now, 5, False), now)
        spool.close()
    report("on the wire, blocks of a minute", sent / taken, "B/reading")


def offline(folder: Path, days: float) -> None:
    """The size of the spool after so long without a portal, and how long it takes to deliver."""
    packs = {f"P-{i}": Pack(PackSpec(cells=CELLS, seed=i)) for i in range(PACKS)}
    path = folder / SPOOL_FILE
    spool = Spool(path, "boot", 0, quota=1 << 40)
    taken = _spooled(spool, int(days * DAY_S), packs)
    spool.close()
    size = sum(each.stat().st_size for each in folder.glob(f"{SPOOL_FILE}*"))
    month = size / days * 30 / 1e6
    report(f"spool, 30 days offline (from {days:g})", month, "MB", 250)
    report("spool, a reading", size / taken, "B/reading")
    _deliver(path, days)


def _deliver(path: Path, days: float) -> None:
    spool = Spool(path, "boot", 0, quota=1 << 40)
    pushes, began = 0, time.process_time()
    while frozen := spool.freeze(START, (), Agent()):
        now = START + DAY_S * 1000
        spool.settle(frozen, Receipt("stored", frozen.seq, frozen.digest, now, 5, False), now)
        pushes += 1
    spent = time.process_time() - began
    spool.close()
    report("catching up, pushes for a day offline", pushes / days, "pushes")
    report("catching up, collector CPU for a day offline", spent / days, "CPU-s")
    report("catching up, 30 days at a push a second", 30 * pushes / days / 3600, "h", 24)


def _spooled(spool: Spool, seconds: int, packs: dict[str, Pack]) -> int:
    """So many seconds of readings, committed as a running collector does; how many."""
    clock = [0.0]
    sampler = Sampler(spool, lambda: clock[0], lambda: None)
    for second in range(seconds):
        clock[0] = float(second)
        for asset, pack in packs.items():
            pack.step(1.0)
            sampler.take(_measured(pack, asset, START + second * 1000))
        if second % COMMIT_S == 0:
            sampler.keep()
        if second % 3600 == 0:
            progress(f"{second / DAY_S:.1f} of {seconds / DAY_S:.1f} days")
    sampler.keep(seal_all=True)
    return seconds * len(packs)


def _measured(pack: Pack, asset: str, ts: int) -> Reading:
    full = reading_of(pack)
    values = {code: round(value, 2) for code, value in full.values.items()}
    return tidy(Reading(asset, ts, values, full.arrays, full.states))[0]


def at_work(folder: Path, seconds: int) -> None:
    """CPU and memory of the real program, reading four serial lines and pushing."""
    folder.mkdir()
    names = [f"P-{i}" for i in range(PACKS)]
    devices = "".join(
        f'[[device]]\nasset = "{name}"\nsimulator = "libresolar"\non = "pty:{folder}/{name}"\n'
        f"pack = {{ cells = {CELLS}, seed = {i} }}\n"
        for i, name in enumerate(names)
    )
    (folder / "site.toml").write_text(devices, "utf-8")
    (folder / "collector.toml").write_text(
        f'state = "{folder}/state"\ncommit = {COMMIT_S}\n'
        + "".join(
            f'[[device]]\nasset = "{name}"\ndriver = "libresolar"\n'
            f'link = {{ kind = "serial", port = "{folder}/{name}" }}\n'
            for name in names
        ),
        "utf-8",
    )
    site = Program(folder / "site.log", dict(os.environ), "collector", "site", folder / "site.toml")
    with Sink() as sink:
        sink.next_push = PUSH_S
        enrol(sink.url, "ABCD", folder / "state", requests.Session())
        site.start()
        _until(lambda: all((folder / name).exists() for name in names))
        program = collector(folder)
        program.start()
        try:
            sink.wait(lambda: len(sink.live) == PACKS, timeout=60)
            _followed(program._process.pid, sink, seconds)
        finally:
            program.end()
            site.end()


def _followed(pid: int, sink: Sink, seconds: int) -> None:
    time.sleep(2)
    before, requests_before, began = cpu_of(pid), len(sink.requests), time.monotonic()
    peak = 0.0
    while (passed := time.monotonic() - began) < seconds:
        peak = max(peak, resident(pid))
        progress(f"{passed:.0f} of {seconds} s")
        time.sleep(1)
    share = (cpu_of(pid) - before) / passed
    report("at work, share of a core", 100 * share, "%", 3)
    report("at work, an hour", 3600 * share, "CPU-s")
    report("at work, most memory", peak, "MB", 60)
    report("at work, pushes", (len(sink.requests) - requests_before) / passed * 60, "a minute")


def sudden_ends(kills: int) -> None:
    """Collector and portal killed at random instants: the suite's own test, as often as told."""
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "sqlite"]
    command = [sys.executable, *words, str(ROOT / "tests" / "chain" / "test_kill.py")]
    began = time.monotonic()
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "KILLS": str(kills)}, capture_output=True, text=True
    )
    if done.returncode:
        print(done.stdout[-4000:], file=sys.stderr)
    report("kill -9, times nothing was lost or doubled", 0 if done.returncode else kills, "kills",
           kills, least=True)  # fmt: skip
    report("kill -9, the whole of it", time.monotonic() - began, "s")


def _until(true) -> None:
    end = time.monotonic() + 60
    while not true():
        if time.monotonic() > end:
            sys.exit("the simulated site does not come up")
        time.sleep(0.1)


def progress(text: str) -> None:
    """What is being done, on a terminal only."""
    if sys.stderr.isatty():
        print(f"\r{text}   ", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
