"""Any battery on a CAN bus that a profile describes (`collector.signals.profile` says how).

A reading is made when every message that it waits for has come since the one before, at most as
often as the profile says. Slower values are carried along while their frames are believed. If two
seconds pass without that, what came is shown as it is, with what is missing unknown.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..signals.frames import Message
from ..signals.profile import Profile, ProfileError, load, names
from ..wire.reading import MAX_ELEMENTS, Reading
from ..words import either
from .base import Assembler, CanFrame, Garbage, Input, Option, OptionError, whole

PATIENCE_MS = 2000
CURRENTS = ("current", "power")
CELLS = ("cell_voltage", "balancing")
WHOLE_ID = 0x1FFF_FFFF

Key = tuple[int, int]
"""Number of the message, and index of the frame in it."""


class FrameProfile(Assembler):
    """Keeps the newest frame of every kind and knows which came since the last reading."""

    def __init__(self, asset: str, profile: Profile, options: Mapping[str, Any]) -> None:
        super().__init__(asset)
        self._profile, self._messages = profile, profile.map.messages
        self._shift = self._address(options["address"]) * profile.step
        self._asks = options.get("transmit") == "yes"
        self._factor = -1 if options["positive_current"] == "discharge" else 1
        cells = options["cells"]
        self._fixed = dict.fromkeys(CELLS, cells) if cells else {}
        self._exact, self._masked = self._places()
        self._needed = frozenset(i for i, m in enumerate(self._messages) if m.needed)
        self._seen: dict[Key, tuple[int, bytes]] = {}
        self._fresh: set[int] = set()
        self._longest: dict[str, int] = {}
        self._since = self._last = 0
        self._made: int | None = None
        if profile.note:
            self.tally.warn(*profile.note)

    def requests(self, now: int) -> Sequence[CanFrame]:
        if not self._asks:
            return ()
        return tuple(q.frame(self._given) for q in self._profile.questions)

    def feed(self, item: Input) -> Iterator[Reading]:
        if not isinstance(item, CanFrame):
            self.tally.reject(item.reason if isinstance(item, Garbage) else "not_a_can_frame")
            return
        if item.remote or item.error:
            return
        if not item.extended and (note := self._profile.strangers.get(item.id)):
            self.tally.warn(*note)
        for number, place in self._meant(item):
            yield from self.counted(self._take(number, place, item))

    def finish(self) -> Iterator[Reading]:
        """What came since the last reading, however little."""
        if self._fresh:
            yield from self.counted([self._reading(self._last)])

    def _address(self, given: int | None) -> int:
        known = self._profile.addresses
        self._given = known[0] if given is None else given
        if self._given not in known:
            raise OptionError(
                either(
                    f"address va de {known[0]} à {known[-1]} pour {self._profile.title}",
                    f"address is {known[0]} to {known[-1]} for {self._profile.title}",
                )
            )
        return self._given

    def _places(self) -> tuple[dict[tuple[bool, int], list[Key]], list[tuple[int, Message]]]:
        """Where a frame belongs, by its identifier; and the messages that mask some of it."""
        exact: dict[tuple[bool, int], list[Key]] = {}
        masked = []
        for number, message in enumerate(self._messages):
            if message.mask != WHOLE_ID:
                masked.append((number, message))
                continue
            for place in range(message.count):
                identifier = message.id + self._shift + place * message.step
                exact.setdefault((message.extended, identifier), []).append((number, place))
        return exact, masked

    def _meant(self, frame: CanFrame) -> Iterator[Key]:
        yield from self._exact.get((frame.extended, frame.id), ())
        for number, message in self._masked:
            wanted = (message.id + self._shift) & message.mask
            if message.extended == frame.extended and frame.id & message.mask == wanted:
                yield number, 0

    def _take(self, number: int, place: int, frame: CanFrame) -> Iterator[Reading]:
        message, data, ts = self._messages[number], frame.data[:8], frame.ts
        index = message.index(place, data)
        if index is None:
            return
        self.tally.frames += 1
        if len(data) < message.length:
            self.tally.reject("short_frame")
            return
        if not message.sound(frame.id, data):
            self.tally.reject("bad_checksum")
            return
        if self._fresh and ts - self._last > PATIENCE_MS:
            yield self._reading(self._last)
        if not self._fresh or ts < self._since:
            self._since = ts
        self._seen[number, index] = ts, data
        self._fresh.add(number)
        self._last = ts
        if self._complete(ts) or ts - self._since >= PATIENCE_MS:
            yield self._reading(ts)

    def _complete(self, ts: int) -> bool:
        if not self._needed <= self._fresh:
            return False
        return self._made is None or not 0 <= ts - self._made < self._profile.period

    def _reading(self, ts: int) -> Reading:
        self._fresh.clear()
        self._made = ts
        frames = {
            key: data
            for key, (seen, data) in self._seen.items()
            if abs(ts - seen) <= self._messages[key[0]].hold
        }
        parts = self._profile.map.decode(frames, self._fixed)
        parts["arrays"] = {code: self._full(code, row) for code, row in parts["arrays"].items()}
        for code in CURRENTS:
            if code in parts["values"]:
                parts["values"][code] *= self._factor
        return Reading(asset=self.asset, ts=ts, **parts)

    def _full(self, code: str, row: tuple[float | None, ...]) -> tuple[float | None, ...]:
        """An array does not become shorter because its last frame is missing."""
        if code in self._fixed:
            return row
        self._longest[code] = longest = max(len(row), self._longest.get(code, 0))
        return row + (None,) * (longest - len(row))


def opened(asset: str, name: str, options: Mapping[str, Any]) -> FrameProfile:
    """A decoder for a profile; raises OptionError."""
    try:
        profile = load(name)
    except ProfileError as error:
        raise OptionError(either(f"profile : {error}", f"profile: {error}")) from None
    return FrameProfile(asset, profile, options)


def shipped_questions() -> frozenset[CanFrame]:
    """Every frame that a profile which comes with the collector may ask, at every address."""
    profiles = (load(name) for name in names())
    return frozenset(
        question.frame(address)
        for profile in profiles
        for question in profile.questions
        for address in profile.addresses
    )


CELL_COUNT = Option(
    "cells",
    (
        "nombre de cellules, si le BMS ne le dit pas correctement",
        "number of cells, if the BMS does not say it right",
    ),
    None,
    whole(1, MAX_ELEMENTS),
)
ADDRESS = Option(
    "address",
    (
        "adresse de la batterie, où plusieurs peuvent être sur un bus (JK : ses interrupteurs)",
        "address of the battery, where several can be on one bus (JK: its DIP switches)",
    ),
    None,
    whole(0, 255),
)
POSITIVE = Option(
    "positive_current",
    (
        "ce que veut dire un courant positif, la table appliquée ; charge d'origine",
        "what a positive current means, after the profile; by default charge",
    ),
    "charge",
    choices=("charge", "discharge"),
)
