"""JSON as gateways write it: strict, except that a number they do not have is no error.

Bridges written by hand say NaN for it, which is not JSON; here it becomes None, as null is.
"""

from typing import Any

from ..wire.errors import WireError
from ..wire.strict_json import loads

LARGEST = 1 << 20
"""Bytes of the largest document worth reading: a thousand cells with all their names fit ten
times."""


class BadDocumentError(ValueError):
    """These bytes are no document; `reason` is a short code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def parse(data: bytes) -> Any:
    """The document in these bytes; raises BadDocumentError."""
    if len(data) > LARGEST:
        raise BadDocumentError("too_long")
    try:
        return loads(data, constant=lambda name: None)
    except WireError as error:
        raise BadDocumentError("bad_json") from error
