"""Simulated batteries of CAN profiles on real transports, followed by their drivers."""

import threading
from queue import Queue

import pytest

from collector.clock import Clock
from collector.config import Device
from collector.devices import Listener
from collector.drivers.base import OptionError
from collector.drivers.base import load as load_driver
from collector.drivers.lv_can import DIALECTS
from collector.links.spec import from_text
from collector.simulators.base import load
from collector.simulators.pack import Pack, PackSpec


def first_reading(code: str, where: str, simulated: dict, options: dict, bit_rate: int):
    """The first reading in which the charge is known."""
    stop, places, found = threading.Event(), Queue(), Queue()
    pack = Pack(PackSpec(cells=15, soc=50))
    serve = load(code).serve
    thread = threading.Thread(target=serve, args=(pack, where, stop, simulated, places.put))
    thread.start()
    place = places.get(timeout=10)
    kind = "can" if where.startswith("can") else "slcan"
    device = Device("b1", load_driver(code), options, from_text(f"{kind}:{place}:{bit_rate}"), 1.0)
    listening = threading.Thread(target=Listener(device, Clock(), found.put, stop).run, daemon=True)
    listening.start()
    try:
        for _ in range(20):
            reading = found.get(timeout=10)
            if {"soc", "pack_voltage"} <= set(reading.values):
                return reading
        raise AssertionError("no whole reading")
    finally:
        stop.set()
        thread.join(10)
        listening.join(10)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_battery_of_every_dialect_on_a_bus(dialect):
    where, options = f"can:virtual:lv-{dialect}", {"dialect": dialect}
    reading = first_reading("lv_can", where, options, options, 500_000)
    assert reading.values["soc"] == pytest.approx(50, abs=1)


def test_a_battery_behind_an_adapter():
    options = {"profile": "jk", "address": "3"}
    reading = first_reading("can", "pty", options, options, 250_000)
    assert reading.values["soc"] == pytest.approx(50, abs=1)
    assert reading.asset == "b1"


@pytest.mark.parametrize(
    ("code", "options", "reason"),
    [
        ("can", {"profile": "nothing"}, "there is no profile nothing"),
        ("can", {"profile": "jk", "address": "16"}, "address must be a number from 0 to 15"),
        ("lv_can", {"dialect": "byd"}, "dialect must be one of"),
        ("lv_can", {"speed": "fast"}, "speed must be a number"),
        ("sunspec", {"base": "1"}, "base must be one of"),
        ("sunspec", {"sign": "up"}, "sign must be one of"),
    ],
)
def test_impossible_wishes_are_refused(code, options, reason):
    with pytest.raises(OptionError, match=reason):
        load(code).serve(Pack(), "pty", threading.Event(), options, print)
