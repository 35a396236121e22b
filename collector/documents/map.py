"""What the values of a document mean: numbers, arrays, states and complaints, by their paths.

A bridge may write a number as a text, and what it does not know as null, NaN, "--" or nothing at
all: whatever is no number is absent.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from ..wire.alarms import Alarm, vendor_alarm
from ..wire.metrics import STATES
from ..wire.reading import MAX_ALARMS, MAX_ELEMENTS, MAX_TEXT, State
from .path import Path

_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,15})?([eE][+-]?\d{1,2})?")
_STRANGE = re.compile(r"[^A-Za-z0-9_.-]")
LONGEST_CODE = 64
MOST_BITS = 64
VENDOR = "gateway"
SEVERITIES: Mapping[str, str] = {
    "info": "info",
    "notice": "info",
    "warning": "warning",
    "warn": "warning",
    "error": "critical",
    "alarm": "critical",
    "fault": "critical",
    "critical": "critical",
}
"""What bridges call how bad it is."""


def number(value: Any) -> float | None:
    """A finite number, also one written as a text."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if isfinite(value) else None


def part(element: Any, key: str) -> Any:
    """A value of an element that is an object; of another, the element itself."""
    if not key:
        return element
    return element.get(key) if isinstance(element, dict) else None


@dataclass(frozen=True, slots=True)
class Scale:
    """value = number × factor + offset, in the registry's unit and sign; `absent` mean nothing."""

    factor: float = 1.0
    offset: float = 0.0
    absent: frozenset[float] = frozenset()

    def of(self, value: Any) -> float | None:
        if isinstance(value, bool):
            value = int(value)  # a switch, as balancing is
        found = number(value)
        if found is None or found in self.absent:
            return None
        return found * self.factor + self.offset


@dataclass(frozen=True, slots=True)
class Quantity:
    """A scalar metric."""

    code: str
    path: Path
    scale: Scale

    def read(self, document: Any) -> float | None:
        value = self.path.value(document)
        return None if isinstance(value, bool) else self.scale.of(value)


@dataclass(frozen=True, slots=True)
class Array:
    """An array metric: the elements of one list, or of several one after the other.

    value   in an element that is an object, the key of its number
    valid   the key that says whether the number is to be believed
    number  the key of the element's number in its list, which counts from `first`: elements may
            come in any order, and those left out are unknown
    length  elements of each list, None: as many as there are
    """

    code: str
    path: Path
    scale: Scale
    value: str = ""
    valid: str = ""
    number: str = ""
    first: int = 0
    length: int | None = None

    def read(self, document: Any) -> tuple[float | None, ...]:
        found: list[float | None] = []
        for elements in self.path.lists(document):
            found += self._list(elements)
            if len(found) > MAX_ELEMENTS:
                break
        return tuple(found[:MAX_ELEMENTS])

    def _list(self, elements: list[Any]) -> list[float | None]:
        placed = dict(self._placed(elements[:MAX_ELEMENTS]))
        length = max(placed, default=-1) + 1 if self.length is None else self.length
        return [placed.get(place) for place in range(length)]

    def _placed(self, elements: list[Any]) -> Iterator[tuple[int, float | None]]:
        for position, element in enumerate(elements):
            place = part(element, self.number) if self.number else position + self.first
            if type(place) is not int or not 0 <= place - self.first < MAX_ELEMENTS:
                continue
            is_valid = not self.valid or part(element, self.valid) in (True, 1)
            value = self.scale.of(part(element, self.value)) if is_valid else None
            yield place - self.first, value


@dataclass(frozen=True, slots=True)
class Flag:
    """A state. `meanings` by what stands in the document; empty: that is the state itself.

    What has no meaning is `otherwise`, None: absent.
    """

    code: str
    path: Path
    meanings: Mapping[str, State] = field(default_factory=dict)
    otherwise: State | None = None

    def read(self, document: Any) -> State | None:
        value = self.path.value(document)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, bool | int | str):
            return None
        if self.meanings:
            return self.meanings.get(_word(value), self.otherwise)
        wanted = STATES.get(self.code, type(value))
        if wanted is str and not isinstance(value, str):
            value = _word(value)
        if wanted is bool and value in (0, 1):
            value = bool(value)
        if isinstance(value, str):
            value = value.strip()[:MAX_TEXT]
        return value if type(value) is wanted and value != "" else None


def _word(value: State) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value).strip()


@dataclass(frozen=True, slots=True)
class Bits:
    """A number whose bits are alarms; those without a name stay visible by their number."""

    path: Path
    alarms: Mapping[int, Alarm | None]
    label: str

    def read(self, document: Any) -> Iterator[Alarm]:
        raw = self.path.value(document)
        if type(raw) is not int or not 0 <= raw < 1 << MOST_BITS:
            return
        for bit in range(MOST_BITS):
            if raw >> bit & 1:
                alarm = self.alarms.get(bit, vendor_alarm(VENDOR, f"{self.label}.bit{bit}"))
                if alarm:
                    yield alarm


@dataclass(frozen=True, slots=True)
class Names:
    """Alarms by name: one value, or a list of values or of objects.

    value   in an element that is an object, the key of the name
    active  the key that says whether it is raised; empty: all that are there are
    level   the key of how bad it is, one of SEVERITIES
    alarms  name to alarm, None: not one; a name without an entry stays visible as it is
    """

    path: Path
    alarms: Mapping[str, Alarm | None]
    value: str = ""
    active: str = ""
    level: str = ""

    def read(self, document: Any) -> Iterator[Alarm]:
        for element in self._elements(document)[:MAX_ALARMS]:
            name = part(element, self.value)
            if not isinstance(name, str | int) or isinstance(name, bool) or name == "":
                continue
            if self.active and part(element, self.active) not in (True, 1):
                continue
            if alarm := self._alarm(str(name), part(element, self.level) if self.level else None):
                yield alarm

    def _elements(self, document: Any) -> list[Any]:
        found = self.path.lists(document)
        if not found and self.path.is_single:
            return [self.path.value(document)]
        return [element for elements in found for element in elements]

    def _alarm(self, name: str, level: Any) -> Alarm | None:
        severity = SEVERITIES.get(level.lower()) if isinstance(level, str) else None
        if name in self.alarms:
            known = self.alarms[name]
            return known and Alarm(known.code, severity or known.severity, known.index)
        return vendor_alarm(
            VENDOR, _STRANGE.sub("_", name)[:LONGEST_CODE], None, severity or "warning"
        )


@dataclass(frozen=True, slots=True)
class Stamp:
    """When the gateway says that it measured: seconds, milliseconds (`ms`) or ISO 8601 (`iso`)."""

    path: Path
    format: str

    def read(self, document: Any) -> int | None:
        """Epoch milliseconds; None if it does not say."""
        value = self.path.value(document)
        if self.format == "iso":
            return _iso(value) if isinstance(value, str) else None
        found = number(value)
        if found is None:
            return None
        ts = round(found * (1000 if self.format == "s" else 1))
        return ts if 0 <= ts < 1 << 47 else None


def _iso(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0, round(moment.timestamp() * 1000))
    except (ValueError, OverflowError):
        return None


@dataclass(frozen=True, slots=True)
class DocumentMap:
    """Everything known about the documents of one kind of gateway."""

    quantities: tuple[Quantity, ...] = ()
    arrays: tuple[Array, ...] = ()
    states: tuple[Flag, ...] = ()
    complaints: tuple[Bits | Names, ...] = ()
    stamp: Stamp | None = None

    def decode(self, document: Any) -> dict[str, Any]:
        """values, arrays, states and alarms, as a Reading takes them; unknown ones left out."""
        values = {q.code: v for q in self.quantities if (v := q.read(document)) is not None}
        read = {array.code: array.read(document) for array in self.arrays}
        arrays = {
            code: items for code, items in read.items() if any(item is not None for item in items)
        }
        states = {s.code: v for s in self.states if (v := s.read(document)) is not None}
        alarms = {alarm for complaint in self.complaints for alarm in complaint.read(document)}
        found = sorted(alarms, key=lambda alarm: (alarm.code, alarm.index or 0, alarm.severity))
        return {
            "values": values,
            "arrays": arrays,
            "states": states,
            "alarms": tuple(found[:MAX_ALARMS]),
        }
