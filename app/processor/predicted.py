"""Columns as what a prediction leaves of them, several leftovers to a byte.

The third form of a dense column (`columns`), for long ones:

    form (1 byte), window (low half) and reference (1), radix (1), bytes of an escape (1)
    integers, seven bits to a byte, lowest first, zigzag: number of escapes, then
        window 0: the first value, and the step that is foretold
        else:     the coefficient, and the number of bytes of the knots
    knots   a column of this form with window 0
    symbols as many to a byte as its radix allows, the first one lowest
    escapes in byte planes

Window 0 foretells the last value plus the step. Window n draws straight lines between knots 2**n
readings apart, each (in eighths) the mean of what is around it: noise counts once in a difference
from a mean, and twice in one from a neighbour. Before that, a reference column times the
coefficient (in 65536ths) is taken off, so that cells follow the steps of the current. Leftovers are
zigzag; one that reaches radix-1 is written as radix-1, and what is beyond as an escape. Symbols
share bytes because deflate cannot spend less than a bit on each.

Writing needs NumPy, reading does not.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import accumulate, chain, islice
from types import ModuleType
from typing import Any

FORM = 3
FEWEST = 2_500
"""Shorter columns are not worth the time: most are soon part of a longer one."""
WINDOWS = (6, 8)
"""Those tried."""
PER_BYTE = {2: 8, 3: 5, 4: 4, 6: 3, 16: 2, 256: 1}
"""How many symbols of each radix share a byte."""
EIGHTHS, ONE = 3, 16
"""Bits behind the point of a knot and of a coefficient."""
SAFE = 1 << 40
"""Larger numbers might not fit on the way."""
SOME = 999
"""Differences that are looked at for the usual one."""
MANY, FEW = 0.25, 0.02
"""Shares of escapes between which a radix is worth trying."""
RELATED = 0.02
"""The share of a column's movement that the reference must explain to be tried."""
TABLE = 5
"""About the bits that one more symbol costs in a code table."""

_FORMATS = {1: "B", 2: "H", 4: "I", 8: "Q"}

Integers = Any
"""A list of int, or a NumPy array of int64."""


def pack(
    np: ModuleType, known: Any, references: Sequence[Any] = (), like: bytes = b""
) -> bytes | None:
    """The bytes of an array of at least two int64, or None if that cannot be done.

    `references`: other columns of the same readings, at most 16; None where one is missing.
    `like`: a column written before that surely behaves like this one, as cells of a pack do.
    """
    if max(-int(known.min()), int(known.max())) >= SAFE:
        return None
    deltas = np.diff(known)
    step = int(np.median(deltas[:: len(deltas) // SOME + 1]))
    if like[:1] == bytes((FORM,)):
        window, number = like[1] & 15, like[1] >> 4
        leads = [each if at == number else None for at, each in enumerate(references)]
        number, coefficient = next(
            (found[:2] for found in _followed(np, known, deltas, leads) if window), (0, 0)
        )
    else:
        window, number, coefficient = _way(np, known, deltas, step, references)
    if not window:
        return _written(np, deltas - step, 0, (int(known[0]), step), b"")
    rest = known - _share(coefficient, references[number]) if coefficient else known
    knots, lines = _lines(np, rest, window)
    straight = _written(np, np.diff(knots), 0, (int(knots[0]), 0), b"")
    numbers = coefficient, len(straight)
    return _written(np, rest - lines, window | number << 4, numbers, straight)


def _way(
    np: ModuleType, known: Any, deltas: Any, step: int, references: Sequence[Any]
) -> tuple[int, int, int]:
    """The window, the reference and the coefficient that leave least."""
    best = 0, 0, 0
    least = _bits(np, _zigzag(deltas - step))
    followed = [(0, 0, known), *_followed(np, known, deltas, references)]
    for window in (each for each in WINDOWS if len(known) > 2 << each):
        for number, coefficient, rest in followed:
            knots, lines = _lines(np, rest, window)
            bits = _bits(np, _zigzag(rest - lines)) + _bits(np, _zigzag(np.diff(knots)))
            if bits < least:
                best, least = (window, number, coefficient), bits
    return best


def unpack(
    np: ModuleType | None, data: bytes, count: int, reference: Callable[[int], Integers]
) -> Integers:
    """The column again: an array with NumPy, else a list. Raises ValueError, IndexError or
    struct.error for what was never written."""
    _, how, radix, width = data[:4]
    window = how & 15
    (escapes, *numbers), at = _integers(data, 4, 3)
    if not window:
        left = _left(np, data[at:], count - 1, radix, width, escapes)
        return _summed(np, *numbers, left)
    coefficient, size = numbers
    places = ((count - 1) >> window) + 2
    knots = unpack(np, data[at : at + size], places, reference)
    left = _left(np, data[at + size :], count, radix, width, escapes)
    lines = _drawn(knots, window, count) if np is None else _drawn_fast(np, knots, window, count)
    whole = left + lines if np else list(map(int.__add__, left, lines))
    if not coefficient:
        return whole
    beside = reference(how >> 4)
    if np:
        return whole + _share(coefficient, np.asarray(beside, np.int64))
    return [value + _share(coefficient, other) for value, other in zip(whole, beside, strict=True)]


def _followed(
    np: ModuleType, known: Any, deltas: Any, references: Sequence[Any]
) -> Iterator[tuple[int, int, Any]]:
    """Of each reference that the column follows: its number, how far, and what is left then."""
    here = deltas - deltas.mean()
    for number, reference in enumerate(references):
        if reference is None or max(-int(reference.min()), int(reference.max())) >= 1 << 30:
            continue
        moves = np.diff(reference).astype(float)
        pairs = (moves, here), (moves, moves), (here, here)
        both, theirs, mine = (float((a * b).sum()) for a, b in pairs)  # `@` would start threads
        if both * both > RELATED * theirs * mine:
            coefficient = round(both / theirs * (1 << ONE))
            if 0 < abs(coefficient) < 1 << 30:
                yield number, coefficient, known - _share(coefficient, reference)


def _share(coefficient: int, reference: Any) -> Any:
    return (coefficient * reference + (1 << (ONE - 1))) >> ONE


def _lines(np: ModuleType, known: Any, window: int) -> tuple[Any, Any]:
    """Knots of a column, and the lines between them."""
    count, apart = len(known), 1 << window
    sums = np.concatenate(([0], np.cumsum(known)))
    middles = np.arange(((count - 1) >> window) + 2) << window
    high = np.clip(middles + apart // 2, 1, count)
    low = np.minimum(np.clip(middles - apart // 2, 0, count), high - 1)
    knots = ((sums[high] - sums[low]) << EIGHTHS) // (high - low)
    return knots, _drawn_fast(np, knots, window, count)


def _drawn_fast(np: ModuleType, knots: Any, window: int, count: int) -> Any:
    apart, bits = 1 << window, window + EIGHTHS
    knots = np.asarray(knots, np.int64)
    rising = np.arange(apart) * np.diff(knots)[:, None]
    lines = ((knots[:-1] << window) + (1 << (bits - 1)))[:, None] + rising
    return (lines >> bits).ravel()[:count]


def _drawn(knots: Sequence[int], window: int, count: int) -> Iterator[int]:
    apart, bits = 1 << window, window + EIGHTHS
    half = 1 << (bits - 1)
    lines = (
        ((low << window) + half + place * (high - low)) >> bits
        for low, high in zip(knots, knots[1:], strict=False)
        for place in range(apart)
    )
    return islice(lines, count)


def _summed(np: ModuleType | None, first: int, step: int, left: Integers) -> Integers:
    if np is None:
        return list(accumulate((each + step for each in left), initial=first))
    left[:] += step
    return first + np.concatenate(([0], np.cumsum(left)))


def _zigzag(left: Any) -> Any:
    return (left << 1) ^ (left >> 63)


def _bits(np: ModuleType, folded: Any) -> float:
    """About what a column of leftovers costs."""
    beyond = folded[folded > 254]
    outside = float(np.log2(beyond / 16.0).sum()) if len(beyond) else 0.0
    return _entropy(np, np.minimum(folded, 255)) + outside


def _entropy(np: ModuleType, symbols: Any) -> float:
    """Bits of so many independent symbols below 256."""
    found = np.bincount(symbols)
    found = found[found > 0]
    return float((found * np.log2(len(symbols) / found)).sum())


def _written(np: ModuleType, left: Any, window: int, numbers: tuple, knots: bytes) -> bytes:
    folded = _zigzag(left)
    radix = _radix(np, folded)
    symbols = np.minimum(folded, radix - 1)
    beyond = folded[symbols == radix - 1] - (radix - 1)
    width = 0
    if len(beyond):
        width = next(each for each in _FORMATS if int(beyond.max()) < 1 << (8 * each))
        planes = beyond.astype(f"<u{width}").view(np.uint8).reshape(-1, width).T.tobytes()
    else:
        planes = b""
    head = bytes((FORM, window, radix & 255, width)) + _varints(len(beyond), *numbers)
    return b"".join((head, knots, _shared(np, symbols, radix).tobytes(), planes))


def _radix(np: ModuleType, folded: Any) -> int:
    """The radix that takes the fewest bits."""

    def bits(radix: int) -> float:
        symbols = np.minimum(folded, radix - 1)
        shared = _shared(np, symbols, radix)
        beyond = folded[symbols == radix - 1] - (radix - 1)
        outside = _bits(np, beyond) if len(beyond) else 0.0
        return _entropy(np, shared) + outside + TABLE * len(np.unique(shared))

    return min(_worthwhile(np, folded), key=bits)


def _worthwhile(np: ModuleType, folded: Any) -> Iterator[int]:
    """Radices under which not too much escapes, up to the first under which nearly nothing does."""
    below = np.cumsum(np.bincount(np.minimum(folded, 255), minlength=256)) / len(folded)
    for radix in PER_BYTE:
        escaping = 1 - below[radix - 2]
        if escaping < MANY or radix == 256:
            yield radix
        if escaping < FEW:
            break


def _shared(np: ModuleType, symbols: Any, radix: int) -> Any:
    each = PER_BYTE[radix]
    whole = np.zeros(-(-len(symbols) // each) * each, np.uint8)
    whole[: len(symbols)] = symbols
    whole = whole.reshape(-1, each)
    shared = whole[:, each - 1].copy()
    for place in range(each - 2, -1, -1):
        shared = shared * np.uint8(radix & 255) + whole[:, place]
    return shared


@cache
def _table(radix: int) -> list[tuple[int, ...]]:
    """The symbols in each byte; a byte that cannot be written reads as something."""
    each = PER_BYTE[radix]
    return [tuple(byte // radix**place % radix for place in range(each)) for byte in range(256)]


@cache
def _table_fast(radix: int) -> Any:
    import numpy as np

    return np.array(_table(radix), np.uint8)


def _left(
    np: ModuleType | None, data: bytes, count: int, radix: int, width: int, escapes: int
) -> Integers:
    """Leftovers: symbols, then escapes."""
    radix = radix or 256
    if radix not in PER_BYTE or width not in (0, *_FORMATS) or (escapes > 0) != (width > 0):
        raise ValueError("the column has another form")
    size = -(-count // PER_BYTE[radix])
    if len(data) != size + width * escapes or escapes < 0:
        raise ValueError("the column has another length")
    read = _symbols if np is None else _symbols_fast
    return read(np, data[:size], data[size:], count, radix, width)


def _symbols_fast(
    np: ModuleType, shared: bytes, planes: bytes, count: int, radix: int, width: int
) -> Any:
    symbols = _table_fast(radix)[np.frombuffer(shared, np.uint8)].ravel()[:count]
    folded = symbols.astype(np.int64)
    if width:
        raw = np.frombuffer(planes, np.uint8).reshape(width, -1).T
        beyond = np.ascontiguousarray(raw).view(f"<u{width}").ravel()
        folded[symbols == radix - 1] += beyond.astype(np.int64)
    return (folded >> 1) ^ -(folded & 1)


def _symbols(
    _: None, shared: bytes, planes: bytes, count: int, radix: int, width: int
) -> list[int]:
    symbols = islice(chain.from_iterable(map(_table(radix).__getitem__, shared)), count)
    if width:
        raw = bytearray(len(planes))
        for i in range(width):
            raw[i::width] = planes[i * len(planes) // width : (i + 1) * len(planes) // width]
        beyond = iter(struct.unpack(f"<{len(planes) // width}{_FORMATS[width]}", raw))
        last = radix - 1
        symbols = (s + next(beyond) if s == last else s for s in symbols)
    return [(f >> 1) ^ -(f & 1) for f in symbols]


def _varints(*numbers: int) -> bytes:
    written = bytearray()
    for number in numbers:
        folded = number << 1 if number >= 0 else (-number << 1) - 1
        while folded > 127:
            written.append(folded & 127 | 128)
            folded >>= 7
        written.append(folded)
    return bytes(written)


def _integers(data: bytes, at: int, many: int) -> tuple[list[int], int]:
    found = []
    for _ in range(many):
        folded = shift = 0
        while data[at] > 127:
            folded |= (data[at] & 127) << shift
            at, shift = at + 1, shift + 7
        folded |= data[at] << shift
        at += 1
        found.append((folded >> 1) ^ -(folded & 1))
    return found, at
