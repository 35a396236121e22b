"""A late, foreign or damaged answer is never taken for the answer to a question."""

import socket
import struct
import threading
from contextlib import contextmanager

import pytest

from collector.drivers.base import RegisterRead
from collector.links.errors import BadAnswer, LinkDown, LinkTimeout
from collector.links.modbus import ModbusLink
from collector.links.spec import from_text, spec
from collector.registers.profile import load as load_profile
from collector.simulators.modbus import reading_of
from collector.simulators.pack import Pack

CELLS = RegisterRead(1, 3, 16, 8)
MORE_CELLS = RegisterRead(1, 3, 24, 8)


def words_of(pack: Pack, question: RegisterRead) -> tuple[int, ...]:
    words = load_profile("generic").map.encode(reading_of(pack))
    return tuple(words.get((3, question.address + i), 0) for i in range(question.count))


@pytest.mark.parametrize("transport", ["tcp", "pty"])
def test_late_answers_are_dropped_even_if_they_look_right(device, transport):
    pack = Pack()
    expected = {question: words_of(pack, question) for question in (CELLS, MORE_CELLS)}
    assert expected[CELLS] != expected[MORE_CELLS]
    link = device(transport, pack, timeout=0.2, fault="delay", fault_value="0.3", fault_every="3")
    right = late = 0
    for question in (CELLS, MORE_CELLS) * 5:
        try:
            assert link.read(question).values == expected[question]
            right += 1
        except LinkTimeout:
            late += 1
    assert right + late == 10
    assert right >= 4
    assert late >= 3


@pytest.mark.parametrize("transport", ["tcp", "pty"])
def test_a_device_whose_every_answer_comes_during_the_next_question_is_not_believed(
    device, transport
):
    pack, late = Pack(), 0
    link = device(transport, pack, timeout=0.1, fault="delay", fault_value="0.15")
    for question in (CELLS, MORE_CELLS) * 3:
        try:
            # a busy computer may look at the line so late that the answer is there, and right
            assert link.read(question).values == words_of(pack, question)
        except LinkTimeout:
            late += 1
    assert late >= 3


@pytest.mark.parametrize("transport", ["tcp", "pty"])
def test_an_answer_of_another_unit_is_refused(device, transport):
    link = device(transport, Pack(), timeout=0.3, fault="unit", fault_every="2")
    assert link.read(CELLS).unit == 1
    with pytest.raises(BadAnswer) as raised:
        link.read(CELLS)
    assert raised.value.reason == "garbled"
    assert link.read(CELLS).unit == 1


@pytest.mark.parametrize("transport", ["tcp", "pty"])
def test_an_exception_of_the_device_is_named(device, transport):
    link = device(
        transport, Pack(), timeout=0.2, fault="exception", fault_value="6", fault_every="2"
    )
    link.read(CELLS)
    with pytest.raises(BadAnswer, match="unit 1, function 3, 8 registers from 16: it is busy"):
        link.read(CELLS)
    link.read(MORE_CELLS)


@pytest.mark.parametrize("transport", ["tcp", "pty"])
def test_silence_is_a_timeout_however_long_it_lasts(device, transport):
    link = device(transport, Pack(), timeout=0.02, fault="silence")
    for _ in range(12):
        with pytest.raises(LinkTimeout, match=r"no answer within 0.02 s"):
            link.read(CELLS)


def test_on_a_line_a_doubtful_question_waits_until_its_old_answer_cannot_come(device):
    slept = []
    link = device("pty", Pack(), timeout=0.1, fault="silence")
    link._sleep = slept.append
    with pytest.raises(LinkTimeout):
        link.read(CELLS)
    with pytest.raises(LinkTimeout):
        link.read(RegisterRead(1, 3, 16, 7))
    assert all(wait < 0.03 for wait in slept)
    with pytest.raises(LinkTimeout):
        link.read(RegisterRead(1, 3, 0, 7))
    assert 0.05 < slept[-1] <= 0.1


@contextmanager
def answering(answer):
    """A server that answers each question with answer(transaction, unit, function, count).

    None: it hangs up.
    """
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            with line:
                while data := line.recv(260):
                    transaction, _, _, unit, function, _, count = struct.unpack(">HHHBBHH", data)
                    reply = answer(transaction, unit, function, count)
                    if reply is None:
                        break
                    line.sendall(reply)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def frame(transaction: int, unit: int, function: int, data: bytes) -> bytes:
    return struct.pack(">HHHBB", transaction, 0, 2 + len(data), unit, function) + data


def words(count: int) -> bytes:
    return bytes([2 * count]) + bytes(2 * count)


WRONG_ANSWERS = {
    "previous transaction": lambda t, u, f, n: frame(t - 1, u, f, words(n)),
    "no transaction": lambda t, u, f, n: frame(0, u, f, words(n)),
    "another unit": lambda t, u, f, n: frame(t, u + 1, f, words(n)),
    "another function": lambda t, u, f, n: frame(t, u, 4, words(n)),
    "too many": lambda t, u, f, n: frame(t, u, f, words(n + 1)),
    "too few": lambda t, u, f, n: frame(t, u, f, words(n - 1)),
    "half a register": lambda t, u, f, n: frame(t, u, f, bytes([2 * n - 1]) + bytes(2 * n - 1)),
    "more announced than sent": lambda t, u, f, n: frame(t, u, f, bytes([200, 1, 2])),
    "nothing in it": lambda t, u, f, n: frame(t, u, f, b""),
    "no such function": lambda t, u, f, n: frame(t, u, 99, words(n)),
    "cut": lambda t, u, f, n: frame(t, u, f, words(n))[:-3],
    "not Modbus": lambda t, u, f, n: b"HTTP/1.0 400 Bad Request\r\n\r\n",
    "late and damaged": lambda t, u, f, n: frame(t - 1, u, f, words(n))[:-3] + b"\xff" * 40,
}


@pytest.mark.parametrize("answer", WRONG_ANSWERS.values(), ids=WRONG_ANSWERS)
def test_what_is_no_answer_is_refused_and_the_next_question_starts_clean(answer):
    spoiled = True

    def answer_once(transaction, unit, function, count):
        if spoiled:
            return answer(transaction, unit, function, count)
        return frame(transaction, unit, function, words(count))

    with answering(answer_once) as port:
        link = ModbusLink(
            spec({"kind": "modbus-tcp", "host": "127.0.0.1", "port": port, "timeout": 0.1}),
            lambda: 7,
        )
        for _ in range(2):
            with pytest.raises(BadAnswer):
                link.read(CELLS)
        spoiled = False
        assert link.read(CELLS).values == (0,) * 8
        link.close()


def test_a_server_that_hangs_up_is_a_broken_link():
    with answering(lambda *_: None) as port:
        link = ModbusLink(from_text(f"modbus-tcp:127.0.0.1:{port}"), lambda: 7)
        for _ in range(2):
            with pytest.raises(LinkDown, match="broke"):
                link.read(CELLS)
        link.close()
