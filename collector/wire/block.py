"""A block: consecutive readings of one asset, column by column, at full resolution.

Columns hold integers at a power-of-ten resolution, so nothing is averaged and nothing is rounded
twice. On the wire each column is its first known integer followed by the differences between
successive known ones, which is what makes a minute of a sixteen-cell pack a few hundred bytes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from .alarms import Alarm
from .errors import WireError
from .reading import (
    MAX_ELEMENTS,
    Reading,
    State,
    digits_of,
    names,
    parse_alarms,
    parse_code,
    parse_states,
    parse_ts,
    parse_uid,
)

MAX_READINGS = 4096
MAX_CELLS = 2_000_000
"""Most numbers in one block, unknown ones included."""
MAX_STEP = 1 << 40
MAX_INTEGER = 1 << 53
_INTEGER_OR_NULL = {int, type(None)}


@dataclass(frozen=True, slots=True)
class Column:
    """Integers of one series: the value is `integer / 10**digits`; None is unknown."""

    digits: int
    integers: tuple[int | None, ...]

    def values(self) -> Iterator[float | None]:
        unit = 10**self.digits
        return (None if i is None else i / unit for i in self.integers)


@dataclass(frozen=True, slots=True)
class Change:
    """States and alarms as they stand from reading number `at` on."""

    at: int
    states: Mapping[str, State]
    alarms: tuple[Alarm, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """`times` are epoch milliseconds, strictly increasing; every column is as long as `times`.

    `seq` strictly increases per spool epoch and asset, which is what makes a repeat harmless.
    """

    asset: str
    seq: int
    times: tuple[int, ...]
    values: Mapping[str, Column]
    arrays: Mapping[str, tuple[Column, ...]]
    changes: tuple[Change, ...]

    def readings(self) -> Iterator[Reading]:
        """The readings this block was made of, exactly."""
        scalars = {code: list(column.values()) for code, column in self.values.items()}
        arrays = {
            code: list(zip(*(column.values() for column in columns), strict=True))
            for code, columns in self.arrays.items()
        }
        changes = iter(self.changes)
        upcoming = next(changes, None)
        states: Mapping[str, State] = {}
        alarms: tuple[Alarm, ...] = ()
        for i, ts in enumerate(self.times):
            if upcoming is not None and upcoming.at == i:
                states, alarms = upcoming.states, upcoming.alarms
                upcoming = next(changes, None)
            yield Reading(
                asset=self.asset,
                ts=ts,
                values={c: v[i] for c, v in scalars.items() if v[i] is not None},
                arrays={
                    c: rows[i]
                    for c, rows in arrays.items()
                    if any(item is not None for item in rows[i])
                },
                states=states,
                alarms=alarms,
            )

    def to_json(self) -> dict[str, Any]:
        steps = [b - a for a, b in zip(self.times, self.times[1:], strict=False)]
        regular = len(set(steps)) <= 1
        return {
            "asset": self.asset,
            "seq": self.seq,
            "t0": self.times[0],
            "n": len(self.times),
            "dt": (steps[0] if steps else 0) if regular else steps,
            "values": {
                code: {"digits": column.digits, "delta": _deltas(column.integers)}
                for code, column in self.values.items()
            },
            "arrays": {
                code: {
                    "digits": columns[0].digits,
                    "delta": [_deltas(column.integers) for column in columns],
                }
                for code, columns in self.arrays.items()
            },
            "changes": [
                {
                    "at": change.at,
                    "states": dict(change.states),
                    "alarms": [alarm.to_json() for alarm in change.alarms],
                }
                for change in self.changes
            ],
        }


def from_readings(readings: Sequence[Reading], seq: int) -> Block:
    """Gather tidy readings of one asset, in order of time; of two at one instant the last stays."""
    by_time = {reading.ts: reading for reading in readings}
    ordered = [by_time[ts] for ts in sorted(by_time)]
    if len({reading.asset for reading in ordered}) != 1:
        raise ValueError("a block holds the readings of exactly one asset")
    scalars, arrays = names(ordered)
    return Block(
        asset=ordered[0].asset,
        seq=seq,
        times=tuple(reading.ts for reading in ordered),
        values={c: _column(c, [r.values.get(c) for r in ordered]) for c in sorted(scalars)},
        arrays={c: _array(c, [r.arrays.get(c, ()) for r in ordered]) for c in sorted(arrays)},
        changes=tuple(_changes(ordered)),
    )


@dataclass(frozen=True, slots=True)
class Outline:
    """A block on the wire, all of it judged but the numbers: each series with its differences."""

    asset: str
    seq: int
    times: tuple[int, ...]
    series: Sequence[tuple[str, int | None, int, Any]]
    """Metric, element of an array metric (else None), decimals, differences as they came."""
    changes: tuple[Change, ...]


def from_json(data: Any) -> Block:
    """Parse the wire form; raises WireError naming the first thing that is wrong."""
    return from_outline(outline(data))


def outline(data: Any) -> Outline:
    """Parse everything but the numbers; raises WireError."""
    if not isinstance(data, dict):
        raise WireError("bad_structure", "block must be an object")
    asset = parse_uid(data.get("asset"))
    seq = _integer(data.get("seq"), 0, 1 << 62, "seq")
    count = _integer(data.get("n"), 1, MAX_READINGS, "n")
    times = _times(parse_ts(data.get("t0")), data.get("dt"), count)
    series: list[tuple[str, int | None, int, Any]] = []
    for code, column in _items(data, "values"):
        series.append((parse_code(code, array=False), None, *_parts(code, column)))
    for code, columns in _items(data, "arrays"):
        parse_code(code, array=True)
        digits, each = _parts(code, columns)
        if not 1 <= len(each) <= MAX_ELEMENTS:
            raise WireError("bad_value", f"{code} must have 1 to {MAX_ELEMENTS} series")
        if count * (len(series) + len(each)) > MAX_CELLS:
            raise WireError("too_large", "block")
        series += [(code, i, digits, item) for i, item in enumerate(each)]
    changes = tuple(_parse_changes(data.get("changes", []), count))
    return Outline(asset, seq, times, series, changes)


def from_outline(found: Outline) -> Block:
    """The block with its numbers; raises WireError."""
    count = len(found.times)
    values: dict[str, Column] = {}
    arrays: dict[str, list[Column]] = {}
    for code, index, digits, deltas in found.series:
        column = Column(digits, _undeltas(code, deltas, count))
        if index is None:
            values[code] = column
        else:
            arrays.setdefault(code, []).append(column)
    return Block(
        asset=found.asset,
        seq=found.seq,
        times=found.times,
        values=values,
        arrays={code: tuple(columns) for code, columns in arrays.items()},
        changes=found.changes,
    )


def _column(code: str, values: Iterable[float | None]) -> Column:
    unit = 10 ** digits_of(code)
    return _reduced(digits_of(code), [None if v is None else round(v * unit) for v in values])


def _array(code: str, rows: Sequence[Sequence[float | None]]) -> tuple[Column, ...]:
    width = max(len(row) for row in rows)
    unit, digits = 10 ** digits_of(code), digits_of(code)
    series = [
        [None if i >= len(row) or row[i] is None else round(row[i] * unit) for row in rows]
        for i in range(width)
    ]
    while digits and all(v is None or v % 10 == 0 for column in series for v in column):
        digits -= 1
        series = [[None if v is None else v // 10 for v in column] for column in series]
    return tuple(Column(digits, tuple(column)) for column in series)


def _reduced(digits: int, integers: list[int | None]) -> Column:
    """Drop trailing decimals that every value has as zero: a BMS rarely uses all of them."""
    while digits and all(v is None or v % 10 == 0 for v in integers):
        digits -= 1
        integers = [None if v is None else v // 10 for v in integers]
    return Column(digits, tuple(integers))


def _changes(readings: Sequence[Reading]) -> Iterator[Change]:
    previous = None
    for i, reading in enumerate(readings):
        current = (dict(reading.states), reading.alarms)
        if current != previous and (i or current != ({}, ())):
            yield Change(i, current[0], current[1])
        previous = current


def _deltas(integers: Sequence[int | None]) -> list[int | None]:
    last, deltas = 0, []
    for value in integers:
        if value is None:
            deltas.append(None)
        else:
            deltas.append(value - last)
            last = value
    return deltas


def _undeltas(code: str, deltas: Any, count: int) -> tuple[int | None, ...]:
    if not isinstance(deltas, list) or len(deltas) != count:
        raise WireError("bad_length", f"{code} must hold {count} integers")
    if not set(map(type, deltas)) <= _INTEGER_OR_NULL:
        raise WireError("bad_value", f"{code} must hold integers or null")
    if None in deltas:
        last, out = 0, []
        for d in deltas:
            if d is not None:
                last += d
            out.append(None if d is None else last)
        integers, known = tuple(out), [i for i in out if i is not None]
    else:
        integers = known = tuple(accumulate(deltas))
    if known and not -MAX_INTEGER < min(known) <= max(known) < MAX_INTEGER:
        raise WireError("bad_value", f"{code} is out of range")
    return integers


def _parts(code: str, column: Any) -> tuple[int, list]:
    if not isinstance(column, dict) or not isinstance(column.get("delta"), list):
        raise WireError("bad_structure", f"{code} must be digits and delta")
    return _integer(column.get("digits"), 0, 9, f"{code}.digits"), column["delta"]


def _times(t0: int, dt: Any, count: int) -> tuple[int, ...]:
    if type(dt) is int:
        steps = [dt] * (count - 1)
    elif isinstance(dt, list) and len(dt) == count - 1:
        steps = dt
    else:
        raise WireError("bad_length", "dt must be an integer or n - 1 integers")
    if not all(type(step) is int and 0 < step < MAX_STEP for step in steps):
        raise WireError("bad_time", "time steps must be positive")
    return tuple(accumulate(steps, initial=t0))


def _parse_changes(data: Any, count: int) -> Iterator[Change]:
    if not isinstance(data, list) or len(data) > count:
        raise WireError("bad_structure", "changes must be a list of at most n")
    last = -1
    for item in data:
        if not isinstance(item, dict):
            raise WireError("bad_structure", "change must be an object")
        last = _integer(item.get("at"), last + 1, count - 1, "change.at")
        yield Change(
            last, parse_states(item.get("states", {})), parse_alarms(item.get("alarms", []))
        )


def _items(data: dict, name: str) -> Iterator[tuple[str, Any]]:
    part = data.get(name, {})
    if not isinstance(part, dict):
        raise WireError("bad_structure", f"{name} must be an object")
    return iter(part.items())


def _integer(value: Any, low: int, high: int, name: str) -> int:
    if type(value) is not int or not low <= value <= high:
        raise WireError("bad_value", f"{name} must be an integer from {low} to {high}")
    return value
