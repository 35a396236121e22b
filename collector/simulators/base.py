"""The simulator contract: a battery model spoken in the bytes of one family of BMS.

A simulator puts real bytes on a real transport, so that everything from the link upward is
exercised as it is at a site. It never shortcuts into a decoder.
"""

import importlib
import pkgutil
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Protocol

from ..drivers.base import OptionError
from .pack import Pack


class Serve(Protocol):
    """Serve the pack at `where` in the calling thread until `stop` is set.

    where    `pty`, `pty:/path/of/symlink`, `tcp:HOST:PORT` (port 0: any free one) or
             `can:INTERFACE:CHANNEL`, among the simulator's `transports`
    options  text settings of the simulator; all know `speed`, the acceleration of the pack alone
    ready    called once, when a collector can connect, with what it must be pointed at
    """

    def __call__(
        self,
        pack: Pack,
        where: str,
        stop: threading.Event,
        options: Mapping[str, str],
        ready: Callable[[str], None],
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Simulator:
    """A simulated device.

    code        name on the command line; also the module's name
    title       what a technician calls it
    transports  first words of `where` it can be served on: `pty`, `tcp`, `can`
    serve       see Serve
    """

    code: str
    title: str
    transports: tuple[str, ...]
    serve: Serve


def split(where: str, transports: tuple[str, ...]) -> tuple[str, str]:
    """`where` as transport and the rest; raises OptionError for a transport not offered."""
    transport, _, rest = where.partition(":")
    if transport not in transports:
        raise OptionError(f"cannot serve on {where}; it must begin with {', '.join(transports)}")
    return transport, rest


def speed(options: Mapping[str, str]) -> float:
    """How many times faster than the wall clock the pack lives."""
    text = options.get("speed", "1")
    try:
        value = float(text)
    except ValueError:
        raise OptionError(f"speed must be a number, not {text}") from None
    if not 0 < value <= 100_000:
        raise OptionError(f"speed must be above 0 and at most 100000, not {text}")
    return value


def beats(
    period_s: float, stop: threading.Event, wait: Callable[[float], object] | None = None
) -> Iterator[float]:
    """Seconds since the previous beat, every `period_s` on a grid that does not drift.

    `wait` spends the time between beats, for instance answering commands; else the thread sleeps.

    The first beat comes at once, with 0. Beats missed because the machine was busy are skipped,
    and their time is in the next one's number.
    """
    start = before = monotonic()
    while not stop.is_set():
        now = monotonic()
        yield now - before
        before = now
        passed = monotonic() - start
        (wait or stop.wait)(period_s - passed % period_s)


def load(code: str) -> Simulator:
    """The simulator of this name; raises OptionError if there is none."""
    if code not in codes():
        raise OptionError(f"there is no simulator {code}; there are {', '.join(codes())}")
    return importlib.import_module(f"{__package__}.{code}").SIMULATOR


NOT_SIMULATORS = ("base", "pack", "terminal")


def codes() -> tuple[str, ...]:
    """Names of all simulators, without importing any of them."""
    package = importlib.import_module(__package__)
    found = (module.name for module in pkgutil.iter_modules(package.__path__))
    return tuple(sorted(n for n in found if n not in NOT_SIMULATORS and not n.startswith("_")))
