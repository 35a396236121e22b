"""Blocks asked for less often, blocks that a device does not have, and bits."""

import pytest

from collector.clock import Clock
from collector.config import Device
from collector.devices import BUSY_TRIES, Poller
from collector.drivers.base import RegisterRead, Registers, load
from collector.links.errors import BadAnswer
from collector.links.spec import from_text

TABLE = """
title = "slow, optional and bits"
source = "this test"
[[block]]
address = 0
count = 1
[[block]]
address = 1
count = 1
every = 60
[[block]]
address = 2
count = 1
optional = true
[[block]]
function = 1
address = 0x10
count = 20
[[metric]]
code = "pack_voltage"
address = 0
[[metric]]
code = "soh"
address = 1
[[metric]]
code = "cycles"
address = 2
[[array]]
code = "balancing"
function = 1
address = 0x20
length = 4
[[state]]
code = "charging"
function = 1
address = 0x18
is = 1
[[alarm]]
function = 1
address = 0x10
bits = ["cell_overvoltage", "-", "vendor:odd"]
[[alarm]]
function = 1
address = 0x19
each = "cell_undervoltage"
length = 3
"""
FAST, SLOW, MAYBE = (RegisterRead(1, 3, address, 1) for address in (0, 1, 2))
COILS = RegisterRead(1, 1, 0x10, 20)
NOW = 1_700_000_000_000


@pytest.fixture
def options(tmp_path):
    path = tmp_path / "t.toml"
    path.write_text(TABLE)
    return {"profile": str(path)}


@pytest.fixture
def decoder(options):
    return load("modbus").decoder("b1", options)


def answer(read, ts, *values):
    return Registers(read.unit, read.function, read.address, values or (50,) * read.count, ts)


def coils(*on):
    return tuple(int(0x10 + i in on) for i in range(20))


def cycle(decoder, now, without=()):
    found = []
    for read in decoder.requests(now):
        if read in without:
            decoder.refused(read, "exception_2")
        else:
            values = coils() if read == COILS else (50,)
            found += decoder.feed(answer(read, now + 5, *values))
    return [*found, *decoder.finish()]


def test_blocks_that_differ_are_asked_for_apart(decoder):
    assert set(decoder.requests(NOW)) == {FAST, SLOW, MAYBE, COILS}


def test_a_slow_block_is_asked_for_when_it_is_due_and_holds_meanwhile(decoder):
    asked = []
    for second in range(0, 180):
        due = decoder.requests(NOW + 1000 * second)
        asked += [second] * (SLOW in due)
        readings = [
            reading
            for read in due
            for reading in decoder.feed(
                answer(read, NOW + 1000 * second + 5, *(coils() if read == COILS else (50,)))
            )
        ]
        assert [r.values["soh"] for r in readings] == [50]
    assert asked == [0, 60, 120]


def test_what_a_slow_block_said_does_not_hold_for_ever(decoder):
    cycle(decoder, NOW)
    held = [
        "soh" in reading.values
        for second in range(1, 200)
        for reading in cycle(decoder, NOW + 1000 * second, without={SLOW})
    ]
    assert held == [True] * 120 + [False] * 79


def test_a_clock_set_back_asks_at_once(decoder):
    cycle(decoder, NOW)
    assert SLOW not in decoder.requests(NOW + 1000)
    assert SLOW in decoder.requests(NOW - 3_600_000)


def test_an_optional_block_that_is_not_there_is_given_up_with_one_warning(decoder):
    for second in range(5):
        (reading,) = cycle(decoder, NOW + 1000 * second, without={MAYBE})
        assert "pack_voltage" in reading.values and "cycles" not in reading.values
    assert decoder.tally.reasons == {"exception_2": 1}
    assert len(decoder.tally.warnings) == 1


@pytest.mark.parametrize(
    ("read", "reason"),
    [(FAST, "exception_2"), (MAYBE, "exception_6"), (MAYBE, "exception_4"), (MAYBE, "garbled")],
)
def test_other_refusals_are_not_for_ever(decoder, read, reason):
    decoder.requests(NOW)
    decoder.refused(read, reason)
    assert read in decoder.requests(NOW + 1000)
    assert decoder.tally.warnings == {}


def test_bits(decoder):
    decoder.requests(NOW)
    list(decoder.feed(answer(COILS, NOW, *coils(0x10, 0x11, 0x12, 0x15, 0x18, 0x1B, 0x21, 0x23))))
    (reading,) = decoder.finish()
    assert reading.arrays["balancing"] == (0, 1, 0, 1)
    assert reading.states["charging"] is True
    assert {(a.code, a.index) for a in reading.alarms} == {
        ("cell_overvoltage", None),
        ("vendor:modbus:odd", None),
        ("vendor:modbus:t.16.bit5", None),
        ("cell_undervoltage", 2),
    }


class Line:
    """Answers, except for what is in `refusals`: a question to how it is refused, and how often."""

    def __init__(self, refusals):
        self.refusals, self.asked = refusals, []

    def read(self, read):
        self.asked.append(read)
        reason, times = self.refusals.get(read, ("", 0))
        if times:
            self.refusals[read] = reason, times - 1
            raise BadAnswer(reason, "non", "no")
        return answer(read, NOW, *(coils() if read == COILS else (50,)))


def polled(options, refusals, cycles=1):
    readings, line = [], Line(refusals)
    device = Device("A", load("modbus"), options, from_text("modbus-tcp:h"), 1.0)
    clock = Clock(lambda: NOW / 1000, lambda: 1.0)
    poller = Poller(device, clock, readings.append, line)
    for _ in range(cycles):
        poller.poll()
    return readings, line, poller


def test_a_busy_device_is_asked_again_after_the_other_questions(options):
    readings, line, poller = polled(options, {FAST: ("exception_6", 2)})
    assert "pack_voltage" in readings[0].values
    assert line.asked.count(FAST) == 3 and line.asked[-1] == FAST
    assert poller.tally.reasons == {"exception_6": 2}


def test_a_device_that_stays_busy_is_not_asked_for_ever(options):
    readings, line, _ = polled(options, {FAST: ("exception_6", 99)})
    assert line.asked.count(FAST) == 1 + BUSY_TRIES
    assert "pack_voltage" not in readings[0].values and "soh" in readings[0].values


def test_a_missing_block_is_asked_for_once(options):
    readings, line, _ = polled(options, {MAYBE: ("exception_2", 99)}, cycles=4)
    assert len(readings) == 4
    assert line.asked.count(MAYBE) == 1
