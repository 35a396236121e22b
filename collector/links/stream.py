"""The stream contract: a connection that is read until it breaks, and which kind opens which."""

from collections.abc import Sequence
from typing import Protocol

from ..clock import Now
from ..drivers.base import Input, Request
from .can import CanLink
from .line import LineLink
from .serial import SerialLine
from .slcan import SlcanLink
from .spec import LinkSpec
from .tcp import TcpLine


class Stream(Protocol):
    """A connection that is read until it breaks; raises LinkDown when it does."""

    def receive(self, wait_s: float) -> Sequence[Input]:
        """What came, waiting at most so long for the first of it."""

    def send(self, request: Request) -> None: ...

    def close(self) -> None: ...


def open_stream(link: LinkSpec, now: Now) -> Stream:
    """Connect a link that is not asked; raises LinkDown if that is impossible at the moment."""
    settings = link.settings
    if link.kind == "can":
        return CanLink(settings, now)
    if link.kind == "slcan":
        line, acknowledge = SerialLine(settings), settings["acknowledge"]
        return SlcanLink(line, settings["bitrate"], now, acknowledge=acknowledge)
    if link.kind == "websocket":
        from .websocket import WebSocketLink  # not at the top: few sites need its library

        return WebSocketLink(settings, now)
    if link.kind == "tcp":
        return LineLink(TcpLine(settings["host"], settings["port"]), now)
    return LineLink(SerialLine(settings), now)
