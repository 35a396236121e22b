"""Faults of a site: a full or read-only disk, a port that goes and comes, a clock that is set.

Each is a real one. Nothing taken is lost but what the log and the spool count, and all goes on by
itself when the fault is over.
"""

import json
import os
import pty
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from collector import sampler as sampler_
from collector.clock import Clock
from collector.config import Device
from collector.devices import Listener
from collector.drivers.base import load
from collector.links.spec import from_text
from collector.sampler import Sampler
from collector.spool.spool import Spool
from collector.wire.reading import Reading
from tests.collector.portal.test_push import Site
from tests.collector.sink import Sink
from tests.requirement import need

BASE = 1_790_000_000_000
SETTING = """
import json, logging, os, subprocess, sys
from pathlib import Path
from collector.commands.check import check
from collector.sampler import Sampler
from collector.spool.spool import Spool, SpoolError
from collector.wire import envelope
from collector.wire.envelope import Agent
from collector.wire.reading import Reading

folder, taken, seconds = Path(sys.argv[1]), [], iter(range(1_000_000))
mount = lambda *words: subprocess.run(["mount", *words, str(folder)], check=True)
mount("-t", "tmpfs", "-o", "size=3m", "tmpfs")

def measure(sampler):
    taken.append(Reading("A", 1_790_000_000_000 + 1000 * len(taken), {"current": len(taken) / 10}))
    sampler.take(taken[-1])
    sampler.keep()

def opened():
    spool = Spool(folder / "spool.db", "boot", 0)
    return spool, Sampler(spool, lambda: 60.0 * next(seconds), lambda: None)

def found(spool):
    while frozen := spool.freeze(0, (), Agent()):
        yield from (r for b in envelope.decode(frozen.body).blocks for r in b.readings())
        spool.bury(frozen, "read", 0)

def refuses(act):
    try:
        act()
    except SpoolError as error:
        return str(error)

spool, sampler = opened()
measure(sampler)
"""
FULL = """
filler = os.open(folder / "filler", os.O_WRONLY | os.O_CREAT)
try:
    while os.write(filler, b"x" * 4096):
        pass
except OSError:
    os.close(filler)
logged = []
logging.getLogger("collector.sampler").addFilter(lambda r: logged.append(r.getMessage()) or True)
for _ in range(20):
    measure(sampler)
refused = logged[-1] if len(logged) == 20 else None
(folder / "filler").unlink()
"""
READ_ONLY = """
sampler.keep(seal_all=True)
spool.close()
mount("-o", "remount,ro")
refused = refuses(opened)
(Path(sys.argv[2])).write_text(f'state = "{folder}"')
told = [f.text for f in check(Path(sys.argv[2])) if f.verdict == "✗"]
refused = refused if any("refuses to be written" in text for text in told) else None
mount("-o", "remount,rw")
spool, sampler = opened()
"""
END = """
measure(sampler)
sampler.keep(seal_all=True)
same = sorted(found(spool), key=lambda r: r.ts) == taken
print(json.dumps({"refused": refused, "same": same, "lost": spool.losses()[1]}))
"""


@pytest.mark.parametrize(
    ("fault", "says"), [(FULL, "make room"), (READ_ONLY, "read-only")], ids=["full", "read-only"]
)
def test_a_disk_that_refuses_costs_nothing_once_it_accepts(tmp_path, fault, says):
    disk, configuration = tmp_path / "disk", tmp_path / "collector.toml"
    disk.mkdir()
    own = ["unshare", "--mount"]
    able = subprocess.run(
        [*own, "mount", "-t", "tmpfs", "tmpfs", str(disk)], capture_output=True, check=False
    )
    need(able.returncode == 0, "the right to mount a file system")
    done = subprocess.run(
        [*own, sys.executable, "-c", SETTING + fault + END, str(disk), str(configuration)],
        capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert says in told.pop("refused")
    assert told == {"same": True, "lost": 0}


def test_what_memory_cannot_hold_is_counted_and_told_to_the_portal(tmp_path, monkeypatch):
    monkeypatch.setattr(sampler_, "MEMORY", 50)
    with Sink() as sink:
        site = Site(sink, tmp_path)
        assert site.pusher.push().stored
        site.spool._db.execute("PRAGMA query_only = ON")
        for _ in range(400):
            site.take()
            site.sampler.keep()
        site.spool._db.execute("PRAGMA query_only = OFF")
        site.seal()
        lost = site.spool.losses()[1]
        site.drain()
        assert site.pusher.push().stored
        assert len(sink.readings()) == 400 - lost
        assert sink.readings()[-1] == site.taken[-1]
        assert sink.agents[-1].lost == lost > 0


def came_right(listener):
    """A reading is heard a moment before the listener notes that all is well."""
    end = time.monotonic() + 5
    while listener.trouble is not None and time.monotonic() < end:
        time.sleep(0.01)
    return listener.trouble is None


def test_a_serial_port_may_go_and_come_back(tmp_path):
    port, heard, stop = tmp_path / "port", [], threading.Event()
    came = threading.Condition()

    def plug():
        master, slave = pty.openpty()
        port.unlink(missing_ok=True)
        port.symlink_to(os.ttyname(slave))
        return master, slave

    def take(reading):
        with came:
            heard.append(reading.values["pack_voltage"])
            came.notify_all()

    def say(master, volts):
        text = json.dumps({"Meas": {"rPackVoltage_V": volts}})
        os.write(master, f"#mLive {text}\r\n".encode())
        with came:
            return came.wait_for(lambda: volts in heard, 0.3)

    device = Device("A", load("libresolar"), {"poll": "no"}, from_text(f"serial:{port}"), 1.0)
    listener = Listener(device, Clock(), take, stop)
    thread = threading.Thread(target=listener.run)
    first = plug()
    thread.start()
    try:
        assert any(say(first[0], 51.0) for _ in range(50))
        port.unlink()
        for descriptor in first:
            os.close(descriptor)
        second = plug()
        assert any(say(second[0], 52.0) for _ in range(50))
        assert came_right(listener)
    finally:
        stop.set()
        thread.join(10)
        for descriptor in second:
            os.close(descriptor)


HOUR = 3600.0
STEPS = {
    "an hour forward": [HOUR],
    "an hour back": [-HOUR],
    "NTP": [0.3, -0.2, 1.9],
    "there and back": [HOUR, -HOUR, HOUR],
    "since 1970": [-BASE / 1000 + 5, BASE / 1000],
}


@pytest.mark.parametrize("steps", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize("heard", [True, False], ids=["portal heard", "portal not heard yet"])
def test_a_clock_that_is_set_keeps_the_order_of_readings(tmp_path, steps, heard):
    """By the keeper's rules: learn, follow, redate. The true time of each reading is known."""
    true, wrong = [BASE / 1000], [0.0]
    clock = Clock(lambda: true[0] + wrong[0], lambda: true[0] - BASE / 1000 + 10)
    spool = Spool(tmp_path / "spool.db", "boot", clock.base)
    sampler = Sampler(spool, clock.monotonic, lambda: None)
    truth = []

    def minute():
        for _ in range(60):
            true[0] += 1
            truth.append(round(true[0] * 1000))
            sampler.take(Reading("A", clock.now(), {"current": len(truth) / 10}))
        sampler.keep()

    def learn():
        correction = clock.learn(round(true[0] * 1000), clock.monotonic(), clock.monotonic())
        sampler.redate(correction, clock.base, final=True)

    if heard:
        learn()
    minute()
    for step in steps:
        wrong[0] += step
        if clock.step() and (moved := clock.follow()):
            sampler.redate(moved, clock.base, final=False)
        minute()
    if not heard:
        learn()
    sampler.keep(seal_all=True)
    found = [r for block in _blocks(spool) for r in block.readings()]
    found.sort(key=lambda r: r.values["current"])
    assert [r.ts for r in found] == sorted({r.ts for r in found})
    assert max(abs(r.ts - t) for r, t in zip(found, truth, strict=True)) <= 2000


def _blocks(spool):
    from collector.wire import envelope
    from collector.wire.envelope import Agent

    while frozen := spool.freeze(0, (), Agent()):
        yield from envelope.decode(frozen.body).blocks
        spool.bury(frozen, "read", 0)
