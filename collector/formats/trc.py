"""PEAK trace files, versions 1.0 to 2.1, as PCAN-View and PCAN-Explorer write them.

Each message is `number) offset …`: milliseconds since the start, then columns that depend on the
version (in 2.x the header may list them). Source: PEAK-System, PCAN trace file formats.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

from ..drivers.base import CanFrame, Garbage, Input
from ._lines import lines
from .base import Format

COLUMNS = {
    "1.0": "NOILD",
    "1.1": "NOTILD",
    "1.2": "NOBTILD",
    "1.3": "NOBTIRLD",
    "2.0": "NOTIdLD",
    "2.1": "NOTBIdRLD",
}
"""As the 2.x header names them: number, offset, type, bus, identifier, direction, reserved, length
and data."""

FD_TYPES = frozenset({"FD", "FB", "FE", "BI"})
STATUS_TYPES = frozenset({"ST", "EC", "EV", "Warng"})
ERROR_TYPES = frozenset({"ER", "Error"})
EPOCH_DAY = 25569
"""1970-01-01 in days since 1899-12-30, the origin of $STARTTIME."""

_HEADER = re.compile(r";\$(FILEVERSION|STARTTIME|COLUMNS)=(\S+)")
_BYTES = re.compile("(?:[0-9A-Fa-f]{2} ?)*")


def read(stream: BinaryIO) -> Iterator[Input]:
    """Frames at the recorded time, whose zone the file does not tell: taken as UTC.

    A file without start time begins at 0. Status rows are left out.
    """
    start, columns, ts = 0.0, COLUMNS["1.0"], 0
    for line in lines(stream):
        if header := _HEADER.match(line):
            name, text = header.groups()
            if name == "STARTTIME":
                start = _start(text)
            elif name == "FILEVERSION":
                columns = COLUMNS.get(text, columns)
            else:
                columns = text.replace(",", "").replace("l", "L")
        elif line and not line.startswith(";"):
            row = _row(line, columns)
            try:
                ts = max(0, round(start + float(row["O"])))
                item = _item(row, ts)
            except (KeyError, ValueError, OverflowError):
                item = Garbage("bad_trc_line", ts)
            if item:
                yield item


def _start(text: str) -> float:
    """Epoch milliseconds of a $STARTTIME; 0 if it is not one."""
    try:
        days = float(text)
    except ValueError:
        return 0.0
    return (days - EPOCH_DAY) * 86_400_000 if EPOCH_DAY <= days < 1e6 else 0.0


def _row(line: str, columns: str) -> dict[str, str]:
    """Letter to text; data, the last column, keeps its spaces."""
    return dict(zip(columns, line.split(None, len(columns) - 1), strict=False))


def _item(row: dict[str, str], ts: int) -> Input | None:
    kind, data = row.get("T", "Rx"), row.get("D", "").strip()
    if kind in STATUS_TYPES:
        return None
    if kind in FD_TYPES:
        return Garbage("fd_frame", ts)
    if kind in ERROR_TYPES:
        return CanFrame(0, b"", ts, error=True)
    identifier, length = int(row["I"], 16), int(row["L"])
    extended = len(row["I"]) > 4
    if identifier > (0x1FFF_FFFF if extended else 0x7FF):
        return Garbage("bad_identifier", ts)
    if kind == "RR" or data.startswith("RTR"):
        return CanFrame(identifier, b"", ts, extended, remote=True)
    if not _BYTES.fullmatch(data) or len(payload := bytes.fromhex(data)) != length or length > 8:
        return Garbage("bad_length", ts)
    return CanFrame(identifier, payload, ts, extended)


FORMAT = Format("trc", ("Trace PEAK", "PEAK trace"), read)
