"""Columns of integers as bytes: the innermost layer of the history.

A column is what is known (integers, in order) and where (a mask, or None when nothing is missing).
Three forms, told apart by the first byte, all little-endian:

    0 steady   first (8 bytes), step (8): constants and regular clocks cost 17 bytes
    1 delta    first (8), width w (1), then the differences as zigzag integers of w bytes, split
               into byte planes (all low bytes, then all next bytes, ...), which deflate likes
    2 sparse   number known (4), a bit per reading (lowest bit first), then the known ones, dense
    3 predicted  see `predicted`: what is measured, where there is much of it

Plain Python reads everything; from `NUMPY_FROM` integers on NumPy does the same work when it is
installed. A column is written as predicted only with NumPy; else the bytes are the same without.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import accumulate
from operator import sub
from types import ModuleType
from typing import Any

from . import predicted

STEADY, DELTA, SPARSE = 0, 1, 2
NUMPY_FROM = 256

_STEADY = struct.Struct("<Bqq")
_DELTA = struct.Struct("<BqB")
_SPARSE = struct.Struct("<BI")
_FORMATS = {1: "B", 2: "H", 4: "I", 8: "Q"}

Integers = Any
"""A list of int, or a NumPy array of int64."""
Mask = Any
"""A list of bool, or a NumPy array of bool; None when everything is known."""


class ColumnError(ValueError):
    """The bytes are not a column."""


@cache
def numpy() -> ModuleType | None:
    """NumPy, where it is installed."""
    try:
        import numpy
    except ImportError:
        return None
    return numpy


def pack(
    known: Integers, present: Mask, count: int, references: Sequence[Any] = (), like: bytes = b""
) -> bytes:
    """The bytes of a column of `count` readings; at least one is known.

    `references`: columns without holes of the same readings, which this one may follow.
    `like`: what was written of a column that behaves like this one.
    """
    if present is None:
        return _pack_dense(known, references, like)
    return _SPARSE.pack(SPARSE, len(known)) + _bits(present) + _pack_dense(known)


def unpack(
    data: bytes, count: int, reference: Callable[[int], Integers] | None = None
) -> tuple[Integers, Mask]:
    """What `pack` was given. Lists when short, NumPy arrays when long and NumPy is there."""
    try:
        if data[0] != SPARSE:
            return _unpack_dense(data, count, reference), None
        known = _SPARSE.unpack_from(data)[1]
        end = _SPARSE.size + (count + 7) // 8
        present = unbits(data[_SPARSE.size : end], count)
        if bytes(present).count(1) != known:
            raise ColumnError("the mask does not fit the column")
        return _unpack_dense(data[end:], known, reference), present
    except (struct.error, IndexError, ValueError) as error:
        raise ColumnError(f"the column is not what was written: {error}") from None


def integers(known: Integers, present: Mask) -> list[int | None]:
    """One integer or None per reading."""
    values = known if isinstance(known, list) else known.tolist()
    if present is None:
        return values
    each = iter(values)
    return [next(each) if here else None for here in present]


def _pack_dense(known: Integers, references: Sequence[Any] = (), like: bytes = b"") -> bytes:
    np = numpy() if len(known) >= NUMPY_FROM else None
    first, width, planes, steady = _zigzag_fast(np, known) if np else _zigzag(known)
    if steady is not None:
        return _STEADY.pack(STEADY, first, steady)
    if np and len(known) >= predicted.FEWEST:
        found = predicted.pack(np, np.asarray(known, np.int64), references, like)
        if found is not None:
            return found
    return _DELTA.pack(DELTA, first, width) + planes


def _unpack_dense(data: bytes, count: int, reference: Callable[[int], Integers] | None) -> Integers:
    np = numpy() if count >= NUMPY_FROM else None
    if data[0] == predicted.FORM and reference:
        return predicted.unpack(np, data, count, reference)
    if data[0] == STEADY:
        _, first, step = _STEADY.unpack(data)
        if np:
            return first + step * np.arange(count, dtype=np.int64)
        return list(range(first, first + step * count, step)) if step else [first] * count
    if data[0] != DELTA:
        raise ColumnError(f"there is no column form {data[0]}")
    _, first, width = _DELTA.unpack_from(data)
    planes = data[_DELTA.size :]
    if width not in _FORMATS or len(planes) != width * (count - 1):
        raise ColumnError("the column has another length")
    return _unzigzag_fast(np, first, width, planes) if np else unfolded(first, width, planes, count)


def unfolded(first: int, width: int, planes: bytes, count: int, step: int = 0) -> list[int]:
    """`count` integers from the first one and the byte planes of their differences less `step`."""
    deltas = _unfold(width, planes, count - 1) if width else [0] * (count - 1)
    return list(accumulate((delta + step for delta in deltas), initial=first))


def _zigzag(known: Sequence[int]) -> tuple[int, int, bytes, int | None]:
    known = known if isinstance(known, list) else [int(value) for value in known]
    deltas = list(map(sub, known[1:], known))
    if len(set(deltas)) <= 1:
        return known[0], 0, b"", deltas[0] if deltas else 0
    folded = [d << 1 if d >= 0 else (-d << 1) - 1 for d in deltas]
    width = _width(max(folded))
    raw = struct.pack(f"<{len(folded)}{_FORMATS[width]}", *folded)
    return known[0], width, b"".join(raw[i::width] for i in range(width)), None


def _unfold(width: int, planes: bytes, size: int) -> Iterator[int]:
    raw = bytearray(len(planes))
    for i in range(width):
        raw[i::width] = planes[i * size : (i + 1) * size]
    folded = struct.unpack(f"<{size}{_FORMATS[width]}", raw)
    return ((f >> 1) ^ -(f & 1) for f in folded)


def _zigzag_fast(np: ModuleType, known: Integers) -> tuple[int, int, bytes, int | None]:
    known = np.asarray(known, dtype=np.int64)
    deltas = np.diff(known)
    if (deltas == deltas[:1]).all():
        return int(known[0]), 0, b"", int(deltas[0]) if len(deltas) else 0
    folded = (deltas << 1) ^ (deltas >> 63)
    width = _width(int(folded.max()))
    planes = folded.astype(f"<u{width}").view(np.uint8).reshape(-1, width).T
    return int(known[0]), width, planes.tobytes(), None


def _unzigzag_fast(np: ModuleType, first: int, width: int, planes: bytes) -> Integers:
    bytes_ = np.frombuffer(planes, np.uint8).reshape(width, -1).T
    folded = np.ascontiguousarray(bytes_).view(f"<u{width}").ravel().astype(np.int64)
    known = np.empty(len(folded) + 1, np.int64)
    known[0] = first
    np.cumsum((folded >> 1) ^ -(folded & 1), out=known[1:])
    known[1:] += first
    return known


def _width(largest: int) -> int:
    return next(width for width in _FORMATS if largest < 1 << (8 * width))


def _bits(present: Mask) -> bytes:
    np = numpy() if len(present) >= NUMPY_FROM else None
    if np:
        return np.packbits(np.asarray(present, dtype=bool), bitorder="little").tobytes()
    text = "".join("1" if here else "0" for here in reversed(present))
    return int(text, 2).to_bytes((len(present) + 7) // 8, "little")


def unbits(data: bytes, count: int) -> Mask:
    """A mask from its bits, lowest first."""
    if len(data) != (count + 7) // 8:
        raise ColumnError("the mask has another length")
    np = numpy() if count >= NUMPY_FROM else None
    if np:
        return np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")[:count].astype(bool)
    text = f"{int.from_bytes(data, 'little'):0{count}b}"
    return [bit == "1" for bit in reversed(text)][:count]
