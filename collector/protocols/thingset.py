"""The text form of ThingSet, versions 0.3 to 0.6: one message a line; no I/O.

    #mLive {"Meas":{"rSOC_pct":55.0}} 97E6E7DE#     a report, pushed by the device
    :85 {"rSOC_pct":55.0}                           a response: a status in hexadecimal, content
    :85 Content. {"rSOC_pct":55.0}                  the same from a device before version 0.6
    :A4 "Invalid endpoint"                          a refusal

Behind a gateway the node is named: `#/NODE/mLive {…}`, `:85/NODE {…}`. The eight hexadecimal
digits before the closing `#` are the CRC-32 of IEEE 802.3 over everything up to the space before
them; firmware before v23.1 and other transports leave them out. Anything that does not begin like
a message (boot text, log lines, prompts, echoes of requests) is not one, and no error either.

Source: ThingSet specification and its reference library (Apache-2.0), facts only.
"""

import re
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from ..wire.errors import WireError
from ..wire.strict_json import loads

LONGEST = 8192
"""Bytes of the longest line worth waiting for."""
CONTENT = 0x85
FIRST_ERROR = 0xA0

_COLOURS = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")
_PROMPT = re.compile(rb"^\s*(?:[\w.-]+:~\$ *)+")
_CHECKSUM = re.compile(rb" ([0-9A-Fa-f]{8})#$")
_REPORT = re.compile(rb"#(?:/([^/ ]+)/?)?([^ ]*) +(.+)", re.DOTALL)
_RESPONSE = re.compile(
    rb":([0-9A-Fa-f]{2})(?:/([^ ]*))?(?: +(?:[A-Z][A-Za-z -]*\.)? *(.*))?", re.DOTALL
)


class LineError(ValueError):
    """The line begins like a message and is none; `reason` is `crc` or `malformed`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Message:
    """A report or a response.

    code     status of a response; None for a report
    node     identifier of a node behind a gateway; None without a gateway
    path     what a report is about; empty in a response
    data     the JSON content; None if there is none
    checked  whether a CRC was present (and right)
    """

    code: int | None
    node: str | None
    path: str
    data: Any
    checked: bool

    @property
    def is_report(self) -> bool:
        return self.code is None

    @property
    def is_error(self) -> bool:
        return self.code is not None and self.code >= FIRST_ERROR


def parse(line: bytes) -> Message | None:
    """The message in this line, None if it holds none; raises LineError for a damaged one."""
    text = _PROMPT.sub(b"", _COLOURS.sub(b"", line)).strip()
    if text[:1] not in (b"#", b":"):
        return None
    checksum = _CHECKSUM.search(text)
    if checksum:
        text = text[: checksum.start()]
        if crc32(text) != int(checksum[1], 16):
            raise LineError("crc")
    checked = checksum is not None
    if match := _REPORT.fullmatch(text):
        node, path, content = match.groups()
        return Message(None, _name(node), _name(path) or "", _json(content), checked)
    if match := _RESPONSE.fullmatch(text):
        code, node, content = match.groups()
        return Message(int(code, 16), _name(node), "", _json(content), checked)
    raise LineError("malformed")


def seal(text: str) -> bytes:
    """A message with its CRC, without a line end."""
    data = text.encode()
    return data + b" %08X#" % crc32(data)


def flat(data: Any) -> dict[str, Any]:
    """Items by name, out of groups nested at any depth; a name that recurs keeps the last value."""
    items: dict[str, Any] = {}
    if isinstance(data, dict):
        for name, value in data.items():
            if isinstance(value, dict):
                items |= flat(value)
            else:
                items[name] = value
    return items


def _name(text: bytes | None) -> str | None:
    return None if text is None else text.decode("utf-8", "replace")


def _json(content: bytes | None) -> Any:
    if not content:
        return None
    try:
        return loads(content)
    except WireError:
        raise LineError("malformed") from None
