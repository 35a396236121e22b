"""Documents of a gateway: one JSON document per line, or a file that is one document.

A line {"t":…,"document":…} carries the time at which it was received, UTC epoch milliseconds, and
one with "path" what the gateway was asked for.
"""

from collections.abc import Iterator
from io import BytesIO
from itertools import chain
from typing import BinaryIO

from ..drivers.base import Document, Garbage, Input
from ..protocols.document import LARGEST as MAX_DOCUMENT
from ..protocols.document import BadDocumentError, parse
from .base import Format

LINE = {"t", "path", "document"}


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
        document = parse(data)
    except BadDocumentError as error:
        return Garbage(error.reason, ts)
    if isinstance(document, dict) and {"t", "document"} <= document.keys() <= LINE:
        given, path = document["t"], document.get("path", "")
        if type(given) is int and 0 <= given < 1 << 47 and isinstance(path, str):
            return Document(document["document"], given, path)
    return Document(document, ts)


FORMAT = Format(
    "json", ("Documents d'une passerelle (JSON)", "Documents of a gateway (JSON)"), read
)
