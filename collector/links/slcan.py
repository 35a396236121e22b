"""A serial CAN adapter that speaks SLCAN."""

from collections.abc import Sequence
from contextlib import suppress

from ..clock import Now
from ..drivers.base import CanFrame, Input, Request
from ..protocols import slcan
from .errors import LinkDown, listening_only
from .line import Line


class SlcanLink:
    """A CAN adapter on a serial port, opened so that it stays silent on the bus.

    With `acknowledge` it acknowledges the frames of others, where nobody else on the bus does, and
    can ask a BMS that does not talk by itself.
    """

    def __init__(self, line: Line, bit_rate: int, now: Now, *, acknowledge: bool = False) -> None:
        self._line, self._now, self._parser = line, now, slcan.Parser()
        self._may_send = acknowledge
        line.write(slcan.listening(bit_rate, acknowledge=acknowledge))

    def receive(self, wait_s: float) -> Sequence[Input]:
        data = self._line.read(wait_s)
        return list(self._parser.feed(data, self._now())) if data else []

    def send(self, request: Request) -> None:
        if not (self._may_send and isinstance(request, CanFrame)):
            raise listening_only()
        self._line.write(slcan.write(request))

    def close(self) -> None:
        with suppress(LinkDown):  # the adapter may be gone, and its channel with it
            self._line.write(slcan.CLOSE)
        self._line.close()
