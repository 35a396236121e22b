"""Answers of a Modbus device, one JSON object per line, as the collector's own capture writes them.

    {"t":1700000023003,"unit":1,"function":3,"address":256,"registers":[0,1280,0,5312]}
    {"t":1700000024003,"unit":1,"function":3,"address":1282,"exception":2}
    {"t":1700000025003,"unit":1,"function":3,"address":256,"error":"timeout"}

`t` is optional: UTC epoch milliseconds. The registers of functions 1 and 2 are bits, 0 or 1. Empty
lines and lines that begin with # are skipped.
"""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from ..drivers.base import Garbage, Input, Registers
from ..wire.errors import WireError
from ..wire.strict_json import loads
from ._lines import MAX_LINE
from .base import Format

MAX_WORDS = 125
MOST = {1: 2000, 2: 2000}
"""Of functions that read bits."""
_REASON = re.compile("[a-z0-9_]{1,32}")


def read(stream: BinaryIO) -> Iterator[Input]:
    """Answers at the recorded time; without times, one millisecond apart from 0."""
    ts = 0
    while line := stream.readline(MAX_LINE):
        if not line.strip() or line.lstrip().startswith(b"#"):
            continue
        try:
            record = loads(line)
        except WireError:
            yield Garbage("bad_json", ts)
            continue
        given = record.get("t") if isinstance(record, dict) else None
        ts = given if _whole(given, (1 << 47) - 1) else ts + 1
        yield _input(record, ts)


def _input(record: Any, ts: int) -> Input:
    if not isinstance(record, dict):
        return Garbage("bad_record", ts)
    if "exception" in record:
        code = record["exception"]
        return Garbage(f"exception_{code}" if _whole(code, 255) else "exception", ts)
    if "error" in record:
        reason = str(record["error"])
        return Garbage(reason if _REASON.fullmatch(reason) else "error", ts)
    place = [record.get(key) for key in ("unit", "function", "address")]
    words = record.get("registers")
    if not all(map(_whole, place, (255, 255, 0xFFFF))):
        return Garbage("bad_record", ts)
    if not isinstance(words, list) or not 1 <= len(words) <= MOST.get(place[1], MAX_WORDS):
        return Garbage("bad_registers", ts)
    if not all(_whole(word, 0xFFFF) for word in words):
        return Garbage("bad_registers", ts)
    return Registers(*place, tuple(words), ts)


def _whole(value: Any, most: int) -> bool:
    return type(value) is int and 0 <= value <= most


FORMAT = Format(
    "registers",
    ("Réponses de registres Modbus (lignes JSON)", "Modbus register answers (JSON lines)"),
    read,
)
