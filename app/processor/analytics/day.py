"""One day of one battery at full resolution, as the computations see it."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from operator import itemgetter

import numpy as np

from app.processor.bands import Key
from app.processor.chunks import Chunk
from app.processor.readings import Values, instants, values
from collector.wire.reading import State, digits_of

Array = np.ndarray
MS_PER_HOUR = 3_600_000


class Day:
    """Readings in order of time; numbers are float64, NaN where unknown.

    `times`: epoch ms; `weights`: ms that each reading stands for (gaps stand for nothing);
    `states`: what held from an instant (epoch ms) on. What is asked for often (`deviation`) is
    worked out once.
    """

    def __init__(
        self,
        start: int,
        end: int,
        times: Array,
        weights: Array,
        series: Mapping[Key, Array],
        states: Sequence[tuple[int, Mapping[str, State]]] = (),
    ) -> None:
        self.start, self.end = start, end
        self.times, self.weights = times, weights
        self._series, self._states = series, states

    def __len__(self) -> int:
        return len(self.times)

    def __contains__(self, code: str) -> bool:
        return any(key[0] == code for key in self._series)

    @property
    def series(self) -> Mapping[Key, Array]:
        """Everything that was measured, as it is kept."""
        return self._series

    def scalar(self, code: str) -> Array:
        """One number per reading."""
        found = self._series.get((code, None))
        return np.full(len(self), np.nan) if found is None else found

    def array(self, code: str) -> Array:
        """A row per reading, a column per element; no columns where there is nothing."""
        found = {index: each for (name, index), each in self._series.items() if name == code}
        found.pop(None, None)
        whole = np.full((len(self), max(found, default=-1) + 1), np.nan)
        for index, each in found.items():
            whole[:, index] = each
        return whole

    def state(self, name: str) -> Array:
        """1 where a state holds, 0 where it does not, NaN where it is not told."""
        told = np.full(len(self), np.nan)
        for since, states in self._states:
            value = states.get(name)
            told[np.searchsorted(self.times, since) :] = np.nan if value is None else bool(value)
        return told

    def told(self, name: str) -> str:
        """What a state was last said to be, such as the firmware; empty when it never was."""
        said = [states[name] for _, states in self._states if states.get(name) is not None]
        return str(said[-1]) if said else ""

    @cached_property
    def step_ms(self) -> float:
        """The usual distance between readings."""
        return float(np.median(np.diff(self.times))) if len(self) > 1 else 0.0

    @cached_property
    def covered(self) -> float:
        """The share of the day that was measured, 0 to 1."""
        return float(self.weights.sum()) / max(self.end - self.start, 1)

    @cached_property
    def cells(self) -> Array:
        """Cell voltages, V: a row per reading, a column per cell."""
        return self.array("cell_voltage")

    @cached_property
    def middle(self) -> Array:
        """The median cell voltage of each reading, V."""
        return row_medians(self.cells)

    @cached_property
    def deviation(self) -> Array:
        """How far each cell is from the median of all, V."""
        return self.cells - self.middle[:, None]

    @cached_property
    def current(self) -> Array:
        """A, positive while charging."""
        return self.scalar("current")

    def amp_hours(self, where: Array | None = None) -> float:
        """Charge that went in (positive) or out, Ah, while `where` holds."""
        flow = np.nan_to_num(self.current) * self.weights
        return float(flow.sum() if where is None else flow[where].sum()) / MS_PER_HOUR

    def hours(self, where: Array) -> float:
        """How long a condition held, h."""
        return float(self.weights[where].sum()) / MS_PER_HOUR


def row_medians(table: Array) -> Array:
    """The median of each row's known numbers; NaN where a row has none."""
    if not table.shape[1]:
        return np.full(len(table), np.nan)
    known = ~np.isnan(table)
    if known.all():
        return np.median(table, axis=1)
    some = known.any(axis=1)
    medians = np.full(len(table), np.nan)
    medians[some] = np.nanmedian(table[some], axis=1)
    return medians


def day_of(chunks: Sequence[Chunk], start: int, end: int) -> Day:
    """The day that lies in these chunks: all that reach into the hours it touches, oldest first."""
    found = instants(chunks, start, end)
    keys = {key: None for chunk in chunks for key in chunk.keys}
    told = values(chunks, found.chosen, keys)
    series = {key: _floats(each, digits_of(key[0])) for key, each in told.items()}
    states = sorted((each for chunk in chunks for each in _standing(chunk)), key=itemgetter(0))
    return Day(start, end, found.times, found.weights, series, states)


def _standing(chunk: Chunk) -> Iterator[tuple[int, Mapping[str, State]]]:
    """From when on a chunk's states held; before the first of them nothing is told."""
    if not chunk.changes or chunk.changes[0].at:
        yield chunk.start, {}
    for change in chunk.changes:
        yield int(chunk.times[change.at]), change.states


def _floats(found: Values, digits: int) -> Array:
    numbers = found.numbers / 10**digits
    if found.known is not None:
        numbers[~found.known] = np.nan
    return numbers
