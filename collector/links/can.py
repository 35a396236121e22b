"""A CAN bus, by any interface that python-can knows.

Interfaces differ in how they fail. Whatever they raise while they are opened or read becomes a
LinkDown, after which the bus is opened anew; a single frame that they cannot read costs that frame.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from ..clock import Now
from ..drivers.base import CanFrame, Garbage, Input, Request
from .errors import LinkDown, broken, listening_only, unusable

FRAMES_AT_ONCE = 256
LONGEST_FRAME = 8
SEND_WITHIN_S = 0.2
BUS_OFF = 0x40
"""In the identifier of a SocketCAN error frame: the controller has left the bus (linux/can/error.h,
CAN_ERR_BUSOFF)."""
LISTENING: Mapping[str, Mapping[str, Any]] = {
    "cantact": {"monitor": True},
    "kvaser": {"driver_mode": False},
    "pcan": {"state": "PASSIVE"},
    "seeedstudio": {"operation_mode": "silent"},
    "slcan": {"listen_only": True},
    "systec": {"state": "PASSIVE"},
}
"""How python-can is told not to acknowledge frames, where it is the one to be told."""


class CanLink:
    """Any bus python-can knows. Only one that may acknowledge frames can be asked something."""

    def __init__(self, settings: Mapping[str, Any], now: Now) -> None:
        import can  # not at the top: commands without a bus must start fast

        self._error, self._gone, self._now = can.CanError, can.BusState.ERROR, now
        self._name = f"{settings['interface']}:{settings['channel']}"
        self._message, self._may_send = can.Message, settings["acknowledge"]
        try:
            self._bus = can.Bus(**_arguments(settings, can.BusState))
        except Exception as error:
            # an adapter whose maker's library is not installed raises anything, NameError included
            raise unusable(self._name, error) from error

    def receive(self, wait_s: float) -> Sequence[Input]:
        items: list[Input] = []
        while len(items) < FRAMES_AT_ONCE:
            try:
                message = self._bus.recv(0 if items else wait_s)
            except (ValueError, IndexError):
                items.append(Garbage("bad_frame", self._now()))
                continue
            except (self._error, OSError) as error:
                raise broken(self._name, error) from error
            if message is None:
                break
            items.append(_input(message, self._now()))
            if message.is_error_frame and message.arbitration_id & BUS_OFF:
                raise self._bus_off()
        if not items and self._bus.state is self._gone:
            raise self._bus_off()
        if len(items) == FRAMES_AT_ONCE and all(isinstance(item, Garbage) for item in items):
            raise LinkDown(
                f"{self._name} ne donne plus rien de lisible",
                f"{self._name} gives nothing that can be read any more",
            )
        return items

    def send(self, request: Request) -> None:
        if not (self._may_send and isinstance(request, CanFrame)):
            raise listening_only()
        message = self._message(
            arbitration_id=request.id, data=request.data, is_extended_id=request.extended
        )
        try:
            self._bus.send(message, SEND_WITHIN_S)
        except (self._error, OSError) as error:
            raise broken(self._name, error) from error

    def close(self) -> None:
        with suppress(self._error, OSError):  # the interface may be gone
            self._bus.shutdown()

    def _bus_off(self) -> LinkDown:
        return LinkDown(
            f"{self._name} : le contrôleur s'est retiré du bus (bus-off) ; vérifier les fils, les "
            "deux terminaisons de 120 ohms et le débit",
            f"{self._name}: the controller has left the bus (bus-off); check the wires, the two "
            "terminations of 120 ohms and the bit rate",
        )


def _arguments(settings: Mapping[str, Any], states: Any) -> dict[str, Any]:
    """What python-can is given; what it needs besides stands in its own configuration file."""
    arguments = {name: settings[name] for name in ("interface", "channel", "bitrate")}
    if not settings["acknowledge"]:
        arguments |= LISTENING.get(settings["interface"], {})
    if "state" in arguments:
        arguments["state"] = states[arguments["state"]]
    return arguments


def _input(message: Any, ts: int) -> Input:
    if message.is_fd or message.dlc > LONGEST_FRAME:
        return Garbage("fd_frame", ts)
    carries = not (message.is_remote_frame or message.is_error_frame)
    if carries and len(message.data) != message.dlc:
        return Garbage("bad_length", ts)
    return CanFrame(
        message.arbitration_id,
        bytes(message.data),
        ts,
        extended=message.is_extended_id,
        remote=message.is_remote_frame,
        error=message.is_error_frame,
    )
