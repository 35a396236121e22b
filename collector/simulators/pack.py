"""A believable battery, for simulators, demonstrations and tests.

Each cell is an open-circuit voltage over its own state of charge, a resistance and one slow
polarisation; cells differ a little, and one may be weak. A charger with constant current and then
constant voltage and a duty decide the current, protections stop it, losses warm the pack. The same
specification and the same steps give the same history. Strings share the current equally.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from math import cos, exp, pi
from random import Random

from ..words import either
from ._duties import DUTIES, Demand

MAX_STEP_S = 60.0
"""Longer steps are walked in pieces of this, unless asked otherwise."""
POLARISATION_S = 45.0
COOLING_S = 5400.0
SECONDS_PER_YEAR = 365.25 * 86400


@dataclass(frozen=True, slots=True)
class Chemistry:
    """Voltages per cell in V; `curve` is (SOC in %, open-circuit voltage)."""

    curve: tuple[tuple[float, float], ...]
    empty: float
    full: float
    charge: float
    float_: float
    balance_from: float
    ohm_ah: float
    """Resistance of a cell times its capacity."""
    life_cycles: int
    """Equivalent full cycles until 80 % of the capacity is left."""

    def open_circuit(self, soc: float) -> float:
        points = self.curve
        i = min(max(bisect_right(points, (soc, 9.0)), 1), len(points) - 1)
        (s0, v0), (s1, v1) = points[i - 1], points[i]
        return v0 + (v1 - v0) * (soc - s0) / (s1 - s0)


_LFP = Chemistry(
    curve=(
        (0, 2.60),
        (2, 2.95),
        (5, 3.10),
        (10, 3.195),
        (20, 3.240),
        (30, 3.272),
        (40, 3.288),
        (60, 3.302),
        (70, 3.328),
        (90, 3.338),
        (96, 3.352),
        (99, 3.400),
        (100, 3.500),
    ),
    empty=2.50,
    full=3.65,
    charge=3.45,
    float_=3.37,
    balance_from=3.38,
    ohm_ah=0.09,
    life_cycles=4000,
)
_NMC = Chemistry(
    curve=(
        (0, 3.00),
        (3, 3.30),
        (10, 3.50),
        (20, 3.58),
        (35, 3.66),
        (50, 3.73),
        (65, 3.86),
        (80, 4.00),
        (92, 4.10),
        (100, 4.18),
    ),
    empty=2.80,
    full=4.25,
    charge=4.12,
    float_=4.05,
    balance_from=4.00,
    ohm_ah=0.11,
    life_cycles=1800,
)
CHEMISTRIES = {"LFP": _LFP, "NMC": _NMC}


@dataclass(frozen=True, slots=True)
class PackSpec:
    """What to simulate. `cells` and `temperatures` count per string; capacity is the pack's.

    soc, soh          % at the start; `cycles` are equivalent full cycles so far
    hour              local hour of the day at the start
    ambient           mean of the day, °C, with `ambient_swing` between dawn and afternoon
    weak_cell         index of a cell with less capacity, more resistance and a leak, or None
    """

    cells: int = 16
    temperatures: int = 4
    capacity_ah: float = 100.0
    chemistry: str = "LFP"
    duty: str = "backup"
    seed: int = 1
    strings: int = 1
    soc: float = 82.0
    soh: float = 97.5
    cycles: float = 140.0
    hour: float = 9.0
    ambient: float = 21.0
    ambient_swing: float = 6.0
    weak_cell: int | None = None

    def __post_init__(self) -> None:
        if self.cells < 1 or self.strings < 1 or self.temperatures < 0 or self.capacity_ah <= 0:
            raise ValueError(
                either(
                    "une batterie a des cellules, des chaînes et une capacité",
                    "a pack has cells, strings and a capacity",
                )
            )
        if self.chemistry not in CHEMISTRIES:
            raise ValueError(_one_of("chemistry", CHEMISTRIES))
        if self.duty not in DUTIES:
            raise ValueError(_one_of("duty", DUTIES))


def _one_of(name: str, choices: Iterable[str]) -> str:
    known = ", ".join(choices)
    return either(f"{name} doit être l'un de {known}", f"{name} must be one of {known}")


@dataclass(slots=True)
class _Cell:
    soc: float
    capacity: float
    resistance: float
    leak: float
    polarisation: float = 0.0


class Pack:
    """The state of a battery; the public attributes are what a BMS would measure.

    cell_voltages       V, flat: string 0, then string 1, …
    temperatures        °C, flat likewise
    balancing           0 or 1 per cell
    current             A, positive while charging; of the whole pack
    voltage             V, mean of the strings
    soc, soh            %
    cycles              equivalent full cycles
    capacity_full, capacity_remaining   Ah
    ambient             °C
    alarms              canonical codes, sorted
    time                seconds lived
    """

    def __init__(self, spec: PackSpec | None = None) -> None:
        self.spec = spec = spec or PackSpec()
        self.chemistry = CHEMISTRIES[spec.chemistry]
        self.time = 0.0
        self.soh = spec.soh
        self.cycles = spec.cycles
        self.current = 0.0
        self._random = Random(spec.seed)  # noqa: S311  repeatable on purpose
        self._duty = DUTIES[spec.duty](Random(spec.seed + 1))  # noqa: S311
        self._cells = [self._new_cell(i) for i in range(spec.cells * spec.strings)]
        sensors = spec.temperatures * spec.strings
        self._places = [self._random.uniform(-0.8, 1.6) for _ in range(sensors)]
        self._core = self.ambient + 1.0
        self._locked = False
        self._measure(0.0)

    def _new_cell(self, index: int) -> _Cell:
        spec, vary = self.spec, self._random.gauss
        capacity = spec.capacity_ah / spec.strings * spec.soh / 100
        weak = index == spec.weak_cell
        return _Cell(
            soc=min(max(spec.soc + vary(0, 0.5) - 4 * weak, 1.0), 99.5),
            capacity=capacity * (1 + vary(0, 0.006)) * (0.84 if weak else 1.0),
            resistance=self.chemistry.ohm_ah
            / capacity
            * (1 + vary(0, 0.06))
            * (2.4 if weak else 1),
            leak=capacity * (2e-5 if weak else 2e-6),
        )

    @property
    def hour(self) -> float:
        return (self.spec.hour + self.time / 3600) % 24

    @property
    def ambient(self) -> float:
        return self.spec.ambient - self.spec.ambient_swing / 2 * cos(2 * pi * (self.hour - 4) / 24)

    @property
    def voltage(self) -> float:
        return sum(self.cell_voltages) / self.spec.strings

    @property
    def string_voltages(self) -> list[float]:
        n = self.spec.cells
        return [sum(self.cell_voltages[i : i + n]) for i in range(0, len(self.cell_voltages), n)]

    @property
    def soc(self) -> float:
        return sum(cell.soc for cell in self._cells) / len(self._cells)

    @property
    def string_socs(self) -> list[float]:
        n = self.spec.cells
        socs = [cell.soc for cell in self._cells]
        return [sum(socs[i : i + n]) / n for i in range(0, len(socs), n)]

    @property
    def capacity_full(self) -> float:
        return self.spec.capacity_ah * self.soh / 100

    @property
    def capacity_remaining(self) -> float:
        return self.capacity_full * self.soc / 100

    @property
    def charging(self) -> bool:
        return self.current > self.spec.capacity_ah * 0.002

    @property
    def discharging(self) -> bool:
        return self.current < -self.spec.capacity_ah * 0.002

    def step(self, dt_s: float, longest: float = MAX_STEP_S) -> None:
        """Live `dt_s` seconds; any length, so a month passes as fast as it computes.

        It is walked in pieces of at most `longest`: longer ones are faster and coarser.
        """
        while dt_s > 0:
            piece = min(dt_s, longest)
            self._step(piece)
            dt_s -= piece

    def _step(self, dt: float) -> None:
        self.time += dt
        self.current = self._allowed(self._duty(self.time, self.hour))
        share = self.current / self.spec.strings
        fading = exp(-dt / POLARISATION_S)
        for cell, bleeding in zip(self._cells, self.balancing, strict=True):
            flow = share - cell.leak - bleeding * cell.capacity * 5e-4
            cell.soc = min(max(cell.soc + flow * dt / 36 / cell.capacity, 0.0), 100.0)
            target = 0.5 * share * cell.resistance
            cell.polarisation = target + (cell.polarisation - target) * fading
        self._age(dt)
        self._warm(dt, share)
        self._measure(share)

    def _allowed(self, demand: Demand) -> float:
        """The current that charger and protections let flow of what is wanted."""
        chemistry, wanted = self.chemistry, demand.rate * self.spec.capacity_ah
        if wanted <= 0:
            lowest = min(self.cell_voltages)
            self._locked = lowest < chemistry.empty + (0.35 if self._locked else 0.15)
            return 0.0 if self._locked else wanted
        held = chemistry.float_ if demand.floating else chemistry.charge
        rested = [chemistry.open_circuit(c.soc) + c.polarisation for c in self._cells]
        ohms = sum(cell.resistance for cell in self._cells)
        regulated = (held * len(rested) - sum(rested)) / ohms
        safest = min(
            (chemistry.full - 0.05 - v) / c.resistance
            for v, c in zip(rested, self._cells, strict=True)
        )
        return max(0.0, min(wanted, regulated * self.spec.strings, safest * self.spec.strings))

    def _age(self, dt: float) -> None:
        full = self.spec.capacity_ah * 2 * 3600
        turned = abs(self.current) * dt / full
        self.cycles += turned
        self.soh -= 20 * turned / self.chemistry.life_cycles + 1.2 * dt / SECONDS_PER_YEAR

    def _warm(self, dt: float, share: float) -> None:
        """One thermal mass, 20 J/K per Ah of a cell, cooling towards the ambient."""
        heat = sum(share * share * 1.5 * cell.resistance for cell in self._cells)
        mass = 20 * self.spec.capacity_ah / self.spec.strings * len(self._cells)
        settled = self.ambient + heat / mass * COOLING_S
        self._core = settled + (self._core - settled) * exp(-dt / COOLING_S)

    def _measure(self, share: float) -> None:
        noise, chemistry = self._random.gauss, self.chemistry
        self.cell_voltages = [
            chemistry.open_circuit(c.soc) + c.polarisation + share * c.resistance + noise(0, 3e-4)
            for c in self._cells
        ]
        warmth = self._core - self.ambient
        self.temperatures = [
            self._core + place * (0.4 + 0.15 * abs(warmth)) + noise(0, 0.05)
            for place in self._places
        ]
        if self.current:
            self.current += noise(0, 2e-4) * self.spec.capacity_ah
        lowest = min(self.cell_voltages)
        self.balancing = [
            int(v > chemistry.balance_from and v - lowest > 0.008) for v in self.cell_voltages
        ]
        self.alarms = self._complaints()

    def _complaints(self) -> tuple[str, ...]:
        chemistry, volts = self.chemistry, self.cell_voltages
        hottest = max(self.temperatures, default=self._core)
        found = {
            "cell_overvoltage": max(volts) > chemistry.full,
            "cell_undervoltage": self._locked or min(volts) < chemistry.empty,
            "cell_imbalance": max(volts) - min(volts) > 0.25,
            "soc_low": self.soc < 12,
            "overtemperature": hottest > 55,
        }
        return tuple(code for code, present in sorted(found.items()) if present)
