"""The driver contract.

A driver is a table of facts and a decoder. The decoder is fed what a link received (CAN frames,
bytes, register replies, JSON documents), keeps only what it needs to assemble a reading, and
yields complete readings. It does no I/O, never sleeps, never logs a value, reads no configuration
and knows nothing of the portal: the same object serves the live collector, `decode` and the tests.

A new driver is one module in this package exposing `DRIVER`. Rules every driver is tested for:
current is positive while charging; an unknown value is absent (inside an array: None), never zero;
"not supported" sentinels are understood; fault bits become canonical alarms, unmapped ones
`vendor_alarm`s; whatever the bytes, no exception escapes `feed`; the only bytes it may ask a link
to send are those of `sends`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ..plugins import OptionError, Plugins
from ..spelling import meant
from ..wire.reading import Reading
from ..words import Text, either


@dataclass(frozen=True, slots=True)
class CanFrame:
    """One frame of a CAN bus; `data` holds as many bytes as the frame carried."""

    id: int
    data: bytes
    ts: int
    extended: bool = False
    remote: bool = False
    error: bool = False


@dataclass(frozen=True, slots=True)
class Bytes:
    """Bytes as read from a line, cut anywhere."""

    data: bytes
    ts: int


@dataclass(frozen=True, slots=True)
class Registers:
    """A reply to a register read: `values` are unsigned 16-bit words from `address` on, or bits
    where the function reads those."""

    unit: int
    function: int
    address: int
    values: tuple[int, ...]
    ts: int


@dataclass(frozen=True, slots=True)
class Document:
    """One JSON document from a gateway; `path` is what it was asked for, empty if it was pushed."""

    data: Any
    ts: int
    path: str = ""


@dataclass(frozen=True, slots=True)
class Garbage:
    """A piece of a recording that its format could not parse; `reason` is a short code."""

    reason: str
    ts: int = 0


Input = CanFrame | Bytes | Registers | Document | Garbage


@dataclass(frozen=True, slots=True)
class RegisterRead:
    """Ask a Modbus link for `count` registers with function 3 (holding) or 4 (input), or for
    `count` bits with function 1 (coils) or 2 (discrete inputs)."""

    unit: int
    function: int
    address: int
    count: int


@dataclass(frozen=True, slots=True)
class Fetch:
    """Get the document of a gateway, or the one at `path` below its address. Only ever a GET."""

    path: str = ""


Request = bytes | CanFrame | RegisterRead | Fetch


@dataclass(slots=True)
class Tally:
    """What a decoder has seen: units of its protocol, readings made, and what was wrong."""

    frames: int = 0
    readings: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    warnings: dict[str, None] = field(default_factory=dict)
    """Things a technician should know (a layout that does not match), each once."""

    @property
    def bad(self) -> int:
        return sum(self.reasons.values())

    def reject(self, reason: str) -> None:
        """Count a unit that was thrown away; `reason` is a short stable code."""
        self.reasons[reason] += 1

    def warn(self, french: str, english: str) -> None:
        self.warnings.setdefault(either(french, english))


class Decoder(Protocol):
    """Turns inputs into readings. `asset` is given at construction."""

    tally: Tally

    def feed(self, item: Input) -> Iterator[Reading]:
        """Consume one input; yield each reading it completes. Never raises on any input."""

    def finish(self) -> Iterator[Reading]:
        """The recording is over: yield what was complete but not yet followed by anything."""

    @property
    def asking(self) -> bool:
        """Whether a cycle is under way, so that `follow_up` should be called soon."""

    def requests(self, now: int) -> Sequence[Request]:
        """What to ask the device for in this polling cycle; empty for devices that just talk."""

    def follow_up(self, now: int) -> Sequence[Request]:
        """What to ask next in this cycle, where only one question may be open: called after what
        came was fed, and some times a second while `asking`."""

    def refused(self, request: Request, reason: str) -> None:
        """The device answered that it will not, or something answered that is no answer to it."""


@dataclass(frozen=True, slots=True)
class Option:
    """A setting of a driver.

    help     what it is for, in French and in English
    parse    turns the text of a command line or file into its value; raises ValueError
    choices  the texts it can have, empty: any that `parse` takes
    suffix   of the name of a file, if a value that ends so is one: see `Driver.beside`
    """

    name: str
    help: Text
    default: Any
    parse: Callable[[str], Any] = str
    choices: tuple[str, ...] = ()
    suffix: str = ""

    def value(self, given: Any) -> Any:
        text = str(given)
        if self.choices and text not in self.choices:
            known = ", ".join(self.choices)
            raise OptionError(
                either(
                    f"{self.name} doit être l'un de {known}, et non {text}",
                    f"{self.name} must be one of {known}, not {text}",
                )
                + meant(text, self.choices),
                self.name,
            )
        try:
            return self.parse(text)
        except ValueError as error:
            told = either(f"{self.name} : {error}", f"{self.name}: {error}")
            raise OptionError(told, self.name) from None


def whole(low: int, high: int) -> Callable[[str], int]:
    """A `parse` for whole numbers in these bounds; hexadecimal is understood."""

    def parse(text: str) -> int:
        try:
            number = int(text, 0)
        except ValueError:
            number = low - 1
        if not low <= number <= high:
            raise ValueError(
                either(
                    f"il faut un nombre entier de {low} à {high}, et non {text}",
                    f"must be a whole number from {low} to {high}, not {text}",
                )
            )
        return number

    return parse


@dataclass(frozen=True, slots=True)
class Driver:
    """A family of BMS.

    code      name used in the configuration; also the module's name
    title     what a technician calls it, in French and in English
    link      kind of connection it needs: `can`, `serial`, `modbus` or `http`
    formats   recordings `decode` accepts for it, the usual one first
    options   its settings
    open      (asset, options) to a fresh decoder; raises OptionError
    sends     every byte string or frame it may transmit (empty: it only listens)
    variants  options worth trying on a BMS that nobody knows, one after the other
    turned    the option, and the value of it, that turn the sign of the current round
    """

    code: str
    title: Text
    link: str
    formats: tuple[str, ...]
    open: Callable[[str, Mapping[str, Any]], Decoder]
    options: tuple[Option, ...] = ()
    sends: frozenset[bytes | CanFrame] = frozenset()
    variants: tuple[Mapping[str, Any], ...] = ({},)
    turned: tuple[str, Any] | None = None

    def decoder(self, asset: str, given: Mapping[str, Any]) -> Decoder:
        """A decoder with these options; raises OptionError for unknown or impossible ones."""
        known = {option.name: option for option in self.options}
        if unknown := sorted(set(given) - set(known)):
            has = ", ".join(known)
            raise OptionError(
                either(
                    f"{self.code} n'a pas de réglage {unknown[0]} ; il a {has or 'aucun réglage'}",
                    f"{self.code} has no option {unknown[0]}; it has {has or 'none'}",
                )
                + meant(unknown[0], known),
                unknown[0],
            )
        values = {
            name: option.value(given[name]) if name in given else option.default
            for name, option in known.items()
        }
        return self.open(asset, values)

    def beside(self, folder: Path, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """The same options for another working directory: files named in them are in `folder`."""
        files = {option.name: option.suffix for option in self.options if option.suffix}
        return {
            name: str(folder / value) if _is_file(value, files.get(name)) else value
            for name, value in given.items()
        }


def _is_file(value: Any, suffix: str | None) -> bool:
    return bool(suffix) and isinstance(value, str) and value.endswith(suffix)


class Assembler:
    """State that most decoders share: the tally, and readings that count themselves."""

    def __init__(self, asset: str) -> None:
        self.asset = asset
        self.tally = Tally()

    def finish(self) -> Iterator[Reading]:
        return iter(())

    @property
    def asking(self) -> bool:
        return False

    def requests(self, now: int) -> Sequence[Request]:
        return ()

    def follow_up(self, now: int) -> Sequence[Request]:
        return ()

    def refused(self, request: Request, reason: str) -> None:
        self.tally.reject(reason)

    def counted(self, readings: Iterable[Reading]) -> Iterator[Reading]:
        for reading in readings:
            self.tally.readings += 1
            yield reading


_DRIVERS = Plugins(__package__, "DRIVER", ("pilote", "driver"))


def load(code: str) -> Driver:
    """The driver of this name; raises OptionError if there is none."""
    return _DRIVERS.load(code)


def codes() -> tuple[str, ...]:
    """Names of all drivers."""
    return _DRIVERS.codes()
