"""A Modbus connection that asks, one question at a time, and believes only the answer to it.

pymodbus does the framing. This is the only module that knows it, because its interface changes
between minor releases. Three rules of ours around it:

- Nothing is ever written to a device: the functions in READS are all there is.
- A late answer is never taken for the answer to a later question. Over TCP the connection is
  dropped whenever an answer is in doubt. On a serial line, behind a network gateway or not, nothing
  distinguishes two answers of the same shape: such a question is not repeated before the old answer
  can no longer come, and the line is emptied before each question.
- A question is asked once. Whether and when to ask again is for the caller, who knows the device;
  a place that cannot be reached is tried less and less often.
"""

import contextlib
import logging
import socket
import time
from collections.abc import Callable
from threading import Lock

from ..clock import Now
from ..drivers.base import RegisterRead, Registers
from ..words import Text
from .errors import BadAnswer, LinkDown, LinkTimeout, broken, unreachable
from .spec import LinkSpec

READS = {
    1: "read_coils",
    2: "read_discrete_inputs",
    3: "read_holding_registers",
    4: "read_input_registers",
}
"""Function code to the client's method: what a device is ever asked."""
MOST = {1: 2000, 2: 2000, 3: 125, 4: 125}
"""Bits or registers of one question."""
BITS = (1, 2)
RTU_GAP_S = 0.02
"""Least silence between two questions on a serial line: 3.5 characters at 2400 baud, and a bit."""
FIRST_HOLD_S, LONGEST_HOLD_S = 1.0, 60.0
EXCEPTIONS: dict[int, Text] = {
    1: ("il ne connaît pas cette fonction", "it does not know this function"),
    2: ("il n'a pas ces registres", "it has no such registers"),
    3: ("il ne donne pas autant de registres", "it does not answer so many registers"),
    4: ("il n'a pas réussi à les lire", "it failed to read them"),
    5: ("il lui faut plus de temps", "it needs more time"),
    6: ("il est occupé", "it is busy"),
    10: ("la passerelle n'a pas de chemin vers lui", "the gateway has no path to it"),
    11: ("la passerelle n'a pas eu sa réponse", "the gateway got no answer from it"),
}
UNKNOWN_REASON: Text = "une raison inconnue", "an unknown reason"

logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # it is all in our exceptions


class ModbusLink:
    """One connection, to be shared by all devices behind it; safe to use from several threads.

    It connects when it is first needed and again after it broke. `link` is a `modbus-tcp`,
    `modbus-rtu` or `modbus-rtu-tcp` link; its `timeout` is how long a device may take to answer,
    its `pause` the least time between an answer and the next question, both in seconds.
    """

    def __init__(
        self,
        link: LinkSpec,
        now: Now,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.link = link
        self._now, self._monotonic, self._sleep = now, monotonic, sleep
        self._serial = link.kind == "modbus-rtu"
        self._numbered = link.kind == "modbus-tcp"
        """Whether an answer says which question it answers."""
        self._timeout = link.settings["timeout"]
        gap = 0.0 if self._numbered else RTU_GAP_S
        self._pause = max(link.settings["pause"], gap)
        self._client = self._make_client()
        self._lock = Lock()
        self._quiet_until = 0.0
        self._doubtful: dict[tuple[int, int, int], float] = {}
        self._hold_s, self._held_until = FIRST_HOLD_S, 0.0
        self._down: LinkDown | None = None
        self._said = self._heard = b""

    def read(self, question: RegisterRead) -> Registers:
        """Ask and wait for the answer.

        Raises LinkDown without a connection, LinkTimeout without an answer, and BadAnswer for an
        exception of the device (`exception_2`) or for what is no answer to this question.
        """
        if not 1 <= question.count <= MOST.get(question.function, 0):
            raise ValueError(f"this is never asked: {question}")
        with self._lock:
            self._connect()
            self._settle(question)
            try:
                return self._ask(question)
            finally:
                self._quiet_until = self._monotonic() + self._pause

    def close(self) -> None:
        with self._lock:
            self._client.close()

    def _make_client(self):
        from pymodbus import FramerType
        from pymodbus.client import ModbusSerialClient, ModbusTcpClient

        settings = self.link.settings
        usual = {"timeout": self._timeout, "retries": 0, "trace_packet": self._trace}
        if not self._serial:
            framer = FramerType.SOCKET if self._numbered else FramerType.RTU
            return ModbusTcpClient(settings["host"], port=settings["port"], framer=framer, **usual)
        return ModbusSerialClient(
            settings["port"],
            baudrate=settings["baud"],
            parity=settings["parity"],
            stopbits=settings["stop_bits"],
            **usual,
        )

    def _trace(self, sending: bool, data: bytes) -> bytes:
        """What pymodbus sees: all that came since the question, without the question itself, which
        adapters that hear themselves hand back."""
        if sending:
            self._said, self._heard = data, b""
        elif not self._numbered and (data.startswith(self._said) or self._said.startswith(data)):
            data = self._heard = data[len(self._said) :]
        else:
            self._heard = data
        return data

    def _connect(self) -> None:
        if self._client.connected:
            return
        if self._down and (wait := self._held_until - self._monotonic()) > 0:
            raise LinkDown(
                f"{self._down.french} ; nouvel essai dans {wait:.0f} s",
                f"{self._down}; trying again in {wait:.0f} s",
            )
        try:
            self._client.socket = self._open()
        except (OSError, ValueError) as error:
            self._down = unreachable(str(self.link), error)
            self._held_until = self._monotonic() + self._hold_s
            self._hold_s = min(2 * self._hold_s, LONGEST_HOLD_S)
            raise self._down from error
        self._hold_s = FIRST_HOLD_S

    def _open(self):
        """As the client itself would, except that the reason of a failure is not lost."""
        settings = self.link.settings
        if not self._serial:
            place = settings["host"], settings["port"]
            line = socket.create_connection(place, timeout=self._timeout)
            line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            return line
        import serial

        return serial.Serial(
            settings["port"],
            settings["baud"],
            parity=settings["parity"],
            stopbits=settings["stop_bits"],
            timeout=self._timeout,
            write_timeout=self._timeout,
            inter_byte_timeout=self._client.inter_byte_timeout or None,
            exclusive=True,
        )

    def _settle(self, question: RegisterRead) -> None:
        """Wait until the line is quiet and no old answer can be taken for the next one."""
        ready = max(self._quiet_until, self._doubtful.pop(_shape(question), 0.0))
        if (wait := ready - self._monotonic()) > 0:
            self._sleep(wait)
        try:
            self._empty()
        except OSError as error:
            raise self._broken(error) from error

    def _empty(self) -> None:
        """Throw away what came unasked."""
        line = self._client.socket
        if self._serial:
            line.reset_input_buffer()
        elif not self._numbered:
            line.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while line.recv(4096):
                    pass

    def _ask(self, question: RegisterRead) -> Registers:
        from pymodbus.exceptions import ConnectionException, ModbusException

        ask = getattr(self._client, READS[question.function])
        self._heard = b""
        try:
            answer = ask(question.address, count=question.count, device_id=question.unit)
        except (ConnectionException, OSError) as error:
            raise self._broken(error) from error
        except ModbusException as error:
            raise self._unanswered(question) from error
        if answer.isError():
            if not self._numbered:
                self._hold(question)  # it may be the late answer to another question
            code = answer.exception_code
            french, english = EXCEPTIONS.get(code, UNKNOWN_REASON)
            raise _bad_answer(
                f"exception_{code}",
                question,
                f"{french} (exception {code})",
                f"{english} (exception {code})",
            )
        values = _values(answer, question)
        if values is None:
            self._doubt(question)
            raise _bad_answer(
                "wrong_answer", question, "une autre réponse est venue", "another answer came"
            )
        return Registers(question.unit, question.function, question.address, values, self._now())

    def _unanswered(self, question: RegisterRead) -> Exception:
        heard = self._heard
        self._doubt(question)
        if heard:
            shown = heard[:16].hex(" ")
            return _bad_answer(
                "garbled",
                question,
                f"ce qui est venu n'est pas une réponse : {shown}",
                f"what came is no answer: {shown}",
            )
        french, english = _asked(question)
        return LinkTimeout(
            f"{french} : aucune réponse en {self._timeout:g} s",
            f"{english}: no answer within {self._timeout:g} s",
        )

    def _doubt(self, question: RegisterRead) -> None:
        """The answer to this question may still come; make sure that it finds nobody."""
        if not self._numbered:
            self._hold(question)
        if not self._serial:
            self._client.close()

    def _hold(self, question: RegisterRead) -> None:
        self._doubtful[_shape(question)] = self._monotonic() + self._timeout

    def _broken(self, error: Exception) -> LinkDown:
        with contextlib.suppress(OSError):
            self._client.close()
        return broken(str(self.link), error)


def _values(answer, question: RegisterRead) -> tuple[int, ...] | None:
    """The words or bits, if the answer has the right number of them. Bits come in whole bytes."""
    if answer.dev_id != question.unit or answer.function_code != question.function:
        return None
    if question.function in BITS:
        whole = len(answer.bits) == -(-question.count // 8) * 8
        return tuple(map(int, answer.bits[: question.count])) if whole else None
    return tuple(answer.registers) if len(answer.registers) == question.count else None


def _shape(question: RegisterRead) -> tuple[int, int, int]:
    """What an answer on a serial line can be recognised by."""
    return question.unit, question.function, question.count


def _bad_answer(reason: str, question: RegisterRead, french: str, english: str) -> BadAnswer:
    ours, theirs = _asked(question)
    return BadAnswer(reason, f"{ours} : {french}", f"{theirs}: {english}")


def _asked(question: RegisterRead) -> Text:
    unit, function = question.unit, question.function
    return (
        f"unité {unit}, fonction {function}, {question.count} registres depuis {question.address}",
        f"unit {unit}, function {function}, {question.count} registers from {question.address}",
    )
