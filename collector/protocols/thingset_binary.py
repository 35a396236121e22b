"""The binary form of ThingSet: CBOR after a function or status byte, read and written; no I/O.

    1F <endpoint> <map>        a report: the subset's id or path, values by id or by name
    85 F6 <content>            a response of version 0.6
    85 <content>               one of version 0.5 and before
    01 <endpoint>              a request for everything at the endpoint

Source: ThingSet specification and its reference library (Apache-2.0), facts only.
"""

from collections.abc import Iterator
from decimal import Decimal
from io import BytesIO
from math import isfinite
from typing import Any

import cbor2

from .thingset import Message

REPORT, GET = 0x1F, 0x01
FIRST_RESPONSE = 0x80
DEEPEST = 8
MOST_ITEMS = 3
"""CBOR items that a message can have after its first byte."""


class BinaryError(ValueError):
    """The bytes are no message; `reason` is a short stable code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def parse(data: bytes) -> Message | None:
    """The report or response in these bytes, None for a request; raises BinaryError."""
    if not data:
        raise BinaryError("empty")
    if data[0] == REPORT:
        endpoint, content = _exactly(2, data[1:])
        path = f"{endpoint:X}" if type(endpoint) is int else str(endpoint)
        return Message(None, None, path, content, False)
    if data[0] < FIRST_RESPONSE:
        return None
    found = list(_items(data[1:]))
    node = found[0] if len(found) > 1 and isinstance(found[0], str) else None
    return Message(data[0], node, "", found[-1] if found else None, False)


def value(data: bytes) -> Any:
    """The first value in these bytes, whatever follows it; raises BinaryError."""
    (found,) = _exactly(1, data)
    return found


def get(group: int) -> bytes:
    """The request for all values of a group."""
    return bytes((GET,)) + cbor2.dumps(group)


def _exactly(count: int, data: bytes) -> list[Any]:
    """As many items, and whatever follows, be it padding, left out."""
    found = []
    for item in _items(data):
        found.append(item)
        if len(found) == count:
            return found
    raise BinaryError("malformed")


def _items(data: bytes) -> Iterator[Any]:
    stream = BytesIO(data)
    decoder = cbor2.CBORDecoder(stream, max_depth=DEEPEST, read_size=1)
    for _ in range(MOST_ITEMS):
        if stream.tell() == len(data):
            return
        try:
            yield _plain(decoder.decode())
        except (cbor2.CBORDecodeError, ValueError, TypeError, OverflowError) as error:
            raise BinaryError("malformed") from error


def _plain(item: Any) -> Any:
    """As JSON would have it: numbers, texts, lists and maps; anything else is unknown."""
    if isinstance(item, Decimal):
        return float(item) if isfinite(item) else None
    if isinstance(item, bool | int | str):
        return item
    if isinstance(item, float):
        return item if isfinite(item) else None
    if isinstance(item, list | tuple):
        return [_plain(element) for element in item]
    if isinstance(item, dict):
        keys = {key for key in item if isinstance(key, int | str) and not isinstance(key, bool)}
        return {key: _plain(item[key]) for key in item if key in keys}
    return None
