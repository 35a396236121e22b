"""RTU behind a gateway that passes bytes on, adapters that hear themselves, and bits."""

import socket
import threading
from contextlib import contextmanager

import pytest

from collector.drivers.base import RegisterRead
from collector.links.errors import BadAnswer, LinkDown, LinkTimeout
from collector.links.modbus import ModbusLink
from collector.links.spec import spec
from collector.protocols.checks import with_crc16
from collector.simulators.terminal import terminal

WORDS = RegisterRead(7, 3, 100, 4)
COILS = RegisterRead(7, 1, 0x1200, 20)


def rtu(question: bytes) -> bytes:
    """A device that answers words with their addresses, and bits with every third set."""
    unit, function = question[0], question[1]
    first, count = int.from_bytes(question[2:4], "big"), int.from_bytes(question[4:6], "big")
    if function in (1, 2):
        bits = sum(1 << i for i in range(count) if (first + i) % 3 == 0)
        data = bits.to_bytes(-(-count // 8), "little")
    else:
        data = b"".join((first + i).to_bytes(2, "big") for i in range(count))
    return with_crc16(bytes((unit, function, len(data))) + data)


@contextmanager
def gateway(answer, timeout=0.3):
    """A link through a TCP server that answers each RTU frame with answer(number, frame)."""
    listener = socket.create_server(("127.0.0.1", 0))
    heard = []

    def serve() -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            with line:
                while data := line.recv(8):
                    heard.append(data)
                    line.sendall(answer(len(heard), data))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    place = {"host": "127.0.0.1", "port": listener.getsockname()[1], "timeout": timeout}
    link = ModbusLink(spec({"kind": "modbus-rtu-tcp", **place}), lambda: 9)
    link.heard = heard
    try:
        yield link
    finally:
        link.close()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


@contextmanager
def line(answer):
    """The same on a pseudo-terminal."""
    stop = threading.Event()
    with terminal() as port:

        def serve() -> None:
            rest = b""
            while not stop.is_set():
                rest += port.read(0.05)
                while len(rest) >= 8:
                    port.write(answer(1, rest[:8]))
                    rest = rest[8:]

        thread = threading.Thread(target=serve)
        thread.start()
        link = ModbusLink(
            spec({"kind": "modbus-rtu", "port": port.path, "timeout": 0.5}), lambda: 9
        )
        try:
            yield link
        finally:
            link.close()
            stop.set()
            thread.join(5)


@pytest.mark.parametrize("connected", [gateway, line])
def test_words_and_bits(connected):
    with connected(lambda number, question: rtu(question)) as link:
        assert link.read(WORDS).values == (100, 101, 102, 103)
        assert link.read(COILS).values == tuple(int((0x1200 + i) % 3 == 0) for i in range(20))
        assert link.read(RegisterRead(7, 2, 0, 3)).values == (1, 0, 0)


@pytest.mark.parametrize("connected", [gateway, line])
@pytest.mark.parametrize("read", [WORDS, COILS, RegisterRead(7, 4, 3, 2)])
def test_an_adapter_that_hears_itself(connected, read):
    with connected(lambda number, question: question + rtu(question)) as link:
        for _ in range(3):
            assert len(link.read(read).values) == read.count


def test_what_comes_unasked_is_thrown_away():
    """An answer to another question, one behind: never taken for this one."""
    with gateway(lambda number, question: rtu(question) + rtu(question)) as link:
        for address in (100, 200, 300):
            assert link.read(RegisterRead(7, 3, address, 4)).values[0] == address


def test_silence_is_a_timeout_and_what_follows_is_read():
    with gateway(lambda number, question: b"" if number == 1 else rtu(question)) as link:
        with pytest.raises(LinkTimeout):
            link.read(WORDS)
        assert link.read(WORDS).values[0] == 100


def test_an_answer_of_another_unit():
    strange = gateway(lambda number, question: rtu(b"\x08" + question[1:]))
    with strange as link, pytest.raises(BadAnswer):
        link.read(WORDS)


def test_too_few_bits_are_no_answer():
    short = gateway(lambda number, question: rtu(question[:5] + b"\x08"))
    with short as link, pytest.raises(BadAnswer):
        link.read(COILS)


def test_a_gateway_that_is_gone():
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    listener.close()
    link = ModbusLink(spec({"kind": "modbus-rtu-tcp", "host": "127.0.0.1", "port": port}), int)
    with pytest.raises(LinkDown, match="cannot be reached"):
        link.read(WORDS)
