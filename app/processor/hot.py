"""Chunks as blocks arrive, version 2: a minute of all series in one piece.

    0   4s  magic `TBMC`          20  q  time of the last reading
    4   B   version               28  I  bytes of the names
    5   B   0                     32  .. deflated: names, table, masks, planes
    6   H   number of series
    8   I   number of readings    -4  I  CRC-32 of everything before
    12  q   time of the first

    names   JSON `[series, changes]`, changes as in version 1; series are `[code, digits]`, or
            `[code, digits, elements]` of an array, elements being a list or, from 0, their number
    table   step (8) and width (1) of the time, then of each series its first integer (8 each) and
            its width (1 each): 0, 1, 2, 4 or 8 bytes a difference, +128 where something is unknown
    masks   of each series in which something is unknown a bit a reading, lowest bit first
    planes  differences of the time less its step, then of the series, those of the narrowest
            first: zigzag integers in byte planes, as in `columns`; width 0 writes none

An unknown number repeats the one before it. Writing needs NumPy, reading does not.
"""

import json
import struct
import zlib
from collections.abc import Iterator
from functools import cached_property, lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

from .columns import ColumnError, Integers, Mask, numpy, unbits, unfolded

if TYPE_CHECKING:
    from .grid import Grid

VERSION = 2
LEVEL, MEMORY = 6, 8
WIDTHS = (1, 2, 4, 8)
SPARSE = 128

HEAD = struct.Struct("<4sBBHIqqI")
_TIME = struct.Struct("<qB")
_CRC = struct.Struct("<I")


def encode(grid: "Grid", changes: list) -> bytes:
    """The bytes of a grid; `changes` in their stored form. A series of which nothing is known
    disappears."""
    import numpy as np  # here, because reading does without

    keys, digits, numbers, known = grid.keys, grid.digits, grid.numbers, grid.known
    if known is not None:
        kept = np.flatnonzero(known.any(axis=1))
        keys, digits = [keys[i] for i in kept], [digits[i] for i in kept]
        numbers, known = _held(np, numbers[kept], known[kept]), known[kept]
    names = _names(tuple(keys), tuple(digits), json.dumps(changes, separators=(",", ":")))
    times = np.array(grid.times, np.int64)
    step, time_width, time_planes = _time(np, times)
    widths, planes = _planes(np, numbers)
    flags, masks = widths, b""
    if known is not None:
        sparse = ~known.all(axis=1)
        flags = widths + SPARSE * sparse
        masks = np.packbits(known[sparse], axis=1, bitorder="little").tobytes()
    firsts = numbers[:, 0].astype("<i8").tobytes()
    table = _TIME.pack(step, time_width) + firsts + flags.astype(np.uint8).tobytes()
    body = b"".join((names, table, masks, time_planes, planes))
    count, ends = len(times), (grid.times[0], grid.times[-1])
    head = HEAD.pack(b"TBMC", VERSION, 0, len(keys), count, *ends, len(names))
    # A hot chunk lives for hours: half the time is worth a twentieth more bytes.
    stream = zlib.compressobj(LEVEL, zlib.DEFLATED, -15, MEMORY, zlib.Z_RLE)
    whole = head + stream.compress(body) + stream.flush()
    return whole + _CRC.pack(zlib.crc32(whole))


class Matrix:
    """The inflated inside of a chunk. Raises ColumnError, struct.error, ValueError or IndexError
    for what was never written."""

    def __init__(self, body: bytes, series: int, count: int, start: int, names: int) -> None:
        self._body, self._count, self._start = body, count, start
        self.digits, self.changes = _parsed(body[:names])
        self._order = list(self.digits)
        self._step, self._time_width = _TIME.unpack_from(body, names)
        at = names + _TIME.size
        self._firsts = struct.unpack_from(f"<{series}q", body, at)
        flags = body[at + 8 * series : at + 9 * series]
        self._widths = [flag & ~SPARSE for flag in flags]
        at += 9 * series
        size = (count + 7) // 8
        self._masks: dict[int, bytes] = {}
        for row in (row for row, flag in enumerate(flags) if flag & SPARSE):
            self._masks[row] = body[at : at + size]
            at += size
        self._time_at = at
        self._at = at + self._time_width * (count - 1)
        whole = self._at + sum(self._widths) * (count - 1)
        if len(self._order) != series or len(flags) != series or len(body) != whole:
            raise ColumnError("the chunk has another length")

    def times(self) -> Integers:
        """Epoch milliseconds; a list, or an array with NumPy."""
        size = self._count - 1
        planes = self._body[self._time_at : self._at]
        np = numpy()
        if np is None:
            return unfolded(self._start, self._time_width, planes, self._count, self._step)
        steps = np.full(size, self._step, np.int64)
        if self._time_width:
            steps += _differences(np, planes, 1, self._time_width, size)[0]
        return np.concatenate(([self._start], self._start + np.cumsum(steps)))

    def column(self, key: tuple) -> tuple[Integers, Mask]:
        """What is known of a series, and where."""
        row = self._order.index(key)
        mask = self._masks.get(row)
        present = None if mask is None else unbits(mask, self._count)
        values = self._plain(row) if numpy() is None else self._numbers[row]
        if present is None:
            return values, None
        if numpy() is not None:
            present = numpy().asarray(present, dtype=bool)
            return values[present], present
        return [value for value, here in zip(values, present, strict=True) if here], present

    def whole(self) -> Any:
        """The numbers of all series, a row each, if all are known; else None."""
        return None if self._masks else self._numbers

    def check(self) -> None:
        """Decode every series."""
        if numpy() is not None:
            _ = self._numbers

    @cached_property
    def _numbers(self) -> Any:
        """All series at once."""
        np, size = numpy(), self._count - 1
        numbers = np.zeros((len(self._order), self._count), np.int64)
        numbers[:, 0] = self._firsts
        at, widths = self._at, np.array(self._widths)
        for width in WIDTHS:
            rows = np.flatnonzero(widths == width)
            if len(rows):
                end = at + width * size * len(rows)
                planes = self._body[at:end]
                numbers[rows, 1:] = _differences(np, planes, len(rows), width, size)
                at = end
        return numbers.cumsum(axis=1)

    def _plain(self, row: int) -> list[int]:
        """One series, without NumPy."""
        size, width = self._count - 1, self._widths[row]
        before = sum(w for i, w in enumerate(self._widths) if (w, i) < (width, row))
        at = self._at + before * size
        planes = self._body[at : at + width * size]
        return unfolded(self._firsts[row], width, planes, self._count)


@lru_cache(maxsize=256)
def _names(keys: tuple, digits: tuple, changes: str) -> bytes:
    listed = []
    for (code, decimals), each in groupby(
        zip(keys, digits, strict=True), lambda pair: (pair[0][0], pair[1])
    ):
        places = [index for (_, index), _ in each]
        if places[0] is None:
            listed.append([code, decimals])
        else:
            whole = places == list(range(len(places)))
            listed.append([code, decimals, len(places) if whole else places])
    return f"[{json.dumps(listed, separators=(',', ':'))},{changes}]".encode()


@lru_cache(maxsize=256)
def _parsed(names: bytes) -> tuple[dict[tuple[str, int | None], int], list]:
    """Decimals of each series, in order, and changes: the same for most blocks of a battery."""
    listed, changes = json.loads(names)
    return dict(_series(listed)), changes


def _series(listed: list) -> Iterator[tuple[tuple[str, int | None], int]]:
    for code, digits, *elements in listed:
        if not elements:
            yield (code, None), digits
            continue
        places = range(elements[0]) if isinstance(elements[0], int) else elements[0]
        yield from (((code, place), digits) for place in places)


def _held(np: Any, numbers: Any, known: Any) -> Any:
    """Unknown numbers replaced by the known one before them, or the first one known."""
    places = np.maximum.accumulate(np.where(known, np.arange(known.shape[1]), 0), axis=1)
    held = np.take_along_axis(numbers, places, axis=1)
    first = known.argmax(axis=1)
    early = np.arange(known.shape[1]) < first[:, None]
    return np.where(early, numbers[np.arange(len(numbers)), first][:, None], held)


def _time(np: Any, times: Any) -> tuple[int, int, bytes]:
    steps = times[1:] - times[:-1]
    step = int(steps[0]) if len(steps) else 0
    if (steps == step).all():
        return step, 0, b""
    widths, planes = _planes(np, np.concatenate(([0], np.cumsum(steps - step)))[None, :])
    return step, int(widths[0]), planes


def _planes(np: Any, numbers: Any) -> tuple[Any, bytes]:
    """Width of each row's differences, and the differences of all rows, narrow ones first."""
    deltas = numbers[:, 1:] - numbers[:, :-1]
    folded = (deltas << 1) ^ (deltas >> 63)
    largest = folded.max(axis=1, initial=0)
    widths = np.array((0, *WIDTHS))[np.searchsorted((0, 0xFF, 0xFFFF, 0xFFFFFFFF), largest)]
    parts = []
    for width in WIDTHS:
        rows = folded[widths == width]
        if len(rows):
            raw = rows.astype(f"<u{width}").view(np.uint8).reshape(len(rows), -1, width)
            parts.append(raw.transpose(0, 2, 1).tobytes())
    return widths, b"".join(parts)


def _differences(np: Any, planes: bytes, rows: int, width: int, size: int) -> Any:
    raw = np.frombuffer(planes, np.uint8).reshape(rows, width, size).transpose(0, 2, 1)
    folded = np.ascontiguousarray(raw).view(f"<u{width}")[:, :, 0].astype(np.int64)
    return (folded >> 1) ^ -(folded & 1)
