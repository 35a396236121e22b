"""A battery with known parameters: what it would have measured, and what is true of it.

Each cell is an open-circuit voltage that depends on its charge, a resistance, and a slower one with
a time constant (a Thevenin model of first order). What the BMS reports of it has noise, an offset
and a resolution. Everything is exact and repeatable for a seed, so that a computation can be held
to what it should have found.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from app.processor.analytics.base import Pack
from app.processor.analytics.day import Day
from app.processor.weighing import weights

DAY_S = 86_400
START_MS = 1_772_341_200_000
"""2026-03-01 00:00 in Montréal."""
OCV = {
    "LFP": (
        (0, 2, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 98, 100),
        (2.60, 2.90, 3.05, 3.16, 3.225, 3.255, 3.275, 3.285, 3.290, 3.310, 3.325, 3.332, 3.340)
        + (3.37, 3.45),
    ),
    "NMC": (
        (0, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 100),
        (3.00, 3.33, 3.45, 3.55, 3.61, 3.65, 3.70, 3.78, 3.87, 3.96, 4.06, 4.11, 4.18),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """One battery. Per cell arrays have `count` elements; a leak is in A, resistances in ohm."""

    chemistry: str = "LFP"
    count: int = 16
    capacity_ah: float = 100.0
    capacity: np.ndarray | None = None
    """Of each cell, relative to `capacity_ah`."""
    r0: np.ndarray | None = None
    r1: float = 0.0004
    tau_s: float = 30.0
    leak_a: np.ndarray | None = None
    soc: np.ndarray | None = None
    """At the beginning, percent."""
    temperature: float = 22.0
    noise_v: float = 0.0005
    noise_a: float = 0.01
    offset_a: float = 0.0
    gain: float = 1.0
    step_s: int = 5
    seed: int = 1

    def pack(self, **terms: float) -> Pack:
        """What the portal would know of it."""
        return Pack(
            chemistry=self.chemistry,
            cells=self.count,
            capacity_ah=self.capacity_ah,
            terms=terms,
        )


@dataclass(slots=True)
class Simulation:
    """A battery in use: `day(number)` must be asked for in order, as days pass."""

    cells: Cells
    profile: Callable[[int, np.ndarray], np.ndarray]
    """(day, seconds of the day) to the current wanted, in parts of the capacity an hour."""
    alter: Callable[[int, Day], Day] = lambda number, day: day
    """What goes wrong between the cells and the portal."""
    _charge: np.ndarray = field(init=False)
    _slow: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        soc = self.cells.soc if self.cells.soc is not None else np.full(self.cells.count, 90.0)
        self._charge = soc / 100 * self._capacities()
        self._slow = np.zeros(self.cells.count)

    def _capacities(self) -> np.ndarray:
        relative = self.cells.capacity
        whole = np.ones(self.cells.count) if relative is None else relative
        return whole * self.cells.capacity_ah

    def day(self, number: int) -> Day:
        """Day `number` as it was measured."""
        seconds = np.arange(0, DAY_S, self.cells.step_s)
        wanted = self.profile(number, seconds) * self.cells.capacity_ah
        current, charge = self._flow(wanted)
        cells = self._voltages(current, charge)
        return self.alter(number, self._measured(number, seconds, current, charge, cells))

    def _flow(self, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The current that the BMS lets through, and the charge of each cell (Ah) after it.

        The fullest and the emptiest cell decide; which they are is looked at every hour.
        """
        cells, step = self.cells, self.cells.step_s / 3600
        leak = cells.leak_a if cells.leak_a is not None else np.zeros(cells.count)
        capacity, charge = self._capacities(), self._charge
        current, charges, hour = [], [], round(1 / step)
        for first in range(0, len(wanted), hour):
            part = wanted[first : first + hour].tolist()
            full, low = int(np.argmin(1 - charge / capacity)), int(np.argmin(charge / capacity))
            ends = charge[full], capacity[full], charge[low], capacity[low]
            flowed = _limited(part, *map(float, ends), step)
            elapsed = np.arange(1, len(part) + 1)[:, None] * step
            charges.append(charge + np.cumsum(flowed)[:, None] * step - leak * elapsed)
            current.append(flowed)
            charge = charges[-1][-1]
        self._charge = charge
        return np.concatenate(current), np.concatenate(charges)

    def _voltages(self, current: np.ndarray, charge: np.ndarray) -> np.ndarray:
        soc = np.clip(charge / self._capacities() * 100, 0, 100)
        voltage = np.interp(soc, *OCV[self.cells.chemistry])
        r0 = self.cells.r0 if self.cells.r0 is not None else np.full(self.cells.count, 0.0006)
        keep = np.exp(-self.cells.step_s / self.cells.tau_s)
        slow, over = float(self._slow[0]), np.empty(len(current))
        for i, amps in enumerate(current):
            slow = slow * keep + (1 - keep) * amps * self.cells.r1
            over[i] = slow
        self._slow[:] = slow
        return voltage + current[:, None] * r0 + over[:, None]

    def _measured(self, number, seconds, current, charge, cells) -> Day:
        random = np.random.default_rng((self.cells.seed, number))
        times = START_MS + number * DAY_S * 1000 + seconds * 1000
        cells = np.round(cells + random.normal(0, self.cells.noise_v, cells.shape), 3)
        seen = current * self.cells.gain + self.cells.offset_a
        seen = np.round(seen + random.normal(0, self.cells.noise_a, len(current)), 2)
        soc = np.clip(charge.min(axis=1) / self.cells.capacity_ah * 100, 0, 100)
        temperature = self.cells.temperature + random.normal(0, 0.05, (len(seconds), 4))
        series = {
            ("current", None): seen,
            ("soc", None): np.round(soc, 1),
            ("pack_voltage", None): np.round(cells.sum(axis=1), 2),
            **{("cell_voltage", i): cells[:, i] for i in range(self.cells.count)},
            **{("cell_temperature", i): np.round(temperature[:, i], 1) for i in range(4)},
        }
        start = int(times[0])
        return Day(start, start + DAY_S * 1000, times, weights(times), series)

    def becomes(self, **changes: object) -> None:
        """From the next day on the battery is another in these respects."""
        self.cells = replace(self.cells, **changes)


def _limited(
    wanted: list[float], full: float, room_of: float, low: float, depth_of: float, step: float
) -> np.ndarray:
    """Charging tapers as the fullest cell fills up, as at a charger's voltage; discharging ends
    with the emptiest."""
    flowed = []
    for amps in wanted:
        if amps > 0:
            amps = min(amps, max(room_of - full, 0.0) * 12)
        elif amps < 0 and low <= 0.01 * depth_of:
            amps = 0.0
        full += amps * step
        low += amps * step
        flowed.append(amps)
    return np.array(flowed)


def cycling(depth: float = 0.8, rate: float = 0.2) -> Callable[[int, np.ndarray], np.ndarray]:
    """A discharge in the evening, a charge at night, rest in between: a full day every day."""

    def profile(number: int, seconds: np.ndarray) -> np.ndarray:
        hours = seconds / 3600
        wanted = np.zeros(len(seconds))
        wanted[hours < 9] = rate
        wanted[(hours >= 14) & (hours < 14 + depth / rate)] = -rate
        return wanted

    return profile


def without(day: Day, *codes: str) -> Day:
    """The same day of a BMS that does not report these."""
    return _with(day, {key: v for key, v in day._series.items() if key[0] not in codes})


def changed(day: Day, series: Mapping) -> Day:
    """The same day with other numbers in some series."""
    return _with(day, {**day._series, **series})


def gap(day: Day, start_s: int, seconds: int) -> Day:
    """The same day, silent for a while."""
    since = (day.times - day.start) // 1000
    kept = (since < start_s) | (since >= start_s + seconds)
    times = day.times[kept]
    series = {key: values[kept] for key, values in day._series.items()}
    return Day(day.start, day.end, times, weights(times), series, day._states)


def _with(day: Day, series: Mapping) -> Day:
    return Day(day.start, day.end, day.times, day.weights, series, day._states)
