"""Derived metrics of whole chunks at once.

The registry derives one reading at a time; a chart needs thousands. The forms below do the same
for arrays (a test holds them to the registry); a derived metric without one is computed reading by
reading, so that a new entry in the registry is enough.
"""

import warnings
from collections.abc import Callable

import numpy as np

from collector.wire.metrics import METRICS, Metric

from .chunks import Chunk

Array = np.ndarray


def _power(chunk: Chunk) -> Array:
    return chunk.array(("pack_voltage", None)) * chunk.array(("current", None))


def _over(code: str, reduce: Callable[..., Array]) -> Callable[[Chunk], Array]:
    def derive(chunk: Chunk) -> Array:
        series = [chunk.array(key) for key in chunk.keys if key[0] == code]
        if not series:
            return np.full(chunk.count, np.nan)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a moment at which no cell is known
            return reduce(np.stack(series), axis=0)

    return derive


def _spread(series: Array, axis: int) -> Array:
    return np.nanmax(series, axis=axis) - np.nanmin(series, axis=axis)


WHOLE: dict[str, Callable[[Chunk], Array]] = {
    "power": _power,
    "cell_voltage_min": _over("cell_voltage", np.nanmin),
    "cell_voltage_max": _over("cell_voltage", np.nanmax),
    "cell_voltage_mean": _over("cell_voltage", np.nanmean),
    "cell_voltage_spread": _over("cell_voltage", _spread),
    "temperature_min": _over("cell_temperature", np.nanmin),
    "temperature_max": _over("cell_temperature", np.nanmax),
}


def derived(chunk: Chunk, code: str) -> Array:
    """A metric that the chunk does not hold, derived where it can be; NaN elsewhere."""
    metric = METRICS.get(code)
    if metric is None or metric.derive is None:
        return np.full(chunk.count, np.nan)
    values = WHOLE[code](chunk) if code in WHOLE else _one_by_one(chunk, metric)
    with np.errstate(invalid="ignore"):
        return np.where((values >= metric.low) & (values <= metric.high), values, np.nan)


def _one_by_one(chunk: Chunk, metric: Metric) -> Array:
    readings = chunk.to_block("").readings()
    values = (metric.derive(reading.values, reading.arrays) for reading in readings)
    return np.array([np.nan if value is None else value for value in values])
