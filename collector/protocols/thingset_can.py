"""ThingSet on CAN: reports of one value, of many frames, and overheard responses; no I/O.

29-bit identifiers, whose first byte says what a frame is and whose last is its sender:

    1E IIII SS    one value, bare CBOR, of object IIII (from v23.0)
    1F IIII SS    the same with the object numbers of v21.0
    1D BMSQ SS    a part of a report: bus, message number, position, sequence, sender
    18 BB TT SS   request or response, ISO-TP (18 DA, 1A DA in older versions)

Source: ThingSet specification (Apache-2.0), facts only.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ..drivers.base import CanFrame, Garbage
from . import isotp, thingset_binary
from .thingset import Message
from .thingset_binary import BinaryError

VALUE, OLD_VALUE, PART, EXCHANGE, OLD_EXCHANGE = 0x1E, 0x1F, 0x1D, 0x18, 0x1A
FIRST, NEXT, LAST, ONLY = range(4)
PATIENCE_MS = 1000
LONGEST = 4096
"""Bytes of the longest report worth waiting for."""
ADDRESSES = range(1, 0xFE)
GATEWAY = 0
"""The address we ask from."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a node. `is_old`: its number is one of firmware v21.0."""

    source: int
    number: int
    value: Any
    is_old: bool


@dataclass(frozen=True, slots=True)
class Told:
    """A whole report, or a response that was asked for by `target`."""

    source: int
    message: Message
    target: int | None = None


@dataclass(slots=True)
class _Report:
    since: int
    sequence: int
    data: bytearray = field(default_factory=bytearray)


class Bus:
    """What the frames of a bus say, of all nodes at once."""

    def __init__(self) -> None:
        self._reports: dict[tuple[int, int], _Report] = {}
        self._transfers = isotp.Transfers()

    def feed(self, frame: CanFrame) -> Iterator[Value | Told | Garbage]:
        """What this frame says, or completes; foreign frames say nothing."""
        if not frame.extended or frame.remote or frame.error:
            return
        kind, source = frame.id >> 24, frame.id & 0xFF
        try:
            if kind in (VALUE, OLD_VALUE):
                number, found = frame.id >> 8 & 0xFFFF, thingset_binary.value(frame.data)
                yield Value(source, number, found, kind == OLD_VALUE)
            elif kind == PART:
                if data := self._gathered(frame, source):
                    yield from _told(source, data, None)
            elif kind in (EXCHANGE, OLD_EXCHANGE):
                yield from self._overheard(frame, source)
        except BinaryError as error:
            yield Garbage(error.reason, frame.ts)

    def _overheard(self, frame: CanFrame, source: int) -> Iterator[Told]:
        """A response, ours or not; other protocols use these identifiers, too."""
        target = frame.id >> 8 & 0xFF
        if data := self._transfers.feed((source, target), frame.data, frame.ts):
            with suppress(BinaryError):
                yield from _told(source, data, target)

    def _gathered(self, frame: CanFrame, source: int) -> bytes | None:
        """The report that this part completes. Parts that do not follow spoil theirs."""
        key = source, frame.id >> 14 & 3
        position, sequence = frame.id >> 12 & 3, frame.id >> 8 & 0xF
        report = self._reports.pop(key, None)
        if position == ONLY:
            return frame.data
        if position == FIRST:
            self._reports[key] = _Report(frame.ts, sequence, bytearray(frame.data))
            if report is not None:
                raise BinaryError("cut_short")
            return None
        if report is None:
            return None  # its first part came before we listened
        follows = sequence == (report.sequence + 1) % 16
        if not follows or not 0 <= frame.ts - report.since <= PATIENCE_MS:
            raise BinaryError("part_lost")
        report.sequence = sequence
        report.data += frame.data
        if len(report.data) > LONGEST:
            raise BinaryError("too_long")
        if position == LAST:
            return bytes(report.data)
        self._reports[key] = report
        return None


def question(target: int, group: int) -> CanFrame:
    """Ask a node for all values of a group; its answer comes in parts, see `go_on`."""
    return _to(target, isotp.single(thingset_binary.get(group)))


def go_on(target: int) -> CanFrame:
    """Let a node send the rest of its answer."""
    return _to(target, isotp.CONTINUE)


def begins(frame: CanFrame) -> int | None:
    """The node whose answer to us this frame is the first part of."""
    ours = frame.extended and frame.id >> 8 == EXCHANGE << 16 | GATEWAY
    return frame.id & 0xFF if ours and frame.data[:1] and frame.data[0] >> 4 == 1 else None


def _to(target: int, data: bytes) -> CanFrame:
    return CanFrame(EXCHANGE << 24 | target << 8 | GATEWAY, data, 0, extended=True)


def _told(source: int, data: bytes, target: int | None) -> Iterator[Told]:
    message = thingset_binary.parse(data)
    if message is not None:
        yield Told(source, message, target)
