"""A bus is listened to. A BMS that only answers is asked if two settings allow it, and then only
what the profiles that come with the collector hold."""

import threading
from queue import Queue

import can
import pytest

from collector.clock import Clock
from collector.config import Device
from collector.devices import Listener
from collector.drivers.base import CanFrame, OptionError, load
from collector.links.errors import LinkDown
from collector.links.spec import spec
from collector.links.stream import open_stream
from collector.simulators.base import load as load_simulator
from collector.simulators.pack import Pack, PackSpec

COMMANDS = (0x50, 0x94, 0x93, 0x91, 0x92, 0x95, 0x96, 0x97, 0x90, 0x98)
NOW = 1_790_000_000_000


def test_all_that_may_ever_be_sent_is_a_constant():
    assert load("can").sends == {
        CanFrame(0x18000040 | command << 16 | board << 8, bytes(8), 0, extended=True)
        for command in COMMANDS
        for board in range(1, 16)
    }


def test_nothing_is_asked_unless_the_driver_is_told_to():
    driver = load("can")
    assert driver.decoder("b1", {"profile": "daly"}).requests(NOW) == ()
    asked = driver.decoder("b1", {"profile": "daly", "transmit": "yes", "address": 2}).requests(NOW)
    assert [frame.id for frame in asked] == [0x18000240 | c << 16 for c in COMMANDS]
    assert set(asked) <= driver.sends
    assert driver.decoder("b1", {"profile": "jk", "transmit": "yes"}).requests(NOW) == ()


def test_a_file_of_the_site_cannot_ask(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        'title = "t"\nsource = "s"\n[[message]]\nid = 1\nneeded = true\n[[request]]\nid = 0x7DF\n'
    )
    with pytest.raises(OptionError, match="only a profile that comes with the collector may ask"):
        load("can").decoder("b1", {"profile": str(path)})


def test_an_address_that_no_pack_has_is_refused():
    with pytest.raises(OptionError, match="address is 1 to 15"):
        load("can").decoder("b1", {"profile": "daly", "address": "0"})


def link(kind: str, place: str, *, acknowledge: bool):
    where = {"port": place} if kind == "slcan" else {}
    if kind == "can":
        interface, channel = place.split(":")
        where = {"interface": interface, "channel": channel}
    return spec({"kind": kind, **where, "bitrate": 250_000, "acknowledge": acknowledge})


@pytest.fixture(params=[("can", "can:virtual:daly-test"), ("slcan", "pty")], ids=["can", "slcan"])
def daly(request):
    """(kind of link, where it is) of a simulated board that answers when it is asked."""
    kind, where = request.param
    stop, places = threading.Event(), Queue()
    pack = Pack(PackSpec(cells=13, temperatures=2, soc=50))
    options = {"profile": "daly", "address": "2"}
    thread = threading.Thread(
        target=load_simulator("can").serve, args=(pack, where, stop, options, places.put)
    )
    thread.start()
    yield kind, places.get(timeout=10)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def test_a_board_is_asked_and_answers(daly):
    """Everything of it within a few rounds of questions."""
    stop, found = threading.Event(), []
    options = {"profile": "daly", "address": "2", "transmit": "yes"}
    device = Device("b1", load("can"), options, link(*daly, acknowledge=True), 1.0)

    def take(reading):
        found.append(reading)
        if len(reading.arrays.get("cell_voltage", ())) == 13 and "soc" in reading.values:
            stop.set()

    listener = Listener(device, Clock(), take, stop)
    thread = threading.Thread(target=listener.run)
    thread.start()
    try:
        for _ in range(100):
            listener.ask()
            if stop.wait(0.1):
                break
    finally:
        stop.set()
        thread.join(10)
    assert len(found[-1].arrays["cell_voltage"]) == 13
    assert found[-1].values["soc"] == pytest.approx(50, abs=0.2)


def test_a_link_that_only_listens_sends_nothing(daly):
    question = next(iter(load("can").sends))
    stream = open_stream(link(*daly, acknowledge=False), lambda: NOW)
    try:
        with pytest.raises(LinkDown, match="only listened to, unless acknowledge"):
            stream.send(question)
    finally:
        stream.close()


def test_a_frame_goes_out_as_it_is():
    with can.Bus(interface="virtual", channel="ask-test") as bus:
        stream = open_stream(link("can", "virtual:ask-test", acknowledge=True), lambda: NOW)
        try:
            stream.send(CanFrame(0x18900140, bytes(8), 0, extended=True))
            with pytest.raises(LinkDown):
                stream.send(b"t1230\r")
            heard = bus.recv(5)
        finally:
            stream.close()
        assert (heard.arbitration_id, heard.is_extended_id, bytes(heard.data)) == (
            0x18900140,
            True,
            bytes(8),
        )
        assert bus.recv(0) is None
