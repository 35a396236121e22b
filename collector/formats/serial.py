"""Raw bytes as they came over a line, without times.

The line is taken to have run at one byte a millisecond (9600 baud, nearly): a piece carries the
offset of its end. Pieces end at each newline and after sixteen bytes at the latest, so readings
that end in different lines, or in binary frames of that length, have distinct increasing times.
"""

from collections.abc import Iterator
from typing import BinaryIO

from ..drivers.base import Bytes, Input
from .base import Format

PIECE = 16


def read(stream: BinaryIO) -> Iterator[Input]:
    offset = 0
    while piece := stream.readline(PIECE):
        offset += len(piece)
        yield Bytes(piece, offset)


FORMAT = Format("serial", ("Octets bruts d'une ligne série", "Raw bytes of a serial line"), read)
