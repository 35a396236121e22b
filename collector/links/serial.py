"""A serial port."""

from collections.abc import Mapping
from typing import Any

from .errors import broken, unusable
from .line import CHUNK


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
            raise unusable(self._port, error) from error

    def read(self, wait_s: float) -> bytes:
        try:
            self._line.timeout = wait_s
            first = self._line.read(1)
            return first + self._line.read(min(self._line.in_waiting, CHUNK)) if first else b""
        except (self._error, OSError, TypeError) as error:
            # pyserial raises TypeError when another thread has closed the port
            raise broken(self._port, error) from error

    def write(self, data: bytes) -> None:
        try:
            self._line.write(data)
        except (self._error, OSError) as error:
            raise broken(self._port, error) from error

    def close(self) -> None:
        self._line.close()
