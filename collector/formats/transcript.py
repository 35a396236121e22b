"""A conversation on a serial line, one JSON object a line, with times.

    {"t": 1767225600.25, "tx": "3f4d6561730a"}      sent to the device: skipped
    {"t": 1767225600312, "rx": "3a38352034320d0a"}  received: bytes in hexadecimal

`t` is epoch seconds, or epoch milliseconds from 1e11 on (1973 in milliseconds, 5138 in seconds).
"""

from collections.abc import Iterator
from typing import Any, BinaryIO

from ..drivers.base import Bytes, Garbage, Input
from ..wire.errors import WireError
from ..wire.strict_json import loads
from .base import Format

LONGEST = 1 << 20
MILLISECONDS_FROM = 1e11
LATEST = 1 << 47


def read(stream: BinaryIO) -> Iterator[Input]:
    ts = 0
    while line := stream.readline(LONGEST):
        if not line.strip():
            continue
        item = _item(line, ts)
        if item is not None:
            ts = item.ts
            yield item


def _item(line: bytes, before: int) -> Input | None:
    try:
        entry = loads(line.strip())
    except WireError:
        return Garbage("bad_line", before)
    if not isinstance(entry, dict):
        return Garbage("bad_line", before)
    if "rx" not in entry:
        return None if "tx" in entry else Garbage("no_bytes", before)
    ts = _milliseconds(entry.get("t"))
    if ts is None:
        return Garbage("bad_time", before)
    try:
        return Bytes(bytes.fromhex(entry["rx"]), ts)
    except (TypeError, ValueError):
        return Garbage("bad_bytes", ts)


def _milliseconds(t: Any) -> int | None:
    if isinstance(t, bool) or not isinstance(t, int | float):
        return None
    ts = round(t if t >= MILLISECONDS_FROM else t * 1000)
    return ts if 0 <= ts < LATEST else None


FORMAT = Format(
    "transcript", ("Relevé daté d'une ligne série", "Timed transcript of a serial line"), read
)
