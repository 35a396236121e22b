"""The bytes an SLCAN adapter sent, as captured from its serial port."""

from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from ..drivers.base import Garbage, Input
from ..protocols.slcan import STAMP_WRAP, Parser
from .base import Format

PIECE = 4096


def read(stream: BinaryIO) -> Iterator[Input]:
    """Frames at the adapter's own clock where it stamps them; its wraps are counted.

    Frames without stamp come one millisecond apart, from 1. A frame cut at the end of the capture
    is left out.
    """
    parser = Parser()
    now = 0
    while piece := stream.read(PIECE):
        for item in parser.lines(piece, now):
            if isinstance(item, Garbage):
                yield replace(item, ts=now)
                continue
            now += 1 if item.stamp is None else (item.stamp - now) % STAMP_WRAP
            yield replace(item.frame, ts=now)


FORMAT = Format("slcan", ("Octets d'un adaptateur SLCAN", "Byte stream of an SLCAN adapter"), read)
