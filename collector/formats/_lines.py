"""Lines of a recording, without trusting it to have any."""

from collections.abc import Iterator
from typing import BinaryIO

MAX_LINE = 65536


def lines(stream: BinaryIO) -> Iterator[str]:
    """Each line without its end; a longer one than MAX_LINE comes in pieces.

    Bytes that are not ASCII become characters no pattern accepts.
    """
    while line := stream.readline(MAX_LINE):
        yield line.decode("ascii", "replace").strip()
