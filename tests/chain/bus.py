"""A recorded CAN bus, over and over, behind an SLCAN adapter plugged into a pseudo-terminal."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from collector.drivers._foxbms_layouts import Message
from collector.drivers.base import CanFrame
from collector.drivers.foxbms import LAYOUTS
from collector.formats.base import load
from collector.signals.signal import Signal
from collector.simulators._slcan_adapter import Adapter
from collector.simulators.foxbms import BIT_RATE
from collector.simulators.terminal import terminal
from tests.requirement import shared

BREATH_MS = 100
"""Between the end of a recording and its beginning."""

Change = Callable[[CanFrame], CanFrame]


def recorded(name: str) -> list[CanFrame]:
    """The frames of a recording of a foxBMS."""
    code = {"log": "candump", "trc": "trc"}[name.rsplit(".", 1)[1]]
    with shared("reference/data/foxbms", name).open("rb") as stream:
        return [item for item in load(code).read(stream) if isinstance(item, CanFrame)]


class Bus:
    """Frames at their recorded pace until `close`; `path` is the port a collector opens.

    What `change` returns is sent instead of what was recorded; `changed` then holds the time, in
    epoch seconds, at which the first frame that is different was written.
    """

    def __init__(self, frames: Sequence[CanFrame]) -> None:
        self._frames, self._stop, self._silent = frames, threading.Event(), threading.Event()
        self._adapter, self._change = Adapter(BIT_RATE), lambda frame: frame
        self.changed: float | None = None
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        assert ready.wait(10)

    def close(self) -> None:
        self._stop.set()
        self._thread.join(10)

    def silence(self) -> None:
        """Nothing more is on the bus."""
        self._silent.set()

    def speak(self) -> None:
        self._silent.clear()

    def change(self, change: Change) -> None:
        """Send frames as `change` makes them, from now on."""
        self.changed, self._change = None, change

    def _run(self, ready: threading.Event) -> None:
        with terminal() as port:
            self.path = port.path
            ready.set()
            while not self._stop.is_set():
                self._once(port)

    def _once(self, port) -> None:
        first, began = self._frames[0].ts, time.monotonic()
        for frame in self._frames:
            self._answer(port, began + (frame.ts - first) / 1000)
            if self._stop.is_set():
                return
            self._send(port, frame)
        self._answer(port, time.monotonic() + BREATH_MS / 1000)

    def _answer(self, port, until: float) -> None:
        """Answer the computer's commands until then."""
        while (left := until - time.monotonic()) > 0 and not self._stop.is_set():
            if commands := port.read(min(left, 0.1)):
                port.write(self._adapter.receive(commands))

    def _send(self, port, frame: CanFrame) -> None:
        if self._silent.is_set():
            return
        sent = self._change(frame)
        line = self._adapter.hear(sent, int(time.monotonic() * 1000))
        if line and port.write(line) and sent is not frame and self.changed is None:
            self.changed = time.time()


def with_cell(generation: str, number: int, volts: float) -> Change:
    """Makes cell `number`, from 1, say `volts`."""
    layout = LAYOUTS[generation]

    def change(frame: CanFrame) -> CanFrame:
        message = layout.messages.get(frame.id)
        if message is None or message.role != "cells":
            return frame
        word = int.from_bytes(frame.data, layout.order)
        group, at = divmod(number - 1, len(message.items))
        if message.selector.raw(word) != group:
            return frame
        return _rewritten(frame, generation, message.items[at][0], volts)

    return change


def with_value(generation: str, role: str, name: str, value: float) -> Change:
    """Makes a signal of the messages of this role say `value`."""
    layout = LAYOUTS[generation]

    def change(frame: CanFrame) -> CanFrame:
        message: Message | None = layout.messages.get(frame.id)
        if message is None or message.role != role:
            return frame
        return _rewritten(frame, generation, message.signals[name], value)

    return change


def _rewritten(frame: CanFrame, generation: str, signal: Signal, value: float) -> CanFrame:
    order = LAYOUTS[generation].order
    word = int.from_bytes(frame.data, order)
    field = ((1 << signal.length) - 1) << signal.shift
    return replace(frame, data=(word & ~field | signal.place(value)).to_bytes(8, order))
