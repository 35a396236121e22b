"""A CAN interface that stutters, vanishes or leaves the bus, as python-can tells it.

The interface is a python-can bus of its own kind, registered like any other: what it raises is what
the interfaces that come with the library raise.
"""

import threading

import pytest

from collector.clock import Clock
from collector.config import Device
from collector.devices import Listener
from collector.drivers.base import CanFrame, Garbage, load
from collector.links.errors import LinkDown
from collector.links.spec import from_text, spec
from collector.links.stream import open_stream
from collector.simulators._foxbms_frames import frames
from collector.simulators.pack import Pack, PackSpec

can = pytest.importorskip("can")

SCRIPTS: dict[str, list] = {}
OPENED: list[dict] = []


class ScriptedBus(can.BusABC):
    """Gives, and raises, what its channel's script says; then nothing."""

    def __init__(self, channel, **kwargs):
        OPENED.append(kwargs)
        self._script = SCRIPTS[channel]
        if self._script and self._script[0] == "absent":
            self._script.pop(0)
            raise can.CanInitializationError("no such interface")
        super().__init__(channel)

    def _recv_internal(self, timeout):
        step = self._script.pop(0) if self._script else None
        if isinstance(step, Exception):
            raise step
        return step, True

    def send(self, msg, timeout=None):
        raise AssertionError("nothing is ever sent")

    @property
    def state(self):
        return can.BusState.ERROR if SCRIPTS.get("state") else can.BusState.ACTIVE


@pytest.fixture(autouse=True)
def scripted(monkeypatch):
    known = can.util.VALID_INTERFACES | {"scripted"}
    monkeypatch.setattr(can.util, "VALID_INTERFACES", known)
    monkeypatch.setitem(can.interfaces.BACKENDS, "scripted", (__name__, "ScriptedBus"))
    SCRIPTS.clear()
    OPENED.clear()


def now():
    return 7


def frame(identifier=0x123, data=b"\1", **more):
    return can.Message(arbitration_id=identifier, data=data, is_extended_id=False, **more)


def opened(*script):
    SCRIPTS["bus"] = list(script)
    return open_stream(from_text("can:scripted:bus"), now)


GOOD = CanFrame(0x123, b"\1", 7)


def test_a_frame_that_cannot_be_read_costs_that_frame():
    stream = opened(frame(), ValueError("not hexadecimal"), frame(), IndexError(), frame())
    bad = Garbage("bad_frame", 7)
    assert stream.receive(0.1) == [GOOD, bad, GOOD, bad, GOOD]
    stream.close()


def test_a_frame_of_another_length_than_it_says():
    stream = opened(frame(dlc=3), frame(dlc=12, data=bytes(12), is_fd=True), frame())
    items = [Garbage("bad_length", 7), Garbage("fd_frame", 7), GOOD]
    assert stream.receive(0.1) == items
    stream.close()


def test_an_interface_that_only_raises_is_opened_anew():
    stream = opened(*[ValueError()] * 1000)
    with pytest.raises(LinkDown, match="nothing that can be read"):
        stream.receive(0.1)
    stream.close()


@pytest.mark.parametrize("error", [can.CanOperationError("Network is down"), OSError("gone")])
def test_an_interface_that_vanishes(error):
    stream = opened(error)
    with pytest.raises(LinkDown, match="broke"):
        stream.receive(0.1)
    stream.close()


@pytest.mark.parametrize("told", ["by a frame", "by its state"])
def test_bus_off_is_told_with_what_to_check(told):
    script = [can.Message(arbitration_id=0x40, is_error_frame=True)] if told == "by a frame" else []
    SCRIPTS["state"] = [] if script else [1]
    stream = opened(*script)
    with pytest.raises(LinkDown, match="bus-off.*120 ohms"):
        stream.receive(0.1)
    stream.close()


def test_another_error_frame_is_only_a_frame():
    stream = opened(can.Message(arbitration_id=0x4, is_error_frame=True, dlc=8), frame())
    items = stream.receive(0.1)
    assert [(item.error, item.id) for item in items] == [(True, 4), (False, 0x123)]
    stream.close()


def test_reception_comes_back_by_itself(monkeypatch):
    monkeypatch.setattr("collector.devices.pause_after", lambda failures: 0.01)
    pack = Pack(PackSpec(cells=4, temperatures=2))
    script = SCRIPTS["bus"] = ["absent", *_messages(pack)]
    script += [can.Message(arbitration_id=0x40, is_error_frame=True), "absent", "absent"]
    script += [*_messages(pack), can.CanOperationError("Network is down"), *_messages(pack)]
    stop, heard = threading.Event(), []

    def take(reading):
        heard.append(reading)
        if len(heard) == 3:
            stop.set()

    options = {"cells": 4, "temperatures": 2}
    device = Device("A", load("foxbms"), options, from_text("can:scripted:bus"), 1.0)
    thread = threading.Thread(target=Listener(device, Clock(), take, stop).run)
    thread.start()
    assert stop.wait(10)
    thread.join()
    assert len(OPENED) == 6
    assert all(len(reading.arrays["cell_voltage"]) == 4 for reading in heard[:3])


def _messages(pack):
    return [
        can.Message(arbitration_id=item.id, data=item.data, is_extended_id=False)
        for beat in range(10)
        for item in frames(pack, "1.11", beat)
    ]


def test_adapters_are_told_to_stay_silent_unless_they_must_acknowledge(monkeypatch):
    given = []

    def bus(**arguments):
        given.append(arguments)
        raise can.CanInitializationError("no such adapter")

    monkeypatch.setattr(can, "Bus", bus)
    for acknowledge in (False, True):
        for interface in ("pcan", "kvaser", "slcan", "socketcan"):
            link = {"kind": "can", "interface": interface, "channel": "0"}
            with pytest.raises(LinkDown, match="cannot be opened"):
                open_stream(spec({**link, "acknowledge": acknowledge}), now)
    usual = [set(arguments) - {"interface", "channel", "bitrate"} for arguments in given]
    assert usual == [{"state"}, {"driver_mode"}, {"listen_only"}, set(), set(), set(), set(), set()]
    assert given[0]["state"] is can.BusState.PASSIVE


@pytest.mark.parametrize("interface", ["nothing", "kvaser", "vector"])
def test_an_interface_whose_library_is_missing_is_named(interface):
    with pytest.raises(LinkDown, match=f"{interface}:0 cannot be opened"):
        open_stream(from_text(f"can:{interface}:0"), now)
