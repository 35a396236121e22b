"""The simulator on real transports: a pseudo-terminal with an SLCAN adapter, a CAN bus."""

import threading
from contextlib import contextmanager
from pathlib import Path
from queue import Queue

import can
import pytest
import serial

from collector.drivers.base import CanFrame, OptionError
from collector.drivers.foxbms import DRIVER
from collector.protocols import slcan
from collector.simulators.base import codes, load
from collector.simulators.pack import Pack, PackSpec


@contextmanager
def served(where: str, **options: str):
    addresses: Queue[str] = Queue()
    stop = threading.Event()
    pack = Pack(PackSpec(cells=8, temperatures=4))
    arguments = (pack, where, stop, options, addresses.put)
    thread = threading.Thread(target=load("foxbms").serve, args=arguments, daemon=True)
    thread.start()
    try:
        yield addresses.get(timeout=5)
    finally:
        stop.set()
        thread.join(timeout=5)
        assert not thread.is_alive()


def first_reading(frames):
    decoder = DRIVER.decoder("SIM-1", {"cells": 8, "temperatures": 4})
    for frame in frames:
        for reading in decoder.feed(frame):
            assert decoder.tally.bad == 0
            return reading
    raise AssertionError("no reading")


def test_an_adapter_on_a_serial_port(tmp_path):
    link = tmp_path / "bms"
    with served(f"pty:{link}") as address, serial.Serial(address, 115200, timeout=2) as port:
        assert Path(address).is_symlink()
        port.write(b"V\r" + slcan.listening(500_000))
        parser = slcan.Parser()

        def frames():
            while data := port.read(max(1, port.in_waiting)):
                yield from (f for f in parser.feed(data, 0) if isinstance(f, CanFrame))

        assert len(first_reading(frames()).arrays["cell_voltage"]) == 8
    assert not link.is_symlink()


def test_a_bus():
    with can.Bus(interface="virtual", channel="fox-test") as bus, served("can:virtual:fox-test"):

        def frames():
            while message := bus.recv(timeout=2):
                yield CanFrame(message.arbitration_id, bytes(message.data), 0)

        assert len(first_reading(frames()).arrays["cell_voltage"]) == 8


@pytest.mark.parametrize(
    ("where", "options"),
    [
        ("tcp:127.0.0.1:0", {}),
        ("pty", {"generation": "2"}),
        ("pty", {"speed": "fast"}),
        ("pty", {"speed": "0"}),
    ],
)
def test_what_cannot_be_served_is_refused(where, options):
    with pytest.raises(OptionError):
        load("foxbms").serve(Pack(), where, threading.Event(), options, lambda address: None)


@pytest.mark.parametrize("code", codes())
def test_simulators_are_named_like_their_files(code):
    simulator = load(code)
    assert simulator.code == code
    assert simulator.transports
    assert callable(simulator.serve)
