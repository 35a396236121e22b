"""Text written by candump: the log form, and the form it shows on a terminal with absolute times.

    (1700000023.003100) can0 220#1702000000000078
    (1700000023.003100)  can0  220   [8]  17 02 00 00 00 00 00 78

An identifier of 8 digits is extended; bit 29 of it marks an error frame. Source: can-utils.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

from ..drivers.base import CanFrame, Garbage, Input
from ._lines import lines
from .base import Format

ERROR_FRAME = 0x2000_0000
_HEX = "[0-9A-Fa-f]"
_TIME = r"\((\d{1,12})(?:\.(\d{1,9}))?\)"
_LOG = re.compile(rf"{_TIME}\s+\S+\s+({_HEX}{{3}}|{_HEX}{{8}})(#{{1,3}})(\S*)(?:\s+[RT])?")
_SCREEN = re.compile(
    rf"(?:{_TIME}\s+)?\S+\s+({_HEX}{{3}}|{_HEX}{{8}})\s+\[(\d+)\]"
    rf"((?:\s+{_HEX}{{2}})*|\s+remote request)(?:\s+(?:ERRORFRAME|'.*'))?"
)


def read(stream: BinaryIO) -> Iterator[Input]:
    """Frames at the recorded time; without times, one millisecond apart from 0."""
    ts = 0
    for line in lines(stream):
        if not line or line.startswith(("#", ";")):
            continue
        if match := _LOG.fullmatch(line):
            ts = _milliseconds(match[1], match[2])
            yield _logged(match[3], match[4], match[5], ts)
        elif match := _SCREEN.fullmatch(line):
            ts = _milliseconds(match[1], match[2]) if match[1] else ts + 1
            yield _shown(match[3], int(match[4]), match[5], ts)
        else:
            yield Garbage("bad_candump_line", ts)


def _milliseconds(seconds: str, fraction: str | None) -> int:
    return int(seconds) * 1000 + int(f"{fraction or ''}000"[:3])


def _logged(identifier: str, separator: str, data: str, ts: int) -> Input:
    if separator != "#":
        return Garbage("fd_frame", ts)
    if re.fullmatch("R[0-8]?", data):
        return _frame(identifier, b"", ts, remote=True)
    if not re.fullmatch(f"(?:{_HEX}{{2}})*", data):
        return Garbage("bad_data", ts)
    return _frame(identifier, bytes.fromhex(data), ts)


def _shown(identifier: str, length: int, data: str, ts: int) -> Input:
    if "remote" in data:
        return _frame(identifier, b"", ts, remote=True)
    received = bytes.fromhex(data)
    if len(received) != length:
        return Garbage("bad_length", ts)
    return _frame(identifier, received, ts)


def _frame(identifier: str, data: bytes, ts: int, remote: bool = False) -> Input:
    number, extended = int(identifier, 16), len(identifier) == 8
    if len(data) > 8:
        return Garbage("fd_frame" if len(data) <= 64 else "bad_length", ts)
    if extended and number & ERROR_FRAME:
        return CanFrame(number & 0x1FFF_FFFF, data, ts, extended=True, error=True)
    if number > (0x1FFF_FFFF if extended else 0x7FF):
        return Garbage("bad_identifier", ts)
    return CanFrame(number, data, ts, extended, remote)


FORMAT = Format("candump", ("Journal CAN de candump", "CAN log of candump"), read)
