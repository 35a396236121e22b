"""A CAN bus, by any interface that python-can knows."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..clock import Now
from ..drivers.base import CanFrame, Garbage, Input
from .errors import broken, listening_only, unusable

FRAMES_AT_ONCE = 256


class CanLink:
    """Any bus python-can knows; only ever listened to."""

    def __init__(self, settings: Mapping[str, Any], now: Now) -> None:
        import can  # not at the top: commands without a bus must start fast

        self._error, self._now = can.CanError, now
        self._name = f"{settings['interface']}:{settings['channel']}"
        try:
            self._bus = can.Bus(**settings)
        except (can.CanError, OSError, ValueError) as error:
            raise unusable(self._name, error) from error

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
            raise broken(self._name, error) from error
        return items

    def send(self, data: bytes) -> None:
        raise listening_only()

    def close(self) -> None:
        self._bus.shutdown()


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
