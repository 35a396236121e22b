"""Which BMS is on a link: the drivers that could read it are tried, and judged by what they make
of it.

First everybody listens to the same bytes. Only if nobody makes a reading of them are the drivers
that ask allowed to, one after the other; what they may send is the constant of each. Nothing is
decided here: whoever called shows the matches to a person.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from .clock import Clock
from .config import Device
from .decoding import decode, tidied
from .devices import BRIEF, Poller
from .drivers import base as drivers
from .drivers.base import Decoder, Driver, Request
from .links.asked import open_asked
from .links.errors import LinkDown
from .links.spec import KINDS, LinkSpec
from .links.stream import Stream, open_stream
from .wire.reading import Reading

ASSET = "probe"
LISTEN, ASK = 3.0, 2.0
"""Seconds a line is listened to, and each driver that asks is given."""
ASK_EVERY = 0.5
WAIT = 0.1
POLLS = 2
BAUDS = (115_200, 9600, 19_200)
"""Speeds worth trying where none was given."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A driver with options, on a link."""

    driver: Driver
    options: Mapping[str, Any]
    link: LinkSpec


@dataclass(frozen=True, slots=True)
class Match:
    """What a candidate made of what came: how many readings, the fullest, what disturbed it."""

    candidate: Candidate
    readings: int
    fullest: Reading
    bad: int
    warnings: tuple[str, ...]

    @property
    def worth(self) -> tuple:
        """The greater the better: nothing odd, little rejected, much understood."""
        sound = round(self.readings / (self.readings + self.bad), 1)
        return (not self.warnings, sound, _width(self.fullest))


@dataclass(slots=True)
class _Trial:
    candidate: Candidate
    decoder: Decoder
    found: list[Reading] = field(default_factory=list)


def candidates(link: LinkSpec) -> Iterator[Candidate]:
    """Every driver this link can carry, with every variant worth trying."""
    for code in drivers.codes():
        driver = drivers.load(code)
        if driver.link == KINDS[link.kind].serves:
            yield from (Candidate(driver, options, link) for options in driver.variants)


def identify(
    link: LinkSpec,
    stop: Event,
    told: Callable[[str, Candidate | None], None],
    *,
    quiet: bool = False,
    listen: float = LISTEN,
    ask: float = ASK,
) -> list[Match]:
    """The matches on this link, the best first; `told` hears of each step before it is made.

    `quiet` keeps every driver from asking, so that a link which only answers says nothing. Raises
    LinkDown if the link cannot be used.
    """
    if KINDS[link.kind].asked:
        trials = [] if quiet else _poll(link, stop, told)
    else:
        trials = _hear(link, stop, told, quiet=quiet, listen=listen, ask=ask)
    matches = [_match(trial) for trial in trials if trial.found]
    return sorted(matches, key=lambda match: match.worth, reverse=True)


def speeds(link: LinkSpec, given: Mapping[str, Any]) -> tuple[LinkSpec, ...]:
    """The link at each speed worth trying, unless its speed is in `given`."""
    if "baud" not in link.settings or "baud" in given or link.kind == "slcan":
        return (link,)
    return tuple(LinkSpec(link.kind, {**link.settings, "baud": baud}) for baud in BAUDS)


def _hear(
    link: LinkSpec,
    stop: Event,
    told: Callable[[str, Candidate | None], None],
    *,
    quiet: bool,
    listen: float,
    ask: float,
) -> list[_Trial]:
    clock = Clock()
    stream = open_stream(link, clock.now)
    try:
        told("listen", None)
        trials = [_trial(candidate) for candidate in candidates(link)]
        _feed(stream, trials, clock, stop, listen)
        if quiet or any(trial.found for trial in trials):
            return trials
        for candidate in candidates(link):
            if candidate.driver.sends and not stop.is_set():
                told("ask", candidate)
                trials.append(_trial(candidate))
                _feed(stream, trials[-1:], clock, stop, ask, asks=True)
        return trials
    finally:
        stream.close()


def _feed(
    stream: Stream,
    trials: Sequence[_Trial],
    clock: Clock,
    stop: Event,
    seconds: float,
    *,
    asks: bool = False,
) -> None:
    until, ask_at = clock.monotonic() + seconds, 0.0
    while not stop.is_set() and (now := clock.monotonic()) < until:
        if asks and now >= ask_at:
            ask_at = now + ASK_EVERY
            _send(stream, trials[0], trials[0].decoder.requests(clock.now()))
        items = stream.receive(BRIEF if trials[0].decoder.asking else WAIT)
        for trial in trials if items else ():
            trial.found.extend(decode(trial.decoder, items))
        if asks:
            _send(stream, trials[0], trials[0].decoder.follow_up(clock.now()))
    for trial in trials:
        trial.found.extend(tidied(trial.decoder.finish()))


def _send(stream: Stream, trial: _Trial, requests: Iterable[Request]) -> None:
    for request in requests:
        if request not in trial.candidate.driver.sends:
            raise ValueError(f"{trial.candidate.driver.code} may not send {request!r}")
        stream.send(request)


def _poll(
    link: LinkSpec, stop: Event, told: Callable[[str, Candidate | None], None]
) -> list[_Trial]:
    clock, trials = Clock(), []
    line = open_asked(link, clock.now)
    try:
        for candidate in candidates(link):
            if stop.is_set():
                break
            told("ask", candidate)
            device = Device(ASSET, candidate.driver, candidate.options, link, 1.0)
            found: list[Reading] = []
            poller = Poller(device, clock, found.append, line)
            for _ in range(POLLS):
                poller.poll()
                if not found:
                    break
            if isinstance(poller.trouble, LinkDown):
                raise poller.trouble
            trials.append(_Trial(candidate, poller, found))
    finally:
        line.close()
    return trials


def _trial(candidate: Candidate) -> _Trial:
    return _Trial(candidate, candidate.driver.decoder(ASSET, candidate.options))


def _match(trial: _Trial) -> Match:
    tally, fullest = trial.decoder.tally, max(trial.found, key=_width)
    return Match(trial.candidate, len(trial.found), fullest, tally.bad, tuple(tally.warnings))


def _width(reading: Reading) -> int:
    """How many numbers it holds."""
    known = (n for array in reading.arrays.values() for n in array if n is not None)
    return len(reading.values) + sum(1 for _ in known)
