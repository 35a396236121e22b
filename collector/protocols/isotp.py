"""ISO 15765-2 with normal addressing, the receiving half; no I/O.

0L data…           a message of L bytes in one frame
1L LL data…        the first frame of a message of LLL bytes
2N data…           the next ones, N counting modulo 16 from 1
30 00 00           the receiver may be sent everything at once
"""

from collections.abc import Hashable
from dataclasses import dataclass, field

CONTINUE = b"\x30\x00\x00"
"""Flow control: all of it, without a pause."""
PATIENCE_MS = 1000
LONGEST = 4095
MOST_OPEN = 16


@dataclass(slots=True)
class _Transfer:
    length: int
    since: int
    data: bytearray = field(default_factory=bytearray)
    next: int = 1


class Transfers:
    """Messages out of frames, of several senders at once; `key` says between whom they pass."""

    def __init__(self) -> None:
        self._open: dict[Hashable, _Transfer] = {}

    def feed(self, key: Hashable, data: bytes, ts: int) -> bytes | None:
        """The message that this frame completes; what does not fit together is thrown away."""
        kind = data[0] >> 4 if data else None
        if kind == 0:
            self._open.pop(key, None)
            length = data[0] & 0xF
            return data[1 : 1 + length] if 0 < length < len(data) else None
        if kind == 1 and len(data) > 2:
            if len(self._open) >= MOST_OPEN:
                self._open.clear()
            length = (data[0] & 0xF) << 8 | data[1]
            self._open[key] = _Transfer(length, ts, bytearray(data[2:]))
        elif kind == 2:
            return self._continue(key, data, ts)
        return None

    def _continue(self, key: Hashable, data: bytes, ts: int) -> bytes | None:
        transfer = self._open.get(key)
        if transfer is None:
            return None
        if data[0] & 0xF != transfer.next or not 0 <= ts - transfer.since <= PATIENCE_MS:
            del self._open[key]
            return None
        transfer.data += data[1:]
        transfer.next = (transfer.next + 1) % 16
        if len(transfer.data) < transfer.length:
            return None
        del self._open[key]
        return bytes(transfer.data[: transfer.length])


def single(data: bytes) -> bytes:
    """The frame of a short message."""
    return bytes((len(data),)) + data
