"""The simulator contract: a battery model spoken in the bytes of one family of BMS.

A simulator puts real bytes on a real transport, so that everything from the link upward is
exercised as it is at a site. It never shortcuts into a decoder.
"""

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from math import nan
from time import monotonic
from typing import Protocol

from ..plugins import OptionError, Plugins
from ..words import Text, either
from .pack import Pack

SLOWEST, FASTEST = 0.001, 100_000.0
"""A pack's life against the wall clock."""


class Serve(Protocol):
    """Serve the pack at `where` in the calling thread until `stop` is set.

    where    `pty`, `pty:/path/of/symlink`, `tcp:HOST:PORT` (port 0: any free one; so `http` and
             `websocket`) or `can:INTERFACE:CHANNEL`, among the simulator's `transports`
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
    title       what a technician calls it, in French and in English
    transports  first words of `where` it can be served on: `pty`, `tcp`, `can`, …
    serve       see Serve
    """

    code: str
    title: Text
    transports: tuple[str, ...]
    serve: Serve


def split(where: str, transports: tuple[str, ...]) -> tuple[str, str]:
    """`where` as transport and the rest; raises OptionError for a transport not offered."""
    transport, _, rest = where.partition(":")
    if transport not in transports:
        known = ", ".join(transports)
        raise OptionError(
            either(
                f"impossible de servir sur {where} ; il faut commencer par {known}",
                f"cannot serve on {where}; it must begin with {known}",
            )
        )
    return transport, rest


def speed(options: Mapping[str, str]) -> float:
    """How many times faster than the wall clock the pack lives."""
    return number(options, "speed", 1, SLOWEST, FASTEST)


def number(options: Mapping[str, str], name: str, default: float, low: float, high: float) -> float:
    """A number among the options of a simulator; raises OptionError outside of these bounds."""
    text = options.get(name, str(default))
    try:
        value = float(text)
    except ValueError:
        value = nan
    if not low <= value <= high:
        raise OptionError(
            either(
                f"{name} doit être un nombre de {low:g} à {high:g}, et non {text}",
                f"{name} must be a number from {low:g} to {high:g}, not {text}",
            )
        )
    return value


def choice(options: Mapping[str, str], name: str, choices: Collection[str], default: str) -> str:
    """One of these texts among the options of a simulator; raises OptionError for another."""
    text = options.get(name, default)
    if text not in choices:
        known = ", ".join(choices)
        raise OptionError(
            either(
                f"{name} doit être l'un de {known}, et non {text}",
                f"{name} must be one of {known}, not {text}",
            )
        )
    return text


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


_SIMULATORS = Plugins(__package__, "SIMULATOR", ("simulateur", "simulator"))


def load(code: str) -> Simulator:
    """The simulator of this name; raises OptionError if there is none."""
    return _SIMULATORS.load(code)


def codes() -> tuple[str, ...]:
    """Names of all simulators."""
    return _SIMULATORS.codes()
