"""A configuration is read again while the collector works; nobody else notices, and a wrong one
changes nothing."""

import os
import signal
import subprocess
import sys
import threading

import pytest
import requests

from collector import config
from collector.agent import Agent
from collector.commands.run import reload
from collector.portal.enrolment import enrol
from tests.collector.numbered import Numbered, numbers
from tests.collector.sink import Sink


def table(asset, port):
    return (
        f'[[device]]\nasset = "{asset}"\ndriver = "libresolar"\n'
        f'link = {{ kind = "tcp", host = "127.0.0.1", port = {port} }}\n'
        'options = { poll = "no" }\n'
    )


class Running:
    def __init__(self, sink, folder, devices, top=""):
        self.folder, self.path = folder, folder / "collector.toml"
        enrol(sink.url, "ABCD", folder / "state", requests.Session())
        self.write(devices, top)
        self.agent = Agent(config.load(self.path))
        self._thread = threading.Thread(target=self.agent.run)
        self._thread.start()

    def write(self, devices, top=""):
        text = f'state = "{self.folder / "state"}"\ncommit = 0.2\n{top}\n{devices}'
        self.path.write_text(text, "utf-8")

    def reader(self, asset):
        reader = self.agent._readers._at_work.get(asset)
        return reader and reader.thread

    def stop(self):
        self.agent.stop()
        self._thread.join(20)
        assert not self._thread.is_alive()


@pytest.fixture
def sink():
    with Sink() as sink:
        sink.next_push = 0.2
        yield sink


@pytest.fixture
def devices():
    made = [Numbered(0.05) for _ in range(3)]
    yield [device.port for device in made]
    for device in made:
        device.close()


def test_devices_come_go_and_change_while_the_others_are_read_on(sink, tmp_path, devices):
    a, b, c = devices
    running = Running(sink, tmp_path, table("A", a) + table("B", b))
    try:
        sink.wait(lambda: {"A", "B"} <= set(sink.live))
        untouched = running.reader("A")
        running.write(table("A", a) + table("C", c))
        reload(running.agent)
        sink.wait(lambda: "C" in sink.live)
        assert running.reader("A") is untouched and untouched.is_alive()
        assert running.reader("B") is None
        last = sink.live["A"].values["current"]
        sink.wait(lambda: sink.live["A"].values["current"] > last + 0.02)
    finally:
        running.stop()
    heard = sorted(numbers([r for r in sink.readings() if r.asset == "A"]))
    assert heard == list(range(heard[0], heard[0] + len(heard)))


@pytest.mark.parametrize(
    ("text", "line"),
    [("comit = 1", 3), ("commit = 99", 3), ("[[device]]\nasset = 7", 4), ("= ", 3)],
)
def test_a_wrong_file_keeps_the_old_one_running(sink, tmp_path, devices, text, line, caplog):
    running = Running(sink, tmp_path, table("A", devices[0]))
    try:
        sink.wait(lambda: "A" in sink.live)
        before = running.reader("A")
        running.path.write_text(f'state = "{tmp_path / "state"}"\n\n{text}\n', "utf-8")
        reload(running.agent)
        assert running.reader("A") is before and before.is_alive()
    finally:
        running.stop()
    assert f"collector.toml:{line}: " in caplog.text
    assert "the old one stays" in caplog.text


def test_an_asked_device_is_replaced(sink, tmp_path):
    asked = (
        '[[device]]\nasset = "M"\ndriver = "modbus"\ninterval = {}\n'
        'link = {{ kind = "modbus-tcp", host = "127.0.0.1", port = 1 }}\n'
    )
    running = Running(sink, tmp_path, asked.format(1))
    try:
        running.write(asked.format(5))
        reload(running.agent)
        (job,) = running.agent._readers._scheduler.get_jobs()
        assert job.trigger.interval.total_seconds() == 5
        running.write(table("A", 1))
        reload(running.agent)
        assert [job.id for job in running.agent._readers._scheduler.get_jobs()] == ["A"]
        assert running.agent._readers._lines == {}
    finally:
        running.stop()


def test_what_cannot_change_while_running_is_said(sink, tmp_path, devices, caplog):
    running = Running(sink, tmp_path, table("A", devices[0]))
    try:
        running.write(table("A", devices[0]), '[status]\nlisten = "127.0.0.1:1"')
        reload(running.agent)
        assert running.agent.config.status is None
    finally:
        running.stop()
    assert "status changes with the next start" in caplog.text


def test_the_signal_reads_again_and_does_not_stop(sink, tmp_path, devices):
    enrol(sink.url, "ABCD", tmp_path / "state", requests.Session())
    path = tmp_path / "collector.toml"
    top = f'state = "{tmp_path / "state"}"\ncommit = 0.2\n'
    path.write_text(top + table("A", devices[0]), "utf-8")
    command = [sys.executable, "-m", "collector", "run", "--config", str(path)]
    with (tmp_path / "log").open("w") as log, subprocess.Popen(command, stderr=log) as process:
        try:
            sink.wait(lambda: "A" in sink.live)
            path.write_text(top + table("B", devices[1]), "utf-8")
            os.kill(process.pid, signal.SIGHUP)
            sink.wait(lambda: "B" in sink.live)
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
