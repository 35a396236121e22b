"""A line of bytes, whatever carries it, as a stream."""

from collections.abc import Sequence
from typing import Protocol

from ..clock import Now
from ..drivers.base import Bytes, Input

CHUNK = 4096
"""Most bytes read at once."""


class Line(Protocol):
    """Bytes in and out; raises LinkDown when it breaks."""

    def read(self, wait_s: float) -> bytes:
        """What came, waiting at most so long for the first of it; empty if nothing did."""

    def write(self, data: bytes) -> None: ...

    def close(self) -> None: ...


class LineLink:
    """Bytes as they come."""

    def __init__(self, line: Line, now: Now) -> None:
        self._line, self._now = line, now

    def receive(self, wait_s: float) -> Sequence[Input]:
        data = self._line.read(wait_s)
        return [Bytes(data, self._now())] if data else []

    def send(self, data: bytes) -> None:
        self._line.write(data)

    def close(self) -> None:
        self._line.close()
