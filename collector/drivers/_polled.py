"""Devices that answer questions on a serial line: whose answer it is, and when a reading is made.

A cycle puts the driver's questions one at a time, to one device after the other. Whatever of a
device's answers came makes its reading as soon as nothing more is awaited from it. An answer is
believed only if it answers the question that is open: the same device, the same subject, in time.
Where nothing is asked, in a recording or beside another master, every sound answer counts, and a
reading ends where an answer repeats.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ..protocols.exchange import Exchange, Question, What
from ..wire.reading import Reading
from ..words import either
from .base import Assembler, Bytes, Input, Option

SPAN_MS = 10_000
"""Answers of a recording further apart than this are not of one cycle."""
TRIES = 3
"""Times an optional question may stay without an answer before it is given up."""
LONGEST_LEAVE = 60
"""Cycles for which one of several devices that stays silent is left alone."""

Parts = Mapping[What, Any]


class Splitter(Protocol):
    """Finds the frames of a protocol in bytes cut anywhere; see `protocols.frames.Frames`."""

    def feed(self, data: bytes) -> Iterator[Any | None]: ...

    def end(self) -> Iterator[Any | None]: ...

    def clear(self) -> None: ...


class Refused(Exception):
    """A sound frame that is no answer to take; `reason` is a short stable code.

    `ends`: the device has refused the open question, and no other answer to it will come.
    """

    def __init__(self, reason: str, *, ends: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.ends = reason, ends


@dataclass(frozen=True, slots=True)
class Answer:
    """What a frame says. `complete`: no more frames belong to it."""

    address: int
    what: What
    data: Any
    complete: bool = True


class Polled(Assembler):
    """What drivers that ask have in common; see the module.

    addresses  of the devices on this line. With several, `-<address>` is added to the asset of each
    sends      every frame that may be sent: it comes back as an echo from some adapters
    """

    PATIENCE_MS = 700
    GAP_MS = 20
    WHOLE: frozenset[What] = frozenset()
    """Answers that make a reading complete where nothing is asked; empty: it ends at a repeat."""

    def __init__(
        self,
        asset: str,
        addresses: Sequence[int],
        frames: Splitter,
        sends: frozenset[bytes],
        poll: bool,
    ) -> None:
        super().__init__(asset)
        self._addresses, self._frames, self._sends, self._poll = addresses, frames, sends, poll
        self._exchange = Exchange(self.PATIENCE_MS, self.GAP_MS)
        self._polled = False
        self._parts: dict[int, dict[What, Any]] = {}
        self._heard: dict[int, int] = {}
        self._unanswered: Counter[tuple[int, What]] = Counter()
        self._silent: Counter[int] = Counter()
        self._leave: dict[int, int] = {}
        self._late: list[Reading] = []

    def cycle(self, address: int) -> Sequence[Question]:
        """What to ask this device in a cycle."""
        raise NotImplementedError

    def answer(self, frame: Any) -> Answer:
        """What a sound frame says; raises Refused."""
        raise NotImplementedError

    def echo(self, frame: Any) -> bool:
        """Whether this is a question, which some adapters return to whoever sent it."""
        return frame in self._sends

    def reading(self, address: int, parts: Parts) -> Mapping[str, Any]:
        """values, arrays, states and alarms out of the data of the answers; empty: no reading."""
        raise NotImplementedError

    @property
    def asked(self) -> Question | None:
        """The question whose answer is awaited."""
        return self._exchange.asked

    @property
    def asking(self) -> bool:
        return self._exchange.running

    def requests(self, now: int) -> Sequence[bytes]:
        if not self._poll:
            return ()
        self._polled = True
        if not self._exchange.running:
            self._exchange.begin(self._due())
        return self.follow_up(now)

    def follow_up(self, now: int) -> Sequence[bytes]:
        if (lost := self._exchange.overdue(now)) is not None:
            self._give_up(lost)
        question = self._exchange.next(now)
        if question is None:
            return ()
        self._frames.clear()
        return (question.frame,)

    def feed(self, item: Input) -> Iterator[Reading]:
        return self.counted(self._feed(item))

    def finish(self) -> Iterator[Reading]:
        return self.counted(self._end())

    def _end(self) -> Iterator[Reading]:
        ts = max(self._heard.values(), default=0)
        for frame in self._frames.end():
            yield from self._take(frame, ts)
        yield from self._overdue()
        for address in list(self._parts):
            yield from self._close(address)

    def _feed(self, item: Input) -> Iterator[Reading]:
        yield from self._overdue()
        if not isinstance(item, Bytes):
            self.tally.reject("not_serial")
            return
        for frame in self._frames.feed(item.data):
            yield from self._take(frame, item.ts)

    def _take(self, frame: Any, ts: int) -> Iterator[Reading]:
        if frame is None:
            self.tally.reject("bad_check")
            return
        if self.echo(frame):
            return
        try:
            answer = self.answer(frame)
            self._check(answer)
        except Refused as refused:
            self.tally.reject(refused.reason)
            if refused.ends and self.asked is not None:
                yield from self._refused(self.asked, ts)
            return
        self.tally.frames += 1
        yield from self._keep(answer, ts)

    def _check(self, answer: Answer) -> None:
        if answer.address not in self._addresses:
            raise Refused("wrong_address")
        asked = self.asked
        if self._polled and (asked is None or (asked.address, asked.what) != _key(answer)):
            raise Refused("not_awaited")

    def _keep(self, answer: Answer, ts: int) -> Iterator[Reading]:
        address, what = _key(answer)
        parts = self._parts.get(address, {})
        apart = ts - self._heard.get(address, ts)
        if not self._polled and (what in parts or (parts and not 0 <= apart <= SPAN_MS)):
            yield from self._close(address)
        self._heard[address] = ts
        if not answer.complete:
            return
        self._parts.setdefault(address, {})[what] = answer.data
        if self._polled:
            self._unanswered[address, what] = self._silent[address] = 0
            self._exchange.answered(ts)
            if not self._exchange.more_to(address):
                yield from self._close(address)
        elif self.WHOLE and self._parts[address].keys() >= self.WHOLE:
            yield from self._close(address)

    def _close(self, address: int) -> Iterator[Reading]:
        """The reading of the answers so far, if they make one, and a fresh start."""
        parts = self._parts.pop(address, None)
        found = self.reading(address, parts) if parts else {}
        if found:
            asset = self.asset if len(self._addresses) == 1 else f"{self.asset}-{address}"
            yield Reading(asset=asset, ts=self._heard[address], **found)

    def _overdue(self) -> list[Reading]:
        late, self._late = self._late, []
        return late

    def _due(self) -> Iterator[Question]:
        """The questions of this cycle, without what was given up and who is left alone."""
        for address in self._addresses:
            if self._leave.get(address, 0) > 0 and len(self._addresses) > 1:
                self._leave[address] -= 1
                continue
            for question in self.cycle(address):
                if not question.optional or self._unanswered[address, question.what] < TRIES:
                    yield question

    def _give_up(self, lost: Question) -> None:
        """No answer came in time."""
        self.tally.reject("timeout")
        self._missed(lost)
        if not lost.optional:
            self._silent[lost.address] += 1
            self._leave[lost.address] = min(
                (1 << min(self._silent[lost.address], 10) - 1) - 1, LONGEST_LEAVE
            )
            self._exchange.drop(lost.address)
        if not self._exchange.more_to(lost.address):
            self._late.extend(self._close(lost.address))

    def _refused(self, question: Question, ts: int) -> Iterator[Reading]:
        self._missed(question)
        self._exchange.answered(ts)
        if not self._exchange.more_to(question.address):
            yield from self._close(question.address)

    def _missed(self, question: Question) -> None:
        key = question.address, question.what
        self._unanswered[key] += 1
        if question.optional and self._unanswered[key] == TRIES:
            what = question.what if isinstance(question.what, str) else f"0x{question.what:02X}"
            self.tally.warn(
                f"l'appareil à l'adresse {question.address} ne donne pas {what}",
                f"the device at address {question.address} does not give {what}",
            )


def _key(answer: Answer) -> tuple[int, What]:
    return answer.address, answer.what


POLL = Option(
    "poll",
    (
        "yes : interroger ; no : écouter les réponses à un autre maître sur la ligne",
        "yes: ask; no: listen to the answers to another master on the line",
    ),
    "yes",
    choices=("yes", "no"),
)
POSITIVE = Option(
    "positive_current",
    (
        "ce que veut dire un courant positif sur la ligne ; charge d'origine",
        "what a positive current on the line means; by default charge",
    ),
    "charge",
    choices=("charge", "discharge"),
)


class Addresses(tuple[int, ...]):
    """Addresses, shown as they are written."""

    def __str__(self) -> str:
        return ",".join(map(str, self))


def sign(options: Mapping[str, Any]) -> int:
    """What the current of the device must be multiplied by."""
    return 1 if options[POSITIVE.name] == "charge" else -1


def addresses(low: int, high: int, default: int) -> Option:
    """The addresses of the devices on the line: `2`, `2,3` or `2-5`."""
    return Option(
        "address",
        (
            f"adresse, de {low} à {high} ; plusieurs (2,4 ou 2-5) : une série de mesures pour "
            "chacune, nommée d'après l'actif et l'adresse",
            f"address, {low} to {high}; several (2,4 or 2-5): readings of each, named after the "
            "asset and the address",
        ),
        Addresses((default,)),
        _several(low, high),
    )


def _several(low: int, high: int) -> Callable[[str], Addresses]:
    bounded = range(low, high + 1)

    def parse(text: str) -> Addresses:
        found: list[int] = []
        try:
            for piece in text.split(","):
                first, _, last = piece.partition("-")
                start, stop = (bounded.index(int(end, 0)) for end in (first, last or first))
                found += bounded[start : stop + 1]
        except ValueError:
            found = []
        if not found or len(set(found)) < len(found):
            raise ValueError(
                either(
                    f"il faut des adresses de {low} à {high}, comme 2,4 ou 2-5, et non {text}",
                    f"must be addresses from {low} to {high}, such as 2,4 or 2-5, not {text}",
                )
            )
        return Addresses(found)

    return parse
