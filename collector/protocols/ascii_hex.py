"""The ASCII family of serial protocols (Pylontech, Seplos V2, PACE): frames `~ … CR`.

Between the two stand version, address, CID1, CID2 (in an answer: a return code), length, content
and checksum as upper-case hexadecimal digits, two a byte. The length counts digits and carries a
check of its own in its first digit.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST = 1 + 12 + 0xFFF + 4
"""Characters of a frame before its CR."""
_FRAME = re.compile(rb"[0-9A-Fa-f]{16,}")


@dataclass(frozen=True, slots=True)
class Message:
    """A sound frame. `code` is CID2 of a question, the return code of an answer."""

    version: int
    address: int
    cid1: int
    code: int
    info: bytes


def length_field(digits: int) -> int:
    """LENGTH for a content of so many digits."""
    return (-(digits + (digits >> 4) + (digits >> 8)) & 0xF) << 12 | digits


def checksum(text: bytes) -> int:
    """Of the characters between `~` and the checksum."""
    return -sum(text) & 0xFFFF


def encode(message: Message) -> bytes:
    """The frame of a message."""
    head = bytes((message.version, message.address, message.cid1, message.code)).hex()
    info = message.info.hex()
    text = f"{head}{length_field(len(info)):04x}{info}".upper().encode()
    return b"~%s%04X\r" % (text, checksum(text))


def parse(frame: bytes) -> Message | None:
    """The message between `~` and CR, both left out; None if a check does not agree."""
    if not _FRAME.fullmatch(frame) or len(frame) % 2:
        return None
    length = int(frame[8:12], 16)
    info = frame[12:-4]
    if checksum(frame[:-4]) != int(frame[-4:], 16) or length_field(len(info)) != length:
        return None
    version, address, cid1, code = bytes.fromhex(frame[:8].decode())
    return Message(version, address, cid1, code, bytes.fromhex(info.decode()))


class Messages:
    """Messages out of bytes cut anywhere. A `~` begins anew whatever came before it."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[Message | None]:
        """Each message completed by `data`; None for a frame whose check does not agree."""
        self._rest += data
        while (end := self._rest.find(b"\r")) >= 0:
            start = self._rest.rfind(b"~", 0, end)
            frame = bytes(self._rest[start + 1 : end])
            del self._rest[: end + 1]
            if start >= 0:
                yield parse(frame)
        del self._rest[: max(0, len(self._rest) - LONGEST)]

    def end(self) -> Iterator[Message | None]:
        """Nothing more comes."""
        self.clear()
        return iter(())

    def clear(self) -> None:
        self._rest.clear()
