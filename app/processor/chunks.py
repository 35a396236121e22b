"""Chunks: full-resolution readings of one asset as one blob of compressed columns.

Version 2 is how a block arrives (`hot`). Version 3 is how many are kept, and version 1 was:

    0   4s  magic `TBMC`          20  q  time of the last reading
    4   B   version               28  I  bytes of the directory
    5   B   0                     32  I  bytes of each group, in order
    6   H   number of groups          .. directory: deflated JSON, per group a list of columns
    8   I   number of readings        .. groups, each deflated
    12  q   time of the first     -4  I  CRC-32 of everything before

A directory entry is `[code, index, digits, bytes]`: metric, element of an array metric (else null),
decimals (value = integer / 10**digits), length inside its inflated group. `$time` holds epoch
milliseconds, `$changes` the states and alarms as JSON `[[at, states, [[code, severity, index]]]]`.
Columns are those of `columns`; version 3 may write them predicted, from those of `REFERENCES` that
come before. A short chunk keeps all its columns in one group, because deflate needs something to
chew on; a long one gives each metric its own, and each element of an array once they are large, so
that a chart of two metrics inflates two. What is not in the directory is unknown throughout.

Written once, read for ever: `tests/data/chunks/` holds a file per version that must keep decoding.
"""

import json
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from collector.wire.alarms import Alarm
from collector.wire.block import Block, Change
from collector.wire.block import Column as WireColumn

from . import hot
from .columns import NUMPY_FROM, ColumnError, Integers, Mask, integers, numpy, pack, unpack

if TYPE_CHECKING:
    from .grid import Grid

Key = tuple[str, int | None]
"""A metric, and the element when the metric is an array."""

MAGIC, VERSION = b"TBMC", 3
VERSIONS = (1, hot.VERSION, VERSION)
TIME, CHANGES = "$time", "$changes"
REFERENCES: tuple[Key, ...] = (("current", None), ("pack_voltage", None))
"""What other columns may follow, each only those before it; the order is part of the format."""
SPLIT_FROM = 512
"""Readings from which metrics have groups of their own."""
GROUP = 40_000
"""Bytes up to which the elements of an array share one: they have one code table, too."""
MAX_GROUP = 64 << 20
LEVEL, MEMORY = 6, 9
QUICK = (zlib.Z_RLE, zlib.Z_HUFFMAN_ONLY)
SAMPLE = 4096
WORTH = 0.97
"""Repetitions must save this much of the sample to be looked for in the whole."""

_Part = tuple[str, int | None, int, bytes]
"""Metric, element, decimals, the bytes of the column."""

_HEAD = struct.Struct("<4sBBHIqqI")
_CRC = struct.Struct("<I")


class ChunkError(ValueError):
    """The bytes are not a chunk, or no longer the one that was written."""


@dataclass(frozen=True, slots=True)
class Column:
    """What is known of one series: `known` integers in order, `present` where (None: all)."""

    digits: int
    known: Integers
    present: Mask = None


@dataclass(frozen=True, slots=True)
class _Entry:
    digits: int
    group: int
    start: int
    end: int


def from_block(block: Block) -> bytes:
    """The chunk of a block."""
    from .grid import from_block as grid_of

    return from_grid(grid_of(block))


def from_grid(grid: "Grid") -> bytes:
    """The chunk of a block as it arrived; a series of which nothing is known disappears."""
    return hot.encode(grid, [_change_to_json(change) for change in grid.changes])


def encode(times: Integers, columns: Mapping[Key, Column], changes: Sequence[Change] = ()) -> bytes:
    """The bytes of a chunk. `times`: epoch milliseconds, strictly increasing, at least one."""
    count = len(times)
    times = list(times) if isinstance(times, tuple) else times
    parts = [(TIME, None, 0, pack(times, None, count))]
    if changes:
        parts.append((CHANGES, None, 0, _dump([_change_to_json(change) for change in changes])))
    leads = _leading(columns, count)
    for (code, index), column in columns.items():
        if len(column.known):
            mine = leads[: _leads((code, index))]
            like = parts[-1][3] if parts[-1][0] == code else b""
            packed = pack(column.known, column.present, count, mine, like)
            parts.append((code, index, column.digits, packed))
    grouped = _grouped(parts) if count >= SPLIT_FROM else [parts]
    groups = [_deflate(b"".join(part[3] for part in group)) for group in grouped]
    directory = _deflate(_dump([[[*p[:3], len(p[3])] for p in group] for group in grouped]))
    ends = int(times[0]), int(times[-1])
    head = _HEAD.pack(MAGIC, VERSION, 0, len(groups), count, *ends, len(directory))
    lengths = struct.pack(f"<{len(groups)}I", *map(len, groups))
    body = b"".join((head, lengths, directory, *groups))
    return body + _CRC.pack(zlib.crc32(body))


def _leading(columns: Mapping[Key, Column], count: int) -> list[Any]:
    """The references as arrays; None for one that is missing or has holes."""
    np = numpy() if count >= NUMPY_FROM else None
    found = [columns.get(key) for key in REFERENCES] if np else []
    whole = [column and column.present is None and len(column.known) for column in found]
    return [
        np.asarray(column.known, np.int64) if here else None
        for column, here in zip(found, whole, strict=True)
    ]


def _leads(key: Key) -> int:
    """How many of the references a column may follow."""
    return REFERENCES.index(key) if key in REFERENCES else len(REFERENCES)


def _grouped(parts: Sequence[_Part]) -> list[list[_Part]]:
    groups: list[list[_Part]] = []
    for part in parts:
        beside = groups[-1] if groups and groups[-1][0][0] == part[0] else []
        if beside and sum(len(each[3]) for each in beside) + len(part[3]) <= GROUP:
            beside.append(part)
        else:
            groups.append([part])
    return groups


class Chunk:
    """A chunk opened for reading: columns are inflated and decoded when asked for.

    Raises ChunkError, at opening or at the first touch of a damaged part; never a wrong number.
    """

    def __init__(self, data: bytes) -> None:
        if len(data) < _HEAD.size + _CRC.size or data[:4] != MAGIC:
            raise ChunkError("these bytes are not a chunk")
        if data[4] not in VERSIONS:
            raise ChunkError(f"chunk version {data[4]} is not known here")
        if zlib.crc32(memoryview(data)[: -_CRC.size]) != _CRC.unpack_from(data, len(data) - 4)[0]:
            raise ChunkError("the chunk is damaged: its checksum does not match")
        _, _, _, groups, self.count, self.start, self.end, size = _HEAD.unpack_from(data)
        self._columns: dict[Key, Column] = {}
        self._matrix = None
        try:
            if data[4] == hot.VERSION:
                body = _inflate(data[_HEAD.size : -_CRC.size])
                self._matrix = hot.Matrix(body, groups, self.count, self.start, size)
                self._digits = self._matrix.digits
            else:
                self._open_groups(data, groups, size)
        except (struct.error, ValueError, TypeError, IndexError) as error:
            raise ChunkError(f"the chunk's directory cannot be read: {error}") from None

    def _open_groups(self, data: bytes, groups: int, size: int) -> None:
        self._data = data
        lengths = struct.unpack_from(f"<{groups}I", data, _HEAD.size)
        at = _HEAD.size + 4 * groups
        self._bounds = list(accumulate(lengths, initial=at + size))
        self._entries = dict(_entries(json.loads(_inflate(data[at : at + size]))))
        self._inflated: dict[int, bytes] = {}
        self._digits = {key: entry.digits for key, entry in self._entries.items()}

    @property
    def keys(self) -> list[Key]:
        """Every series in the chunk."""
        return [key for key in self._digits if not key[0].startswith("$")]

    def __contains__(self, key: Key) -> bool:
        return key in self._digits

    def digits(self, key: Key) -> int:
        """Decimals of a series that is in the chunk."""
        return self._digits[key]

    def check(self) -> None:
        """Touch every part, so that damage shows now."""
        if self._matrix:
            self._matrix.check()
        for key in () if self._matrix else self.keys:
            self.column(key)
        _ = self.times, self.changes

    def matrix(self) -> Any:
        """The integers of all series, a row for each of `keys`, as an array.

        None where they are not kept like that, or something is unknown.
        """
        return self._matrix and self._matrix.whole()

    @property
    def layout(self) -> Mapping[Key, int]:
        """The decimals of every series, in order."""
        return self._digits

    @cached_property
    def times(self) -> Integers:
        """Epoch milliseconds, increasing; a list, or an array when the chunk is long."""
        if self._matrix:
            return self._matrix.times()
        return self.column((TIME, None)).known

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """States and alarms, from the reading on that each names."""
        if self._matrix:
            return tuple(map(_change_from_json, self._matrix.changes))
        if (CHANGES, None) not in self._entries:
            return ()
        return tuple(map(_change_from_json, json.loads(self._bytes((CHANGES, None)))))

    def column(self, key: Key) -> Column | None:
        """One series; None when nothing of it is known."""
        if key in self._digits and key not in self._columns:
            try:
                if self._matrix:
                    found = self._matrix.column(key)
                else:
                    leads = REFERENCES[: _leads(key)]
                    found = unpack(
                        self._bytes(key), self.count, lambda number: self._lead(leads[number])
                    )
            except ColumnError as error:
                raise ChunkError(f"{key[0]}: {error}") from None
            self._columns[key] = Column(self._digits[key], *found)
        return self._columns.get(key)

    def values(self, key: Key) -> list[float | None]:
        """One value or None per reading. Needs no NumPy."""
        column = self.column(key)
        if column is None:
            return [None] * self.count
        unit = 10**column.digits
        return [None if i is None else i / unit for i in integers(column.known, column.present)]

    def array(self, key: Key) -> Any:
        """The same as a NumPy array of float64, NaN where unknown."""
        np = numpy()
        column = self.column(key)
        if column is None:
            return np.full(self.count, np.nan)
        known = np.asarray(column.known, dtype=np.float64) / 10**column.digits
        if column.present is None:
            return known
        values = np.full(self.count, np.nan)
        values[np.asarray(column.present, dtype=bool)] = known
        return values

    def to_block(self, asset: str, seq: int = 0) -> Block:
        """The readings as a block again."""
        scalars: dict[str, WireColumn] = {}
        arrays: dict[str, dict[int, WireColumn]] = {}
        for code, index in self.keys:
            column = self.column((code, index))
            wire = WireColumn(column.digits, tuple(integers(column.known, column.present)))
            if index is None:
                scalars[code] = wire
            else:
                arrays.setdefault(code, {})[index] = wire
        return Block(
            asset=asset,
            seq=seq,
            times=tuple(map(int, self.times)),
            values=scalars,
            arrays={code: self._whole(series) for code, series in arrays.items()},
            changes=self.changes,
        )

    def _whole(self, series: dict[int, WireColumn]) -> tuple[WireColumn, ...]:
        digits = next(iter(series.values())).digits
        unknown = WireColumn(digits, (None,) * self.count)
        return tuple(series.get(i, unknown) for i in range(max(series) + 1))

    def _lead(self, key: Key) -> Integers:
        column = self.column(key)
        if column is None or column.present is not None:
            raise ColumnError(f"{key[0]}, which it follows, is missing")
        return column.known

    def _bytes(self, key: Key) -> bytes:
        entry = self._entries[key]
        if entry.group not in self._inflated:
            low, high = self._bounds[entry.group : entry.group + 2]
            self._inflated[entry.group] = _inflate(self._data[low:high])
        return self._inflated[entry.group][entry.start : entry.end]


def _entries(directory: list) -> Iterator[tuple[Key, _Entry]]:
    for number, group in enumerate(directory):
        at = 0
        for code, index, digits, size in group:
            yield (code, index), _Entry(digits, number, at, at + size)
            at += size


def _change_to_json(change: Change) -> list:
    alarms = [[alarm.code, alarm.severity, alarm.index] for alarm in change.alarms]
    return [change.at, dict(change.states), alarms]


def _change_from_json(item: list) -> Change:
    at, states, alarms = item
    return Change(at, states, tuple(Alarm(*alarm) for alarm in alarms))


def _dump(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _deflate(data: bytes) -> bytes:
    """The shortest of what deflate makes of it.

    What is measured is noise: looking for repetitions finds none worth having and takes ten times
    as long as not looking. Whether there are any shows in a sample.
    """
    found = [_stream(data, strategy) for strategy in QUICK]
    sample = data[:SAMPLE]
    quick = min(len(_stream(sample, strategy)) for strategy in QUICK)
    if len(data) <= SAMPLE or len(_stream(sample, zlib.Z_FILTERED)) < WORTH * quick:
        found.append(_stream(data, zlib.Z_FILTERED))
    return min(found, key=len)


def _stream(data: bytes, strategy: int) -> bytes:
    stream = zlib.compressobj(LEVEL, zlib.DEFLATED, -15, MEMORY, strategy)
    return stream.compress(data) + stream.flush()


def _inflate(data: bytes) -> bytes:
    stream = zlib.decompressobj(-15)
    try:
        plain = stream.decompress(data, MAX_GROUP)
    except zlib.error as error:
        raise ChunkError(f"a part of the chunk cannot be inflated: {error}") from None
    if not stream.eof:
        raise ChunkError("a part of the chunk is cut short")
    return plain
