"""A device that fails is left alone for a while, and says what it rejected; nothing is made up."""

import logging
import threading

import pytest

from collector.clock import Clock
from collector.config import Device
from collector.devices import REPORT, Listener, Poller
from collector.drivers import base as drivers
from collector.drivers.base import Registers
from collector.links.errors import BadAnswer, LinkDown, LinkTimeout
from collector.links.spec import from_text


class Time:
    """A monotonic clock that is moved by hand, and the wall clock with it."""

    def __init__(self):
        self.now = 1000.0

    def clock(self):
        return Clock(lambda: 1_790_000_000 + self.now, lambda: self.now)


class Line:
    """A Modbus line that answers with `answers`, one each; an exception is raised."""

    def __init__(self, clock):
        self.clock, self.answers, self.asked = clock, None, []

    def read(self, request):
        self.asked.append(request)
        answer = self.answers(len(self.asked), request) if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        values = (0x0100,) * request.count
        return Registers(request.unit, request.function, request.address, values, self.clock.now())

    def close(self):
        pass


class Bench:
    def __init__(self):
        self.time = Time()
        self.clock = self.time.clock()
        self.line, self.readings = Line(self.clock), []
        driver = drivers.load("modbus")
        device = Device("A", driver, {"profile": "generic"}, from_text("modbus-tcp:h"), 1.0)
        self.poller = Poller(device, self.clock, self.readings.append, self.line)
        self.blocks = len(driver.decoder("A", device.options).requests(0))


@pytest.fixture
def bench():
    return Bench()


def test_one_cycle_is_one_reading(bench):
    bench.poller.poll()
    assert len(bench.readings) == 1
    assert len(bench.line.asked) == bench.blocks


def test_a_silent_device_is_asked_once_and_then_less_and_less(bench):
    bench.line.answers = lambda number, request: LinkTimeout("aucune réponse", "no answer")
    for _ in range(600):
        bench.poller.poll()
        bench.time.now += 1
    assert bench.readings == []
    assert len(bench.line.asked) < 30
    bench.line.answers = None
    bench.time.now += 300
    bench.poller.poll()
    bench.time.now += 1
    bench.poller.poll()
    assert len(bench.readings) == 2


def test_a_line_that_is_down_is_no_reading(bench):
    bench.line.answers = lambda number, request: LinkDown("parti", "gone")
    bench.poller.poll()
    assert (bench.readings, len(bench.line.asked)) == ([], 1)


def test_a_wrong_answer_is_counted_and_never_a_reading(bench):
    bench.line.answers = lambda number, request: BadAnswer("exception_2", "absents", "missing")
    bench.poller.poll()
    assert bench.readings == []
    assert bench.poller.tally.reasons["exception_2"] == bench.blocks


def test_what_was_rejected_is_logged_once_a_minute(bench, caplog):
    bench.line.answers = lambda number, request: BadAnswer("exception_2", "absents", "missing")
    with caplog.at_level(logging.WARNING):
        for _ in range(int(REPORT) + 5):
            bench.poller.poll()
            bench.time.now += 1
    reports = [r for r in caplog.records if "rejected" in r.getMessage()]
    assert 1 <= len(reports) <= 2


def test_a_fault_of_ours_is_logged_and_the_device_tried_again(bench, caplog):
    bench.line.answers = lambda number, request: ZeroDivisionError("ours")
    bench.poller.poll()
    assert "fault in the collector" in caplog.text
    bench.line.answers = None
    bench.time.now += 2
    bench.poller.poll()
    assert len(bench.readings) == 1


def test_a_listener_stops_while_its_device_is_missing():
    driver, stop = drivers.load("greenbms"), threading.Event()
    device = Device("A", driver, {}, from_text("serial:/dev/nothing"), 1.0)
    listener = Listener(device, Clock(), lambda reading: None, stop)
    thread = threading.Thread(target=listener.run)
    thread.start()
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
