"""A whole collector in one process: simulated batteries on real lines, to a portal over real HTTP."""

import threading
import time

import pytest
import requests

from collector import config
from collector.agent import Agent
from collector.portal.enrolment import enrol
from collector.simulators import base as simulators
from collector.simulators.pack import Pack, PackSpec
from collector.spool.spool import Spool
from tests.collector.numbered import Numbered
from tests.collector.sink import Sink

SPEC = PackSpec(cells=14, temperatures=3)
LINKS = {
    "foxbms": 'kind = "slcan", port = "{}"',
    "libresolar": 'kind = "serial", port = "{}"',
    "greenbms": 'kind = "serial", port = "{}"',
    "modbus": 'kind = "modbus-tcp", host = "127.0.0.1", port = {}',
}
OPTIONS = {
    "foxbms": "cells = 14, temperatures = 3",
    "libresolar": "",
    "greenbms": "",
    "modbus": 'profile = "generic"',
}
PLACES = {"modbus": "tcp:127.0.0.1:0"}


class Simulated:
    """A simulator in a thread; `address` is where it can be reached."""

    def __init__(self, code):
        self._stop, ready = threading.Event(), threading.Event()

        def on_ready(address):
            self.address = address
            ready.set()

        options = {"profile": "generic"} if code == "modbus" else {}
        arguments = (Pack(SPEC), PLACES.get(code, "pty"), self._stop, options, on_ready)
        self._thread = threading.Thread(
            target=simulators.load(code).serve, args=arguments, daemon=True
        )
        self._thread.start()
        assert ready.wait(10)

    def close(self):
        self._stop.set()
        self._thread.join(5)


def table(code, address):
    where = address.rpartition(":")[2] if code == "modbus" else address
    return (
        f'[[device]]\nasset = "{code}"\ndriver = "{code}"\n'
        f"link = {{ {LINKS[code].format(where)} }}\noptions = {{ {OPTIONS[code]} }}\n"
    )


def whole(live):
    """Known cell voltages of the batteries that have told all of them."""
    known = {
        code: [v for v in reading.arrays.get("cell_voltage", ()) if v is not None]
        for code, reading in live.items()
    }
    return {code: cells for code, cells in known.items() if len(cells) == SPEC.cells}


class Running:
    def __init__(self, sink, folder, devices):
        path = folder / "collector.toml"
        path.write_text(f'state = "{folder / "state"}"\ncommit = 0.2\n{devices}', "utf-8")
        enrol(sink.url, "ABCD", folder / "state", requests.Session())
        self.agent = Agent(config.load(path))
        self._thread = threading.Thread(target=self.agent.run)
        self._thread.start()

    def stop(self):
        started = time.monotonic()
        self.agent.stop()
        self._thread.join(20)
        assert not self._thread.is_alive()
        return time.monotonic() - started


@pytest.fixture
def sink():
    with Sink() as sink:
        sink.next_push = 0.2
        yield sink


def test_every_simulated_battery_arrives(sink, tmp_path):
    batteries = {code: Simulated(code) for code in LINKS}
    devices = "".join(table(code, battery.address) for code, battery in batteries.items())
    running = Running(sink, tmp_path, devices)
    try:
        sink.wait(lambda: set(whole(sink.live)) == set(LINKS))
        sink.wait(
            lambda: {r.asset for b in sink.blocks.values() for r in b.readings()} == set(LINKS)
        )
    finally:
        took = running.stop()
        for battery in batteries.values():
            battery.close()
    assert took < 10
    assert all(abs(reading.ts - sink.now()) < 15_000 for reading in sink.live.values())
    for code, cells in whole(sink.live).items():
        assert all(3 < voltage < 4 for voltage in cells), code


def test_a_dead_battery_does_not_disturb_its_neighbour(sink, tmp_path):
    device = Numbered(0.05)
    devices = f"""
[[device]]
asset = "dead-serial"
driver = "greenbms"
link = {{ kind = "serial", port = "/dev/does-not-exist" }}
[[device]]
asset = "dead-modbus"
driver = "modbus"
link = {{ kind = "modbus-tcp", host = "127.0.0.1", port = 1 }}
[[device]]
asset = "alive"
driver = "libresolar"
link = {{ kind = "tcp", host = "127.0.0.1", port = {device.port} }}
options = {{ poll = "no" }}
"""
    running = Running(sink, tmp_path, devices)
    try:
        sink.wait(lambda: "alive" in sink.live)
        first = sink.live["alive"].values["current"]
        sink.wait(lambda: sink.live["alive"].values["current"] > first + 0.02)
    finally:
        running.stop()
        device.close()
    assert set(sink.live) == {"alive"}


def test_an_alarm_is_pushed_at_once(sink, tmp_path):
    sink.next_push = 60.0
    device = Numbered(0.05)
    devices = table("libresolar", "x").replace(
        'kind = "serial", port = "x"', f'kind = "tcp", host = "127.0.0.1", port = {device.port}'
    )
    running = Running(sink, tmp_path, devices)
    try:
        sink.wait(lambda: "libresolar" in sink.live)
        device.flags = 2
        started = time.monotonic()
        sink.wait(lambda: sink.live["libresolar"].alarms)
        took = time.monotonic() - started
    finally:
        running.stop()
        device.close()
    assert took < 5
    assert [a.code for a in sink.live["libresolar"].alarms] == ["cell_overvoltage"]


def test_what_was_open_is_sealed_when_the_collector_stops(sink, tmp_path):
    device = Numbered(0.05)
    devices = table("libresolar", "x").replace(
        'kind = "serial", port = "x"', f'kind = "tcp", host = "127.0.0.1", port = {device.port}'
    )
    running = Running(sink, tmp_path, devices)
    sink.wait(lambda: "libresolar" in sink.live)
    running.stop()
    device.close()
    health = Spool(tmp_path / "state" / "spool.db", "boot", 0).health()
    assert health.journal == 0
    assert health.blocks + health.batches + len(sink.blocks) > 0
