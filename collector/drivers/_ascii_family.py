"""What Pylontech, Seplos V2 and PACE have in common: the conversation, cells, status bytes.

An answer does not say what it answers. It is taken for one to the open question, and in a recording
for the first layout it fits; a layout that an answer does not fit exactly refuses it, so that a
late answer about values is not taken for one about alarms.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ..protocols.ascii_hex import Message, Messages, encode
from ..protocols.exchange import Question
from ..protocols.fields import Fields, TooShort
from ..wire.alarms import Alarm
from ._alarm_bits import named
from ._polled import Answer, Parts, Polled, Refused, sign

CID1 = 0x46
VALUES, ALARMS, LIMITS = 0x42, 0x44, 0x92
SUBJECTS = {VALUES: "values", ALARMS: "alarms", LIMITS: "limits"}
KELVIN = 2731
MAX_CELLS, MAX_SENSORS = 32, 32
STATUSES = (0x00, 0x01, 0x02, 0xF0)

Known = tuple[float | None, ...]
"""Numbers of cells or sensors, None where one is not known."""
Layout = Callable[[bytes], Mapping[str, Any]]
"""INFO of an answer to its part of a reading; raises Refused or TooShort."""


def requests(
    version: int, addresses: Sequence[int], commands: Sequence[int], cid1: int = CID1
) -> dict[tuple[int, int], bytes]:
    """Each question by address and command; its content is the address."""
    return {
        (address, command): encode(Message(version, address, cid1, command, bytes((address,))))
        for address in addresses
        for command in commands
    }


class AsciiPacks(Polled):
    """`layouts` by command, the strictest first, `optional` ones last."""

    PATIENCE_MS = 1000

    def __init__(
        self,
        asset: str,
        options: Mapping[str, Any],
        questions: Mapping[tuple[int, int], bytes],
        layouts: Mapping[int, Layout],
        optional: frozenset[int] = frozenset(),
    ) -> None:
        sends, poll = frozenset(questions.values()), options["poll"] == "yes"
        super().__init__(asset, options["address"], Messages(), sends, poll)
        self._questions, self._layouts, self._optional = questions, layouts, optional
        self._sign = sign(options)

    def cycle(self, address: int) -> Iterator[Question]:
        for command in self._layouts:
            frame = self._questions[address, command]
            yield Question(frame, address, SUBJECTS[command], command in self._optional)

    def echo(self, frame: Message) -> bool:
        return encode(frame) in self._sends

    def answer(self, frame: Message) -> Answer:
        if frame.code:
            mine = self.asked is not None and self.asked.address == frame.address
            raise Refused(f"code_{frame.code:02x}", ends=mine)
        for command, layout in self._layouts.items():
            if self.asked is not None and SUBJECTS[command] != self.asked.what:
                continue
            try:
                return Answer(frame.address, SUBJECTS[command], layout(frame.info))
            except (TooShort, Refused):
                continue
        raise Refused("other_layout")

    def reading(self, address: int, parts: Parts) -> Mapping[str, Any]:
        merged: dict[str, Any] = {"values": {}, "arrays": {}, "states": {}, "alarms": ()}
        for part in parts.values():
            for kind in ("values", "arrays", "states"):
                merged[kind].update(part.get(kind, {}))
            merged["alarms"] += tuple(part.get("alarms", ()))
        if "current" in merged["values"]:
            merged["values"]["current"] *= self._sign
        return merged


def measured(info: bytes) -> tuple[Fields, Known, Known]:
    """An answer to 0x42: what follows its cells (V) and temperatures (°C), and those."""
    fields = Fields(info)
    fields.take(2)
    cells = _volts(fields.counted(2))
    return fields, cells, _celsius(fields.counted(2))


def judged(info: bytes) -> tuple[Fields, Sequence[int], Sequence[int]]:
    """An answer to 0x44: what follows the statuses of its cells and of its sensors, and those."""
    fields = Fields(info)
    fields.take(2)
    cells = statuses(fields.counted())
    return fields, cells, statuses(fields.counted())


def _volts(words: Sequence[int]) -> Known:
    """Cells from millivolts; refuses what cannot be a count of cells."""
    if not 1 <= len(words) <= MAX_CELLS:
        raise Refused("bad_count")
    return tuple(mv / 1000 if mv not in (0, 0xFFFF) else None for mv in words)


def _celsius(words: Sequence[int]) -> Known:
    """Temperatures from tenths of kelvin."""
    if len(words) > MAX_SENSORS:
        raise Refused("bad_count")
    return tuple((raw - KELVIN) / 10 if raw not in (0, 0xFFFF) else None for raw in words)


def filled(values: Mapping[str, float | None]) -> dict[str, float]:
    """Without what is unknown, and with the state of charge that the capacities give."""
    found = {code: value for code, value in values.items() if value is not None}
    remaining, full = found.get("capacity_remaining"), found.get("capacity_full")
    if "soc" not in found and remaining is not None and full:
        found["soc"] = min(100.0, 100 * remaining / full)
    return found


def statuses(data: Sequence[int]) -> Sequence[int]:
    """The bytes, if each is one that stands for a status."""
    if not set(data) <= set(STATUSES):
        raise Refused("bad_status")
    return data


def beyond(driver: str, data: Sequence[int], low: str, high: str) -> Iterator[Alarm]:
    """Cells or sensors under (01) or over (02) their limit, or with another fault (F0)."""
    names = {0x01: low, 0x02: high, 0xF0: f"vendor:{low.partition('_')[0]}_fault"}
    for index, status in enumerate(statuses(data)):
        if status:
            yield named(driver, names[status], index)


def one(driver: str, status: int, low: str, high: str) -> Iterator[Alarm]:
    """The same of the pack as a whole."""
    for found in beyond(driver, (status,), low, high):
        yield Alarm(found.code, found.severity)
