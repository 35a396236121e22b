"""The recording contract: how a file on disk becomes what a link would have received.

A format knows how bytes, frames or replies were written down, and nothing of what they mean. What
it cannot parse it yields as `Garbage` and goes on: a damaged line costs that line, never the file.

A new format is one module in this package exposing `FORMAT`.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from ..drivers.base import Input, OptionError
from ..words import Text, either


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


def load(code: str) -> Format:
    """The format of this name; raises OptionError if there is none."""
    if code not in codes():
        known = ", ".join(codes())
        raise OptionError(
            either(
                f"il n'y a pas de format {code} ; il y a {known}",
                f"there is no format {code}; there are {known}",
            )
        )
    return importlib.import_module(f"{__package__}.{code}").FORMAT


def codes() -> tuple[str, ...]:
    """Names of all formats, without importing any of them."""
    package = importlib.import_module(__package__)
    found = (module.name for module in pkgutil.iter_modules(package.__path__))
    return tuple(sorted(name for name in found if name != "base" and not name.startswith("_")))
