"""Links: where bytes and frames come from. They connect, read, and say clearly why they cannot.

A link never transmits on its own: a CAN bus is only listened to, an SLCAN adapter is opened
listen-only, and a line sends what its driver's `sends` lists and nothing else.
"""

import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol

from . import slcan
from .drivers.base import Bytes, CanFrame, Garbage, Input
from .link_errors import LinkDown
from .words import say

Now = Callable[[], int]
CHUNK = 4096
FRAMES_AT_ONCE = 256
CONNECT_TIMEOUT = 10.0


class LinkConfigError(ValueError):
    """A link is described in a way it cannot be; the text is for the technician."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a kind of link is called and can be told.

    serves    driver links it can carry (`Driver.link`)
    settings  name to (type, default); a default of `...` means that it must be given
    short     names of the settings in the one-word form, `kind:first:second`
    """

    serves: str
    settings: Mapping[str, tuple[type, Any]]
    short: tuple[str, ...]


_SERIAL = {"port": (str, ...), "baud": (int, 115_200), "parity": (str, "N"), "stop_bits": (int, 1)}
_TIMING = {"timeout": (float, 1.0), "pause": (float, 0.0)}
KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "can": Kind(
            "can",
            {"interface": (str, "socketcan"), "channel": (str, ...), "bitrate": (int, 500_000)},
            ("interface", "channel", "bitrate"),
        ),
        "slcan": Kind("can", {**_SERIAL, "bitrate": (int, 500_000)}, ("port", "bitrate", "baud")),
        "serial": Kind("serial", _SERIAL, ("port", "baud")),
        "tcp": Kind("serial", {"host": (str, ...), "port": (int, ...)}, ("host", "port")),
        "modbus-tcp": Kind(
            "modbus", {"host": (str, ...), "port": (int, 502), **_TIMING}, ("host", "port")
        ),
        "modbus-rtu": Kind("modbus", {**_SERIAL, "baud": (int, 9600), **_TIMING}, ("port", "baud")),
    }
)


@dataclass(frozen=True, slots=True)
class LinkSpec:
    """A link as configured: its kind and every setting, defaults included."""

    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        short = (self.settings[name] for name in KINDS[self.kind].short)
        return ":".join(map(str, (self.kind, *short)))

    def __hash__(self) -> int:
        return hash((self.kind, tuple(sorted(self.settings.items()))))


class Stream(Protocol):
    """A connection that is read until it breaks; raises LinkDown when it does."""

    def receive(self, wait_s: float) -> Sequence[Input]:
        """What came, waiting at most so long for the first of it."""

    def send(self, data: bytes) -> None: ...

    def close(self) -> None: ...


def spec(given: Mapping[str, Any]) -> LinkSpec:
    """Check a description; raises LinkConfigError with what is wrong and what would be right."""
    kind = given.get("kind")
    if kind not in KINDS:
        raise LinkConfigError(say("link.kind", known=", ".join(KINDS), given=kind))
    known = KINDS[kind].settings
    if unknown := sorted(set(given) - set(known) - {"kind"}):
        raise LinkConfigError(
            say("link.unknown", kind=kind, name=unknown[0], known=", ".join(known))
        )
    return LinkSpec(kind, {name: _setting(kind, name, given) for name in known})


def from_text(text: str) -> LinkSpec:
    """The one-word form, `slcan:/dev/ttyACM0:500000`; what is left out has its default."""
    kind, *parts = text.split(":")
    if kind not in KINDS:
        raise LinkConfigError(say("link.kind", known=", ".join(KINDS), given=kind))
    names = KINDS[kind].short
    if len(parts) > len(names):
        raise LinkConfigError(say("link.short", kind=kind, form=":".join((kind, *names))))
    given: dict[str, Any] = {"kind": kind}
    for name, part in zip(names, parts, strict=False):
        if part:
            given[name] = _number(name, part, KINDS[kind].settings[name][0])
    return spec(given)


def open_stream(link: LinkSpec, now: Now) -> Stream:
    """Connect a link that is not Modbus; raises LinkDown if that is impossible at the moment."""
    settings = link.settings
    if link.kind == "can":
        return CanLink(settings, now)
    if link.kind == "slcan":
        return SlcanLink(SerialLine(settings), settings["bitrate"], now)
    if link.kind == "tcp":
        return LineLink(TcpLine(settings["host"], settings["port"]), now)
    return LineLink(SerialLine(settings), now)


class CanLink:
    """Any bus python-can knows; only ever listened to."""

    def __init__(self, settings: Mapping[str, Any], now: Now) -> None:
        import can  # not at the top: commands without a bus must start fast

        self._error, self._now = can.CanError, now
        try:
            self._bus = can.Bus(**settings)
        except (can.CanError, OSError, ValueError) as error:
            name = f"{settings['interface']} {settings['channel']}"
            raise LinkDown(f"the CAN bus {name} cannot be opened: {error}") from error

    def receive(self, wait_s: float) -> Sequence[Input]:
        try:
            items: list[Input] = []
            message = self._bus.recv(wait_s)
            while message is not None:
                items.append(_input(message, self._now()))
                if len(items) == FRAMES_AT_ONCE:
                    break
                message = self._bus.recv(0)
        except (self._error, OSError) as error:
            raise LinkDown(f"the CAN bus broke: {error}") from error
        return items

    def send(self, data: bytes) -> None:
        raise LinkDown("a CAN bus is only listened to")

    def close(self) -> None:
        self._bus.shutdown()


class SerialLine:
    """A serial port, for ourselves alone."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        import serial

        self._port, self._error = settings["port"], serial.SerialException
        try:
            self._line = serial.Serial(
                settings["port"],
                settings["baud"],
                parity=settings["parity"],
                stopbits=settings["stop_bits"],
                timeout=0,
                write_timeout=2,
                exclusive=True,
            )
        except (serial.SerialException, OSError, ValueError) as error:
            raise LinkDown(f"{self._port} cannot be opened: {error}") from error

    def read(self, wait_s: float) -> bytes:
        try:
            self._line.timeout = wait_s
            first = self._line.read(1)
            return first + self._line.read(min(self._line.in_waiting, CHUNK)) if first else b""
        except (self._error, OSError, TypeError) as error:
            # pyserial raises TypeError when another thread has closed the port
            raise LinkDown(f"{self._port} broke: {error}") from error

    def write(self, data: bytes) -> None:
        try:
            self._line.write(data)
        except (self._error, OSError) as error:
            raise LinkDown(f"{self._port} broke: {error}") from error

    def close(self) -> None:
        self._line.close()


class TcpLine:
    """A serial line behind a network gateway."""

    def __init__(self, host: str, port: int) -> None:
        self._name = f"{host}:{port}"
        try:
            self._socket = socket.create_connection((host, port), timeout=CONNECT_TIMEOUT)
        except OSError as error:
            raise LinkDown(f"{self._name} cannot be reached: {error}") from error
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def read(self, wait_s: float) -> bytes:
        try:
            self._socket.settimeout(max(wait_s, 0.001))
            data = self._socket.recv(CHUNK)
        except TimeoutError:
            return b""
        except OSError as error:
            raise LinkDown(f"{self._name} broke: {error}") from error
        if not data:
            raise LinkDown(f"{self._name} closed the connection")
        return data

    def write(self, data: bytes) -> None:
        try:
            self._socket.settimeout(CONNECT_TIMEOUT)
            self._socket.sendall(data)
        except OSError as error:
            raise LinkDown(f"{self._name} broke: {error}") from error

    def close(self) -> None:
        self._socket.close()


class LineLink:
    """Bytes as they come."""

    def __init__(self, line: SerialLine | TcpLine, now: Now) -> None:
        self._line, self._now = line, now

    def receive(self, wait_s: float) -> Sequence[Input]:
        data = self._line.read(wait_s)
        return [Bytes(data, self._now())] if data else []

    def send(self, data: bytes) -> None:
        self._line.write(data)

    def close(self) -> None:
        self._line.close()


class SlcanLink:
    """A CAN adapter on a serial port, opened so that it stays silent on the bus."""

    def __init__(self, line: SerialLine, bit_rate: int, now: Now) -> None:
        self._line, self._now, self._parser = line, now, slcan.Parser()
        line.write(slcan.listening(bit_rate))

    def receive(self, wait_s: float) -> Sequence[Input]:
        data = self._line.read(wait_s)
        return list(self._parser.feed(data, self._now())) if data else []

    def send(self, data: bytes) -> None:
        raise LinkDown("a CAN bus is only listened to")

    def close(self) -> None:
        with suppress(LinkDown):  # the adapter may be gone, and its channel with it
            self._line.write(slcan.CLOSE)
        self._line.close()


def _input(message: Any, ts: int) -> Input:
    if message.is_fd:
        return Garbage("fd_frame", ts)
    return CanFrame(
        message.arbitration_id,
        bytes(message.data),
        ts,
        extended=message.is_extended_id,
        remote=message.is_remote_frame,
        error=message.is_error_frame,
    )


def _setting(kind: str, name: str, given: Mapping[str, Any]) -> Any:
    wanted, default = KINDS[kind].settings[name]
    if name not in given:
        if default is ...:
            raise LinkConfigError(say("link.needs", kind=kind, name=name))
        return default
    value = given[name]
    if wanted is float and type(value) is int:
        value = float(value)
    if type(value) is not wanted:
        raise LinkConfigError(say(_WORD[wanted], name=name, given=repr(value)))
    if wanted is not str and value < 0:
        raise LinkConfigError(say("link.negative", name=name))
    if name == "parity" and value not in ("N", "E", "O"):
        raise LinkConfigError(say("link.parity"))
    if kind == "slcan" and name == "bitrate" and value not in slcan.BIT_RATES:
        known = ", ".join(map(str, slcan.BIT_RATES))
        raise LinkConfigError(say("link.bitrate", known=known))
    return value


_WORD = {int: "link.whole", float: "link.number", str: "link.text"}


def _number(name: str, text: str, wanted: type) -> Any:
    try:
        return wanted(text)
    except ValueError:
        raise LinkConfigError(say(_WORD[wanted], name=name, given=text)) from None
