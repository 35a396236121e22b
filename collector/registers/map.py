"""Values in Modbus registers: where each one sits and what its words mean, in both directions.

`RegisterMap.decode` turns words into values; `RegisterMap.encode` is its inverse, which lets a
simulated device speak any map. Words are held as {(function, address): unsigned 16-bit}; a word
that was not read is not in there, and whatever needs it is absent.
"""

import struct
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from ..wire.alarms import Alarm, vendor_alarm
from ..wire.reading import MAX_TEXT, Reading, State

Words = Mapping[tuple[int, int], int]

WIDTHS = {"u16": 1, "s16": 1, "u32": 2, "s32": 2, "f32": 2, "u8": 1, "s8": 1, "bit": 1}
"""Types of numbers, with their width in registers."""
_BITS = {"s8": 8, "s16": 16, "s32": 32}


@dataclass(frozen=True, slots=True)
class Point:
    """Where one raw number sits.

    addresses  of its registers, most significant first
    type       one of WIDTHS
    part       of the register: 0 the high and 1 the low byte of `u8` and `s8`, or the `bit` number
    absent     raw values, unsigned as in the registers, that mean "not known"
    """

    function: int
    addresses: tuple[int, ...]
    type: str = "u16"
    part: int = 0
    absent: frozenset[int] = frozenset()

    def raw(self, words: Words) -> int | None:
        """The unsigned number in the registers; None if it was not read or means nothing."""
        number = 0
        for address in self.addresses:
            word = words.get((self.function, address))
            if word is None:
                return None
            number = number << 16 | word
        number = number >> self._shift & self._mask
        return None if number in self.absent else number

    def number(self, words: Words) -> int | float | None:
        """The number with its sign, before scaling."""
        raw = self.raw(words)
        if raw is None:
            return None
        if self.type == "f32":
            value = struct.unpack(">f", raw.to_bytes(4, "big"))[0]
            return value if isfinite(value) else None
        bits = _BITS.get(self.type)
        return raw - (1 << bits) if bits and raw >> bits - 1 else raw

    def put(self, words: MutableMapping[tuple[int, int], int], number: float | None) -> None:
        """Write the number, clipped to what fits; None becomes the first absent value, else 0."""
        raw = self._unsigned(number)
        mask = self._mask << self._shift
        for address in reversed(self.addresses):
            place = self.function, address
            kept = words.get(place, 0) & ~mask & 0xFFFF
            words[place] = kept | raw << self._shift & 0xFFFF
            raw >>= 16

    def _unsigned(self, number: float | None) -> int:
        if number is None:
            return min(self.absent, default=0)
        if self.type == "f32":
            return int.from_bytes(struct.pack(">f", number), "big")
        bits = _BITS.get(self.type)
        low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if bits else (0, self._mask)
        return min(max(round(number), low), high) & self._mask

    @property
    def _mask(self) -> int:
        if self.type == "bit":
            return 1
        return 0xFF if self.type in ("u8", "s8") else (1 << 16 * len(self.addresses)) - 1

    @property
    def _shift(self) -> int:
        if self.type == "bit":
            return self.part
        return 8 * (1 - self.part) if self.type in ("u8", "s8") else 0


@dataclass(frozen=True, slots=True)
class Quantity:
    """A scalar metric: number × scale + offset, in the registry's unit and sign.

    needs  a register that is 0 where the device knows nothing of this value
    """

    code: str
    point: Point
    scale: float = 1.0
    offset: float = 0.0
    needs: Point | None = None

    def read(self, words: Words) -> float | None:
        number = self.point.number(words)
        if number is None or (self.needs and not self.needs.raw(words)):
            return None
        return number * self.scale + self.offset

    def put(self, words: MutableMapping[tuple[int, int], int], value: float | None) -> None:
        self.point.put(words, None if value is None else (value - self.offset) / self.scale)


@dataclass(frozen=True, slots=True)
class Array:
    """An array metric, one element after another.

    count   where the device says how many elements are real; with `count_by_bits` the highest
            bit set there is the last real element. None: all of them are
    fixed   a number of elements that settles the question
    """

    code: str
    elements: tuple[Quantity, ...]
    count: Point | None = None
    count_by_bits: bool = False

    def read(self, words: Words, fixed: int | None = None) -> tuple[float | None, ...]:
        real = len(self.elements) if fixed is None else fixed
        if fixed is None and self.count is not None:
            raw = self.count.raw(words)
            if raw is None:
                return ()
            real = raw.bit_length() if self.count_by_bits else raw
        return tuple(element.read(words) for element in self.elements[:real])

    def put(
        self, words: MutableMapping[tuple[int, int], int], values: tuple[float | None, ...]
    ) -> None:
        real = min(len(values), len(self.elements))
        if self.count is not None and real:
            self.count.put(words, (1 << real) - 1 if self.count_by_bits else real)
        for i, element in enumerate(self.elements):
            element.put(words, values[i] if i < real else None)


@dataclass(frozen=True, slots=True)
class Flag:
    """A state: what each raw number means. A number without a meaning leaves the state absent.

    `meanings` empty: the number itself is the state. `needs` as in a Quantity.
    """

    code: str
    point: Point
    meanings: Mapping[int, State] = field(default_factory=dict)
    otherwise: State | None = None
    needs: Point | None = None

    def read(self, words: Words) -> State | None:
        raw = self.point.raw(words)
        if raw is None or (self.needs and not self.needs.raw(words)):
            return None
        return self.meanings.get(raw, self.otherwise) if self.meanings else raw

    def put(self, words: MutableMapping[tuple[int, int], int], state: State) -> None:
        """Write the number that means this; a state that no number stands for is left alone."""
        if not self.meanings:
            self.point.put(words, int(state))
        for raw, meaning in self.meanings.items():
            if meaning == state:
                self.point.put(words, raw)
                return


@dataclass(frozen=True, slots=True)
class Text:
    """A state in characters, two per register, up to the first NUL, without outer spaces."""

    code: str
    function: int
    addresses: tuple[int, ...]

    def read(self, words: Words) -> str | None:
        found = [words.get((self.function, address)) for address in self.addresses]
        if None in found:
            return None
        data = b"".join(word.to_bytes(2, "big") for word in found).split(b"\0")[0]
        text = data.decode("ascii", "replace").replace("\ufffd", "?").strip()
        return text[:MAX_TEXT] if text and text.isprintable() else None

    def put(self, words: MutableMapping[tuple[int, int], int], state: State) -> None:
        data = str(state).encode("ascii", "replace").ljust(2 * len(self.addresses), b"\0")
        for i, address in enumerate(self.addresses):
            words[self.function, address] = int.from_bytes(data[2 * i : 2 * i + 2], "big")


@dataclass(frozen=True, slots=True)
class Complaint:
    """Raw numbers that are alarms; 0 never is one.

    `unmapped` names the vendor alarm of a number without an entry; empty: such a number is
    the alarm `otherwise`, or nothing.
    """

    point: Point
    alarms: Mapping[int, Alarm]
    unmapped: str = ""
    otherwise: Alarm | None = None

    def read(self, words: Words) -> Alarm | None:
        raw = self.point.raw(words)
        if not raw:
            return None
        if raw not in self.alarms and self.unmapped:
            return vendor_alarm("modbus", f"{self.unmapped}.{raw}")
        return self.alarms.get(raw, self.otherwise)

    def put(self, words: MutableMapping[tuple[int, int], int], raised: set[Alarm]) -> None:
        """Raise what stands for one of these alarms, in the given severity if there is one."""
        likely = [raw for raw, alarm in self.alarms.items() if alarm in raised]
        same = {(alarm.code, alarm.index) for alarm in raised}
        likely += [raw for raw, alarm in self.alarms.items() if (alarm.code, alarm.index) in same]
        if likely:
            self.point.put(words, likely[0])


@dataclass(frozen=True, slots=True)
class RegisterMap:
    """Everything known about the registers of one kind of device."""

    quantities: tuple[Quantity, ...] = ()
    arrays: tuple[Array, ...] = ()
    states: tuple[Flag | Text, ...] = ()
    complaints: tuple[Complaint, ...] = ()

    def decode(self, words: Words, cells: int | None = None) -> dict[str, Any]:
        """values, arrays, states and alarms, as a Reading takes them; unknown ones left out.

        `cells` settles the number of cells where the device does not say it or says it wrongly.
        """
        values = {q.code: value for q in self.quantities if (value := q.read(words)) is not None}
        arrays = {}
        for array in self.arrays:
            fixed = cells if array.code in ("cell_voltage", "balancing") else None
            items = array.read(words, fixed)
            if any(item is not None for item in items):
                arrays[array.code] = items
        states = {s.code: state for s in self.states if (state := s.read(words)) is not None}
        alarms = {alarm for c in self.complaints if (alarm := c.read(words)) is not None}
        return {"values": values, "arrays": arrays, "states": states, "alarms": tuple(alarms)}

    def encode(self, reading: Reading) -> dict[tuple[int, int], int]:
        """The words of a device that is in the state of this reading. What it does not hold is
        written as the device writes what it does not know."""
        words: dict[tuple[int, int], int] = {}
        for quantity in self.quantities:
            quantity.put(words, reading.values.get(quantity.code))
        for array in self.arrays:
            array.put(words, reading.arrays.get(array.code, ()))
        for state in self.states:
            if state.code in reading.states:
                state.put(words, reading.states[state.code])
        raised = set(reading.alarms)
        for complaint in self.complaints:
            complaint.put(words, raised)
        return words

    def places(self) -> Iterator[tuple[str, int, tuple[int, ...]]]:
        """Every code with the function and the addresses its value is made of."""
        for quantity in self.quantities:
            yield quantity.code, quantity.point.function, quantity.point.addresses
        for array in self.arrays:
            if array.count is not None:
                yield array.code, array.count.function, array.count.addresses
            for element in array.elements:
                yield array.code, element.point.function, element.point.addresses
        for state in self.states:
            point = state if isinstance(state, Text) else state.point
            yield state.code, point.function, point.addresses
        for complaint in self.complaints:
            yield "alarms", complaint.point.function, complaint.point.addresses
