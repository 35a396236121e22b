"""Derived metrics of whole chunks at once.

The registry derives one reading at a time; a chart needs thousands. The forms below do the same
for arrays (a test holds them to the registry); a derived metric without one is computed reading by
reading, so that a new entry in the registry is enough.
"""

import functools
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from collector.wire.metrics import METRICS, Metric

from .chunks import Chunk, Key

Array = np.ndarray


def _product(one: str, other: str) -> Callable[[Chunk], Array]:
    return lambda chunk: chunk.array((one, None)) * chunk.array((other, None))


def _over(code: str, reduce: Callable[["_Cells"], Array]) -> Callable[[Chunk], Array]:
    def derive(chunk: Chunk) -> Array:
        cells = _Cells(chunk, code)
        if not cells.keys:
            return np.full(chunk.count, np.nan)
        with np.errstate(invalid="ignore"):  # a moment at which no cell is known
            found = reduce(cells) / 10**cells.digits
        return found if cells.dense else np.where(cells.count() > 0, found, np.nan)

    return derive


class _Cells:
    """All columns of an array metric, as integers with equally many decimals.

    Integers, so that the same cells give the same number whichever chunk they lie in.
    """

    def __init__(self, chunk: Chunk, code: str) -> None:
        self.chunk = chunk
        self.keys = [key for key in chunk.keys if key[0] == code]
        self.digits = max((chunk.digits(key) for key in self.keys), default=0)
        self.dense = all(chunk.column(key).present is None for key in self.keys)

    def each(self, unknown: int) -> Iterator[Array]:
        """Column by column, with `unknown` where nothing is known."""
        for key in self.keys:
            column = self.chunk.column(key)
            known = np.asarray(column.known, dtype=np.int64)
            if column.digits < self.digits:
                known = known * 10 ** (self.digits - column.digits)
            if column.present is None:
                yield known
                continue
            whole = np.full(self.chunk.count, unknown)
            whole[np.asarray(column.present, dtype=bool)] = known
            yield whole

    def count(self) -> Array | int:
        """How many cells are known at each moment."""
        if self.dense:
            return len(self.keys)
        masks = (self.chunk.column(key).present for key in self.keys)
        return sum(
            np.ones(self.chunk.count, int) if m is None else np.asarray(m, int) for m in masks
        )

    def lowest(self) -> Array:
        return functools.reduce(np.minimum, self.each(_HIGHEST))

    def highest(self) -> Array:
        return functools.reduce(np.maximum, self.each(-_HIGHEST))

    def mean(self) -> Array:
        return functools.reduce(np.add, self.each(0)) / self.count()

    def spread(self) -> Array:
        return self.highest() - self.lowest()


_HIGHEST = np.iinfo(np.int64).max // 2


WHOLE: dict[str, Callable[[Chunk], Array]] = {
    "power": _product("pack_voltage", "current"),
    "pv_power": _product("pv_voltage", "pv_current"),
    "cell_voltage_min": _over("cell_voltage", _Cells.lowest),
    "cell_voltage_max": _over("cell_voltage", _Cells.highest),
    "cell_voltage_mean": _over("cell_voltage", _Cells.mean),
    "cell_voltage_spread": _over("cell_voltage", _Cells.spread),
    "temperature_min": _over("cell_temperature", _Cells.lowest),
    "temperature_max": _over("cell_temperature", _Cells.highest),
}


def derivable(metric: Metric, keys: Iterable[Key]) -> bool:
    """Whether a metric follows from these series: what does not when all of them are known, never
    does."""
    if metric.derive is None:
        return False
    values = {code: 1.0 for code, index in keys if index is None}
    arrays = {code: (1.0,) for code, index in keys if index is not None}
    return metric.derive(values, arrays) is not None


def derived(chunk: Chunk, code: str) -> Array:
    """A metric that the chunk does not hold, derived where it can be; NaN elsewhere."""
    metric = METRICS.get(code)
    if metric is None or not derivable(metric, chunk.keys):
        return np.full(chunk.count, np.nan)
    values = WHOLE[code](chunk) if code in WHOLE else _one_by_one(chunk, metric)
    with np.errstate(invalid="ignore"):
        return np.where((values >= metric.low) & (values <= metric.high), values, np.nan)


def _one_by_one(chunk: Chunk, metric: Metric) -> Array:
    readings = chunk.to_block("").readings()
    values = (metric.derive(reading.values, reading.arrays) for reading in readings)
    return np.array([np.nan if value is None else value for value in values])
