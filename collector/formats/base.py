"""The recording contract: how a file on disk becomes what a link would have received.

A format knows how bytes, frames or replies were written down, and nothing of what they mean. What
it cannot parse it yields as `Garbage` and goes on: a damaged line costs that line, never the file.

A new format is one module in this package exposing `FORMAT`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from ..drivers.base import Input
from ..plugins import Plugins
from ..words import Text


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of recording.

    code   name on the command line; also the module's name
    title  what a technician calls it, in French and in English
    read   stream to inputs, in recorded order, lazily; never raises on any content. Inputs of a
           recording without times carry a running counter or the recorder's own clock, from 0
    """

    code: str
    title: Text
    read: Callable[[BinaryIO], Iterator[Input]]


_FORMATS = Plugins(__package__, "FORMAT", ("format", "format"))


def load(code: str) -> Format:
    """The format of this name; raises OptionError if there is none."""
    return _FORMATS.load(code)


def codes() -> tuple[str, ...]:
    """Names of all formats."""
    return _FORMATS.codes()
