"""Links over real lines: what arrives, what breaks, and that nothing is sent which nobody meant."""

import os
import socket
import threading

import pytest

from collector.clock import Clock
from collector.config import Device
from collector.devices import Listener, pause_after
from collector.drivers import base as drivers
from collector.drivers.base import Bytes, CanFrame, Garbage
from collector.links.errors import LinkDown
from collector.links.spec import from_text
from collector.links.stream import open_stream
from collector.protocols import slcan
from collector.simulators.terminal import terminal


def now():
    return 1_790_000_000_000


def receive(stream, wanted=1):
    items = []
    for _ in range(50):
        items += stream.receive(0.1)
        if len(items) >= wanted:
            break
    return items


def test_a_serial_line_gives_bytes_and_is_ours_alone():
    with terminal() as port:
        stream = open_stream(from_text(f"serial:{port.path}:9600"), now)
        port.write(b"hello")
        items = receive(stream)
        assert b"".join(item.data for item in items) == b"hello"
        assert {type(item) for item in items} == {Bytes}
        with pytest.raises(LinkDown, match="cannot be opened"):
            open_stream(from_text(f"serial:{port.path}:9600"), now)
        stream.send(b"?Meas\n")
        assert port.read(1) == b"?Meas\n"
        stream.close()


def test_an_slcan_adapter_is_opened_to_listen_only():
    with terminal() as port:
        stream = open_stream(from_text(f"slcan:{port.path}:250000"), now)
        commands = port.read(1)
        assert b"S5" in commands
        assert slcan.LISTEN in commands
        assert slcan.OPEN not in commands
        port.write(b"\rt1232AABB\rgarbage\rT000001231FF\r")
        assert receive(stream, 3) == [
            CanFrame(0x123, b"\xaa\xbb", now()),
            Garbage("bad_slcan_line", now()),
            CanFrame(0x123, b"\xff", now(), extended=True),
        ]
        with pytest.raises(LinkDown, match="only listened"):
            stream.send(b"t1230\r")
        stream.close()
        assert port.read(1) == slcan.CLOSE


def test_a_can_bus_gives_every_kind_of_frame():
    can = pytest.importorskip("can")
    stream = open_stream(from_text("can:virtual:links"), now)
    with can.Bus(interface="virtual", channel="links") as bus:
        bus.send(can.Message(arbitration_id=0x233, data=b"\1\2", is_extended_id=False))
        bus.send(can.Message(arbitration_id=0x1FFFFFFF, is_remote_frame=True))
        bus.send(can.Message(arbitration_id=5, is_fd=True, data=bytes(12), is_extended_id=False))
        items = receive(stream, 3)
    assert items == [
        CanFrame(0x233, b"\1\2", now()),
        CanFrame(0x1FFFFFFF, b"", now(), extended=True, remote=True),
        Garbage("fd_frame", now()),
    ]
    with pytest.raises(LinkDown, match="only listened"):
        stream.send(b"")
    stream.close()


def test_a_line_that_is_closed_at_the_other_end_breaks():
    with socket.create_server(("127.0.0.1", 0)) as server:
        stream = open_stream(from_text(f"tcp:127.0.0.1:{server.getsockname()[1]}"), now)
        line, _ = server.accept()
        line.sendall(b"half a li")
        line.close()
        assert receive(stream)[0].data == b"half a li"
        with pytest.raises(LinkDown, match="closed"):
            receive(stream)
        stream.close()


def test_a_cable_that_is_pulled_breaks():
    device, port = os.openpty()
    stream = open_stream(from_text(f"serial:{os.ttyname(port)}"), now)
    os.close(port)
    os.close(device)
    with pytest.raises(LinkDown, match="broke"):
        receive(stream)
    stream.close()


@pytest.mark.parametrize(
    "text",
    ["serial:/dev/nothing", "slcan:/dev/nothing", "tcp:127.0.0.1:1", "can:socketcan:nothing0"],
)
def test_what_is_not_there_is_named(text):
    with pytest.raises(LinkDown) as caught:
        open_stream(from_text(text), now)
    assert text.split(":")[1] in str(caught.value)


def test_only_what_the_driver_lists_is_ever_sent():
    with terminal() as port:
        driver = drivers.load("libresolar")
        link = from_text(f"serial:{port.path}")
        stop, heard = threading.Event(), []
        listener = Listener(
            Device("A", driver, {"poll": "yes"}, link, 1.0), Clock(), heard.append, stop
        )
        listening = threading.Thread(target=listener.run)
        listening.start()
        sent = b""
        for _ in range(40):
            listener.ask()
            sent += port.read(0.05)
            if sent.count(b"\n") > 3:
                break
        stop.set()
        listening.join()
    assert sent
    assert {line + b"\n" for line in sent.split(b"\n")[:-1]} <= driver.sends


def test_pauses_grow_to_five_minutes():
    pauses = [pause_after(failures) for failures in range(1, 500)]
    assert pauses[:3] == [1, 4, 6]
    assert max(pauses) == 300
