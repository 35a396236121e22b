"""Values in CAN frames: where each one sits and what its bits mean, in both directions.

`FrameMap.decode` turns the newest frames into values; `FrameMap.encode` is its inverse, which lets
a simulated battery speak any profile. Frames are held as {(number of the message, index): data};
what did not come is not in there, and whatever needs it is absent. The same goes for what a short
frame does not reach to.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..wire.alarms import SEVERITIES, Alarm, vendor_alarm
from ..wire.reading import MAX_ELEMENTS, MAX_TEXT, Reading, State
from .signal import Signal

FAMILY = "can"
"""Of vendor alarms."""
Frames = Mapping[tuple[int, int], bytes]


@dataclass(frozen=True, slots=True)
class Field:
    """A number in a frame.

    absent  raw values, unsigned, that mean "not known"
    valid   a bit, and what it is where this number can be believed
    """

    signal: Signal
    absent: frozenset[int] = frozenset()
    valid: tuple[Signal, int] | None = None

    def raw(self, data: bytes) -> int | None:
        """The number with its sign, before scaling; None if it is not there or means nothing."""
        if len(data) < self.signal.end:
            return None
        if self.valid and _raw(self.valid[0], data) != self.valid[1]:
            return None
        raw = _raw(self.signal, data)
        return None if raw & (1 << self.signal.length) - 1 in self.absent else raw

    def value(self, data: bytes) -> float | None:
        raw = self.raw(data)
        return None if raw is None else raw * self.signal.factor + self.signal.offset

    def put(self, data: bytearray, value: float | None) -> None:
        """Write the value into eight bytes; None becomes the first absent value, else nothing."""
        if value is not None:
            _put(data, self.signal, self.signal.place(value))
            if self.valid:
                _put(data, self.valid[0], self.valid[1] << self.valid[0].shift)
        elif self.absent:
            _put(data, self.signal, min(self.absent) << self.signal.shift)


def _order(signal: Signal) -> str:
    return "little" if signal.little else "big"


def _raw(signal: Signal, data: bytes) -> int:
    return signal.raw(int.from_bytes(data[:8].ljust(8, b"\0"), _order(signal)))


def _put(data: bytearray, signal: Signal, bits: int) -> None:
    word = int.from_bytes(data, _order(signal)) | bits
    data[:] = word.to_bytes(8, _order(signal))


@dataclass(frozen=True, slots=True)
class Quantity:
    """A scalar metric, in the registry's unit and sign.

    finer      the same with more decimals, believed while it is not further than `within` from it
    magnitude  its sign means nothing
    """

    code: str
    field: Field
    finer: Field | None = None
    within: float = 0.0
    magnitude: bool = False

    def read(self, data: bytes) -> float | None:
        value = self.field.value(data)
        if value is not None and self.finer is not None:
            finer = self.finer.value(data)
            if finer is not None and abs(finer - value) <= self.within:
                value = finer
        return abs(value) if self.magnitude and value is not None else value

    def put(self, data: bytearray, value: float | None) -> None:
        self.field.put(data, value)
        if self.finer is not None:
            self.finer.put(data, value)


@dataclass(frozen=True, slots=True)
class Items:
    """The elements of an array that one frame holds; the frame's index says which ones."""

    code: str
    fields: tuple[Field, ...]

    def read(self, data: bytes, index: int) -> Iterator[tuple[int, float | None]]:
        first = index * len(self.fields)
        for i, element in enumerate(self.fields):
            yield first + i, element.value(data)

    def put(self, data: bytearray, index: int, values: tuple[float | None, ...]) -> None:
        first = index * len(self.fields)
        for i, element in enumerate(self.fields):
            element.put(data, values[first + i] if first + i < len(values) else None)


@dataclass(frozen=True, slots=True)
class Flag:
    """A state: what each raw number means. A number without a meaning leaves the state absent.

    `meanings` empty: the number itself is the state.
    """

    code: str
    field: Field
    meanings: Mapping[int, State] = field(default_factory=dict)
    otherwise: State | None = None

    def read(self, data: bytes) -> State | None:
        raw = self.field.raw(data)
        if raw is None or not self.meanings:
            return raw
        return self.meanings.get(raw, self.otherwise)

    def put(self, data: bytearray, state: State) -> None:
        """Write the number that means this; a state that no number stands for is left alone."""
        raw = int(state) if not self.meanings else None
        for number, meaning in self.meanings.items():
            if meaning == state and raw is None:
                raw = number
        if raw is not None:
            self.field.put(data, raw)


@dataclass(frozen=True, slots=True)
class Text:
    """A state in characters, over all frames of its message, up to the first NUL; or the bytes
    of a `version`, as numbers with points between them."""

    code: str
    start: int
    length: int
    version: bool = False

    def read(self, frames: list[bytes | None]) -> str | None:
        if None in frames:
            return None
        data = b"".join(frame[self.start : self.start + self.length] for frame in frames)
        if self.version:
            return ".".join(map(str, data)) if len(data) == self.length else None
        text = data.split(b"\0")[0].decode("ascii", "replace").strip()
        return text[:MAX_TEXT] if text and text.isascii() and text.isprintable() else None

    def put(self, data: bytearray, index: int, state: State) -> None:
        piece = str(state).encode("ascii", "replace")[index * self.length :]
        if self.version:
            numbers = str(state).split(".")
            piece = bytes(int(number) & 0xFF for number in numbers if number.isdecimal())
        piece = piece[: self.length].ljust(self.length, b"\0")
        data[self.start : self.start + self.length] = piece


@dataclass(frozen=True, slots=True)
class Complaint:
    """Raw numbers that are alarms; 0 never is one.

    `unmapped` names the vendor alarm of a number without an entry; empty: such a number is
    `otherwise`, or nothing.
    """

    field: Field
    alarms: Mapping[int, Alarm]
    unmapped: str = ""
    otherwise: Alarm | None = None

    def read(self, data: bytes) -> Alarm | None:
        raw = self.field.raw(data)
        if not raw:
            return None
        if raw not in self.alarms and self.unmapped:
            return vendor_alarm(FAMILY, f"{self.unmapped}.{raw}")
        return self.alarms.get(raw, self.otherwise)

    def put(self, data: bytearray, raised: set[Alarm]) -> None:
        """Raise what stands for one of these alarms, in the given severity if there is one."""
        same = {(alarm.code, alarm.index) for alarm in raised}
        likely = [raw for raw, alarm in self.alarms.items() if alarm in raised]
        likely += [raw for raw, alarm in self.alarms.items() if (alarm.code, alarm.index) in same]
        if likely:
            self.field.put(data, likely[0])


@dataclass(frozen=True, slots=True)
class Message:
    """One kind of frame, or a row of them whose identifiers are `step` apart.

    mask      bits of the identifier that count
    count     identifiers in the row
    selector  a number in the frame that tells one frame of this identifier from another
    first     value of the selector in the frame of index 0
    only      value of the selector in the only frame that is meant
    length    bytes the frame must have
    checksum  the last byte is the sum of identifier, length and the bytes before it
    needed    a reading waits for it
    hold      milliseconds for which it is believed
    """

    id: int
    extended: bool
    mask: int = 0x1FFF_FFFF
    count: int = 1
    step: int = 1
    selector: Signal | None = None
    first: int = 0
    only: int | None = None
    length: int = 0
    checksum: bool = False
    needed: bool = False
    hold: int = 5000
    quantities: tuple[Quantity, ...] = ()
    items: tuple[Items, ...] = ()
    counts: tuple[tuple[str, Field], ...] = ()
    flags: tuple[Flag, ...] = ()
    texts: tuple[Text, ...] = ()
    complaints: tuple[Complaint, ...] = ()

    def index(self, place: int, data: bytes) -> int | None:
        """Which frame of the message this is; None if it is not meant. `place` in the row."""
        if self.selector is None:
            return place
        if len(data) < self.selector.end:
            return None
        chosen = _raw(self.selector, data)
        if self.only is not None:
            return 0 if chosen == self.only else None
        return chosen - self.first if 0 <= chosen - self.first < MAX_ELEMENTS else None

    def sound(self, identifier: int, data: bytes) -> bool:
        """Whether the checksum is right, if there is one."""
        if not self.checksum:
            return True
        return bool(data) and data[-1] == _checksum(identifier, data)

    def indices(self, reading: Reading) -> range:
        """The frames that a battery in this state sends."""
        sizes = [
            -(-len(reading.arrays.get(items.code, ())) // len(items.fields)) for items in self.items
        ]
        if self.selector is None:
            return range(min(self.count, max(sizes, default=self.count)))
        return range(1) if self.only is not None else range(max(sizes, default=1))

    def write(self, identifier: int, index: int, reading: Reading) -> bytes:
        """The frame of this index of a battery in this state."""
        data = bytearray(8)
        self._put_numbers(data, index, reading)
        for flag in self.flags:
            if flag.code in reading.states:
                flag.put(data, reading.states[flag.code])
        for text in self.texts:
            if text.code in reading.states:
                text.put(data, index, reading.states[text.code])
        for complaint in self.complaints:
            complaint.put(data, set(reading.alarms))
        if self.selector is not None:
            chosen = self.first + index if self.only is None else self.only
            _put(data, self.selector, chosen << self.selector.shift)
        if self.checksum:
            data[-1] = _checksum(identifier, data)
        return bytes(data[: max(self.length, self._end)])

    def _put_numbers(self, data: bytearray, index: int, reading: Reading) -> None:
        for quantity in self.quantities:
            quantity.put(data, reading.values.get(quantity.code))
        for items in self.items:
            items.put(data, index, reading.arrays.get(items.code, ()))
        for code, count in self.counts:
            count.put(data, len(reading.arrays.get(code, ())))

    @property
    def _end(self) -> int:
        """Bytes that something is in."""
        fields = [q.field for q in self.quantities] + [f.field for f in self.flags]
        fields += [q.finer for q in self.quantities if q.finer is not None]
        fields += [f for items in self.items for f in items.fields]
        fields += [f for _, f in self.counts] + [c.field for c in self.complaints]
        ends = [f.signal.end for f in fields] + [t.start + t.length for t in self.texts]
        if self.selector is not None:
            ends.append(self.selector.end)
        return 8 if self.checksum else max(ends, default=8)


def _checksum(identifier: int, data: bytes) -> int:
    return (identifier + len(data) + sum(data[:-1])) & 0xFF


@dataclass(frozen=True, slots=True)
class FrameMap:
    """Everything known about the frames of one kind of battery."""

    messages: tuple[Message, ...] = ()

    def decode(self, frames: Frames, sizes: Mapping[str, int]) -> dict[str, Any]:
        """values, arrays, states and alarms, as a Reading takes them; unknown ones left out.

        `sizes` settles how many elements an array has, where that is known from elsewhere.
        """
        values: dict[str, float] = {}
        states: dict[str, State] = {}
        alarms: list[Alarm] = []
        for (number, _), data in sorted(frames.items()):
            message = self.messages[number]
            for quantity in message.quantities:
                if (value := quantity.read(data)) is not None:
                    values[quantity.code] = value
            for flag in message.flags:
                if (state := flag.read(data)) is not None:
                    states[flag.code] = state
            alarms += (a for c in message.complaints if (a := c.read(data)) is not None)
        return {
            "values": values,
            "arrays": self._arrays(frames, sizes),
            "states": states | self._texts(frames),
            "alarms": _worst(alarms),
        }

    def encode(self, reading: Reading, shift: int = 0) -> Iterator[tuple[int, bool, bytes]]:
        """(identifier, whether it is extended, data) of every frame of a battery in the state of
        this reading; `shift` is what its address adds to the identifiers."""
        for message in self.messages:
            for index in message.indices(reading):
                place = 0 if message.selector is not None else index
                identifier = message.id + shift + place * message.step
                yield identifier, message.extended, message.write(identifier, index, reading)

    def _arrays(
        self, frames: Frames, sizes: Mapping[str, int]
    ) -> dict[str, tuple[float | None, ...]]:
        found: dict[str, dict[int, float]] = {}
        counted: dict[str, int] = {}
        for (number, index), data in frames.items():
            for code, count in self.messages[number].counts:
                if (raw := count.raw(data)) is not None:
                    counted[code] = raw
            for items in self.messages[number].items:
                known = found.setdefault(items.code, {})
                known.update((i, v) for i, v in items.read(data, index) if v is not None)
        arrays = {}
        for code, known in found.items():
            size = sizes.get(code, counted.get(code, max(known, default=-1) + 1))
            row = tuple(known.get(i) for i in range(min(size, MAX_ELEMENTS)))
            if any(item is not None for item in row):
                arrays[code] = row
        return arrays

    def _texts(self, frames: Frames) -> dict[str, str]:
        states = {}
        for number, message in enumerate(self.messages):
            for text in message.texts:
                pieces = [frames.get((number, index)) for index in range(message.count)]
                if (state := text.read(pieces)) is not None:
                    states[text.code] = state
        return states


def _worst(alarms: Iterable[Alarm]) -> tuple[Alarm, ...]:
    """Many batteries send a warning beside its alarm, or say the same in two frames."""
    ranked = sorted(alarms, key=lambda alarm: SEVERITIES.index(alarm.severity))
    return tuple({(alarm.code, alarm.index): alarm for alarm in ranked}.values())
