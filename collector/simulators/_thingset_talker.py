"""A simulated Libre Solar device on CAN: its reports, and the answer to a request.

v21.0 to v23.1, and a charge controller, say one value a frame and leave out what does not fit; the
main branch says everything in one report of many frames.
"""

import json
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import cbor2

from ..drivers._libresolar_bms import NUMBERS, OLD_NUMBERS
from ..drivers._libresolar_mppt import NUMBERS as MPPT_NUMBERS
from ..drivers.base import CanFrame
from ..protocols.isotp import CONTINUE
from ..protocols.thingset import CONTENT
from ..protocols.thingset_binary import REPORT
from ..protocols.thingset_can import FIRST, GATEWAY, LAST, NEXT, OLD_VALUE, PART, VALUE, question
from ._mppt_device import ChargeController
from ._thingset_device import Device

NODE = 0x22
LIVE, MEAS = 0x31, 0x07
BEATS_PER_REPORT = 10
FRAME = 8


@dataclass(slots=True)
class Talker:
    """See `_can_serving.Talker`."""

    device: Device
    publishes: bool
    pace: float
    _rest: list[bytes] = field(default_factory=list)

    def beat(self, number: int, passed_s: float) -> Iterable[CanFrame]:
        self.device.pack.step(passed_s * self.pace)
        return () if not self.publishes or number % BEATS_PER_REPORT else self.frames()

    def frames(self) -> Iterator[CanFrame]:
        """The report of a second."""
        values = self._values()
        if self.device.name == "main":
            yield from _parts(bytes((REPORT,)) + cbor2.dumps(LIVE) + _map(values))
            return
        kind = OLD_VALUE if self.device.name == "v21.0" else VALUE
        for number, value in values.items():
            if len(data := _cbor(value)) <= FRAME:
                yield CanFrame(kind << 24 | number << 8 | NODE, data, 0, extended=True)

    def answer(self, frame: CanFrame) -> Iterable[CanFrame]:
        """ISO-TP: the first part when asked for the measurements, the rest when told to go on."""
        asked = question(NODE, MEAS)
        if frame.id != asked.id or not frame.extended:
            return ()
        if frame.data[:3] == CONTINUE:
            said, self._rest = self._rest, []
            return [_response(data) for data in said]
        if frame.data != asked.data or self.device.name in ("v21.0", "mppt"):
            return ()
        message = bytes((CONTENT,)) + cbor2.dumps(None) + _map(self._values())
        pieces = [message[at : at + 7] for at in range(6, len(message), 7)]
        self._rest = [bytes((0x20 | n % 16,)) + piece for n, piece in enumerate(pieces, 1)]
        return [_response(struct.pack(">H", 0x1000 | len(message)) + message[:6])]

    def _values(self) -> dict[int, Any]:
        """By number, what it says unasked."""
        if isinstance(self.device, ChargeController):
            told, numbers = self.device.reported().items(), MPPT_NUMBERS
            items = {f"{group}/{name}": text for group, its in told for name, text in its.items()}
        else:
            numbers = OLD_NUMBERS if self.device.name == "v21.0" else NUMBERS
            items = self.device.measured()
        named: Mapping[str, int] = {name: number for number, name in numbers.items()}
        if "rBatTemp_degC" in items:
            named = {**named, "rBatTemp_degC": named["rCellTemps_degC"]}
        return {named[name]: json.loads(text) for name, text in items.items() if name in named}


def _parts(message: bytes) -> Iterator[CanFrame]:
    pieces = [message[at : at + FRAME] for at in range(0, len(message), FRAME)]
    for sequence, piece in enumerate(pieces):
        position = FIRST if sequence == 0 else LAST if sequence == len(pieces) - 1 else NEXT
        number = PART << 24 | position << 12 | sequence % 16 << 8 | NODE
        yield CanFrame(number, piece, 0, extended=True)


def _response(data: bytes) -> CanFrame:
    return CanFrame(question(GATEWAY, MEAS).id & ~0xFF | NODE, data, 0, extended=True)


def _map(values: Mapping[int, Any]) -> bytes:
    """Of indefinite length, as the firmware writes it."""
    pairs = (cbor2.dumps(number) + _cbor(value) for number, value in values.items())
    return b"\xbf" + b"".join(pairs) + b"\xff"


def _cbor(value: Any) -> bytes:
    """Numbers with decimals have 32 bits in the firmware."""
    if isinstance(value, float):
        return b"\xfa" + struct.pack(">f", value)
    if isinstance(value, list):
        return b"\x9f" + b"".join(map(_cbor, value)) + b"\xff"
    return cbor2.dumps(value)
