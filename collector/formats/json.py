"""Documents of a gateway: one JSON document per line, or a file that is one document.

A line {"t":…,"document":…} carries the time at which it was received, UTC epoch milliseconds.
"""

from collections.abc import Iterator
from io import BytesIO
from itertools import chain
from typing import Any, BinaryIO

from ..drivers.base import Document, Garbage, Input
from ..wire.errors import WireError
from ..wire.strict_json import loads
from .base import Format

MAX_DOCUMENT = 4 << 20


def read(stream: BinaryIO) -> Iterator[Input]:
    """Documents at the recorded time; without times, one millisecond apart from 0."""
    head = stream.readline(MAX_DOCUMENT)
    if isinstance(_input(head, 0), Garbage):
        head += stream.read(MAX_DOCUMENT)
        if isinstance(whole := _input(head, 0), Document):
            yield whole
            return
    ts = 0
    for line in chain(BytesIO(head), iter(lambda: stream.readline(MAX_DOCUMENT), b"")):
        if line.strip():
            item = _input(line, ts + 1)
            ts = item.ts
            yield item


def _input(data: bytes, ts: int) -> Document | Garbage:
    try:
        document: Any = loads(data)
    except WireError:
        return Garbage("bad_json", ts)
    if isinstance(document, dict) and document.keys() == {"t", "document"}:
        given = document["t"]
        if type(given) is int and 0 <= given < 1 << 47:
            return Document(document["document"], given)
    return Document(document, ts)


FORMAT = Format(
    "json", ("Documents d'une passerelle (JSON)", "Documents of a gateway (JSON)"), read
)
