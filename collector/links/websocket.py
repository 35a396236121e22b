"""Documents of a gateway as it pushes them over a WebSocket; nothing is sent but pings.

A gateway that answers no ping, or sends more at once than a document may have, loses the
connection; it is made again after a pause, as for any stream.
"""

import logging
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import reconnect

from ..clock import Now
from ..drivers.base import Document, Garbage, Input
from ..protocols import document
from . import gateway
from .errors import LinkDown, broken

PING = 10.0
"""Seconds between pings, and until one must be answered."""
CLOSING = 1.0
MESSAGES_AT_ONCE = 64
MESSAGES_AHEAD = 16

logging.getLogger("websockets").setLevel(logging.CRITICAL)  # its details hold the secret


class WebSocketLink:
    """One connection to a gateway."""

    def __init__(self, settings: Mapping[str, Any], now: Now) -> None:
        self._now, self._held = now, ExitStack()
        self._name = settings["url"].partition("?")[0]
        trusted = gateway.trust(settings) if settings["url"].startswith("wss:") else None
        try:
            connecting = _Straight(
                settings["url"],
                ssl=trusted,
                compression=None,
                additional_headers=gateway.headers(settings),
                user_agent_header=gateway.AGENT,
                proxy=None,
                open_timeout=settings["timeout"],
                ping_interval=PING,
                ping_timeout=PING,
                close_timeout=CLOSING,
                max_size=document.LARGEST,
                max_queue=MESSAGES_AHEAD,
            )
            self._socket = self._held.enter_context(connecting)
        except (OSError, WebSocketException, ValueError) as error:
            raise gateway.unreachable(self._name, error) from error

    def receive(self, wait_s: float) -> Sequence[Input]:
        items: list[Input] = []
        try:
            while len(items) < MESSAGES_AT_ONCE:
                items.append(_input(self._socket.recv(0 if items else wait_s), self._now()))
        except TimeoutError:
            pass
        except ConnectionClosed as error:
            if not items:
                raise broken(self._name, error) from error
        return items

    def send(self, data: bytes) -> None:
        raise LinkDown("une passerelle est seulement écoutée", "a gateway is only listened to")

    def close(self) -> None:
        self._held.close()


class _Straight(reconnect):
    """Connects where it was told to; a gateway that points elsewhere has not answered."""

    def process_redirect(self, exc: Exception) -> Exception:
        return exc


def _input(message: str | bytes, ts: int) -> Input:
    data = message.encode() if isinstance(message, str) else message
    try:
        return Document(document.parse(data), ts)
    except document.BadDocumentError as error:
        return Garbage(error.reason, ts)
