"""A Modbus link connects when needed, comes back by itself, and never storms."""

import socket
import threading

import pytest

from collector.drivers.base import RegisterRead
from collector.links.errors import LinkDown
from collector.links.modbus import READS, ModbusLink
from collector.links.spec import from_text, spec
from collector.registers.profile import load, names
from collector.simulators.base import load as load_simulator
from collector.simulators.pack import Pack

QUESTION = RegisterRead(1, 3, 0, 4)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def run(port: int) -> tuple[threading.Thread, threading.Event]:
    stop, up = threading.Event(), threading.Event()
    where = f"tcp:127.0.0.1:{port}"
    thread = threading.Thread(
        target=load_simulator("modbus").serve, args=(Pack(), where, stop, {}, lambda _: up.set())
    )
    thread.start()
    assert up.wait(10)
    return thread, stop


def test_an_unreachable_place_is_named_and_tried_less_and_less_often():
    clock = [100.0]
    port = free_port()
    link = ModbusLink(
        from_text(f"modbus-tcp:127.0.0.1:{port}"), lambda: 7, monotonic=lambda: clock[0]
    )
    for hold in (1, 2, 4, 8, 16, 32, 60, 60):
        with pytest.raises(LinkDown, match=f"modbus-tcp:127.0.0.1:{port} cannot be reached: .*ref"):
            link.read(QUESTION)
        clock[0] += hold - 0.5
        with pytest.raises(LinkDown, match=r"trying again in \d s"):
            link.read(QUESTION)
        clock[0] += 0.5
    thread, stop = run(port)
    try:
        assert len(link.read(QUESTION).values) == 4
    finally:
        link.close()
        stop.set()
        thread.join(10)


def test_it_comes_back_after_the_device_was_restarted():
    port = free_port()
    link = ModbusLink(from_text(f"modbus-tcp:127.0.0.1:{port}"), lambda: 7)
    for _ in range(2):
        thread, stop = run(port)
        try:
            assert link.read(QUESTION).ts == 7
        finally:
            stop.set()
            thread.join(10)
        with pytest.raises(LinkDown, match="broke"):
            link.read(QUESTION)
    link.close()


def test_a_port_that_does_not_exist():
    link = ModbusLink(from_text("modbus-rtu:/dev/does-not-exist:9600"), lambda: 7)
    with pytest.raises(LinkDown, match="No such file"):
        link.read(QUESTION)


def test_a_line_that_disappears_is_down(device):
    link = device("pty", Pack())
    link.read(QUESTION)
    link._client.socket.close()
    with pytest.raises(LinkDown):
        link.read(QUESTION)
    assert len(link.read(QUESTION).values) == 4


def test_the_pause_between_questions_is_kept():
    slept, clock = [], [100.0]
    port = free_port()
    thread, stop = run(port)
    given = {"kind": "modbus-tcp", "host": "127.0.0.1", "port": port, "pause": 0.15}
    link = ModbusLink(spec(given), lambda: 7, monotonic=lambda: clock[0], sleep=slept.append)
    try:
        link.read(QUESTION)
        assert slept == []
        clock[0] += 0.05
        link.read(QUESTION)
        assert slept == [pytest.approx(0.1)]
    finally:
        link.close()
        stop.set()
        thread.join(10)


def test_devices_may_share_a_link_from_their_own_threads(device):
    pack = Pack()
    link = device("tcp", pack)
    questions = [RegisterRead(1, 3, 16 + i, 4) for i in range(8)]
    expected = {question: link.read(question).values for question in questions}
    wrong = []

    def ask(question: RegisterRead) -> None:
        wrong.extend(1 for _ in range(20) if link.read(question).values != expected[question])

    threads = [threading.Thread(target=ask, args=(question,)) for question in questions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert wrong == []


def test_only_reads_are_ever_sent():
    assert set(READS) == {1, 2, 3, 4}
    sent = []

    def record(listener: socket.socket) -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            with line:
                while data := line.recv(260):
                    sent.append(data)
                    line.sendall(data[:4] + b"\x00\x03" + data[6:7] + bytes([data[7] | 0x80, 2]))

    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=record, args=(listener,), daemon=True)
    thread.start()
    link = ModbusLink(from_text(f"modbus-tcp:127.0.0.1:{listener.getsockname()[1]}"), lambda: 7)
    questions = [q for name in names() for q in load(name).reads(load(name).unit)]
    for question in questions:
        with pytest.raises(Exception, match="exception 2"):
            link.read(question)
    for function in (5, 6, 15, 16, 22, 23, 43):
        with pytest.raises(ValueError, match="never asked"):
            link.read(RegisterRead(1, function, 0, 1))
    with pytest.raises(ValueError, match="never asked"):
        link.read(RegisterRead(1, 3, 0, 126))
    with pytest.raises(ValueError, match="never asked"):
        link.read(RegisterRead(1, 1, 0, 2001))
    link.close()
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)
    assert len(sent) == len(questions)
    assert {len(data) for data in sent} == {12}
    assert {data[7] for data in sent} <= {1, 3, 4}
