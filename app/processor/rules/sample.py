"""What rules look at: one reading of one battery, what is known of the battery, and what follows.

Quantities are computed when the first rule asks and kept for the others. Sign as everywhere:
current is positive while charging. What cannot be computed is None.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from collector.wire.metrics import METRICS
from collector.wire.reading import Reading

LEAD_COMPENSATION = 0.003
"""Volts per cell and degree by which a lead-acid limit falls as the battery warms (data sheets)."""
REFERENCE_C = 25.0
LARGEST_LEAD_CELL = 3.0
"""What measures more than this is a block of several cells."""
CELLS_OF_A_BLOCK = 6

Extreme = tuple[float, int]
"""A value and the element it belongs to."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a judge may know of a battery besides its readings. Unknown is None."""

    cells: int | None = None
    capacity_ah: float | None = None
    rating_a: float | None = None
    """Continuous current it is made for."""


@dataclass(slots=True)
class Sample:
    """One reading, and the one before it where rates are to be judged.

    `figures` are numbers that no reading carries: results of the night, ages of silence.
    """

    reading: Reading
    facts: Facts = Facts()
    before: Reading | None = None
    figures: Mapping[str, float] = field(default_factory=dict)
    _known: dict[str, float | None] = field(default_factory=dict)
    _extremes: dict[str, tuple[Extreme, Extreme] | None] = field(default_factory=dict)

    def value(self, code: str) -> float | None:
        """A metric, a quantity below, or a figure; None when it is not known."""
        known = self._known
        if code in known:
            return known[code]
        value = self.reading.values.get(code)
        if value is None:
            value = self.figures.get(code)
        if value is None and code in QUANTITIES:
            value = QUANTITIES[code].of(self)
        known[code] = value
        return value

    def array(self, code: str) -> tuple[float | None, ...]:
        return self.reading.arrays.get(code, ())

    def extremes(self, code: str) -> tuple[Extreme, Extreme] | None:
        """The lowest and the highest of an array with their places; None when none is known."""
        if code not in self._extremes:
            known = [(v, i) for i, v in enumerate(self.array(code)) if v is not None]
            # Of equals the first one is named, at both ends.
            self._extremes[code] = (min(known), max(known, key=_value)) if known else None
        return self._extremes[code]

    def cell(self, code: str) -> int | None:
        """Which cell or sensor an extreme belongs to, where the code is one."""
        array, end = ENDS.get(code, ("", 0))
        found = self.extremes(array) if array else None
        return found[end][1] if found else None


def _value(item: Extreme) -> float:
    return item[0]


@dataclass(frozen=True, slots=True)
class Quantity:
    """Something that follows from a sample, with unit, decimals and name (French, English).

    `needs`: the metrics it follows from, where it is none of the registry itself.
    """

    unit: str
    digits: int
    label: tuple[str, str]
    of: Callable[[Sample], float | None]
    needs: tuple[str, ...] = ()


ENDS = {
    "cell_voltage_min": ("cell_voltage", 0),
    "cell_voltage_max": ("cell_voltage", 1),
    "temperature_min": ("cell_temperature", 0),
    "temperature_max": ("cell_temperature", 1),
}


def _end(code: str) -> Callable[[Sample], float | None]:
    array, end = ENDS[code]

    def of(sample: Sample) -> float | None:
        found = sample.extremes(array)
        return found[end][0] if found else None

    return of


def _difference(high: str, low: str) -> Callable[[Sample], float | None]:
    def of(sample: Sample) -> float | None:
        a, b = sample.value(high), sample.value(low)
        return None if a is None or b is None else a - b

    return of


def _share(per: Callable[[Facts], float | None], factor: float) -> Callable[[Sample], float | None]:
    def of(sample: Sample) -> float | None:
        current, whole = sample.value("current"), per(sample.facts)
        return current / whole * factor if current is not None and whole else None

    return of


def _load(sample: Sample) -> float | None:
    share = _share(lambda facts: facts.rating_a or facts.capacity_ah, 100)(sample)
    return None if share is None else abs(share)


def _mean(sample: Sample) -> float | None:
    known = [v for v in sample.array("cell_voltage") if v is not None]
    return sum(known) / len(known) if known else None


def _volts_per_cell(sample: Sample) -> float | None:
    """Of a lead-acid battery: from its cells or blocks, else from its terminals."""
    mean = sample.value("cell_voltage_mean")
    if mean is not None:
        return mean if mean < LARGEST_LEAD_CELL else mean / CELLS_OF_A_BLOCK
    volts = sample.value("pack_voltage")
    return volts / sample.facts.cells if volts is not None and sample.facts.cells else None


def _compensated(sample: Sample) -> float | None:
    """Volts per cell as they would be at 25 °C; as measured where no temperature is known."""
    volts, warmth = sample.value("volts_per_cell"), sample.value("temperature_max")
    if volts is None or warmth is None:
        return volts
    return volts + LEAD_COMPENSATION * (warmth - REFERENCE_C)


def _deviation(sample: Sample) -> float | None:
    """How far the most different cell or block is from the mean, in percent."""
    low, mean, high = (sample.value(f"cell_voltage_{end}") for end in ("min", "mean", "max"))
    if low is None or high is None or not mean:
        return None
    return max(high - mean, mean - low) / mean * 100


def _figure(_: Sample) -> None:
    """Not in a reading: computed at night, or by whoever watches for silence."""


QUANTITIES: dict[str, Quantity] = {
    "cell_voltage_min": Quantity(
        "V", 3, ("Cellule la plus basse", "Lowest cell"), _end("cell_voltage_min")
    ),
    "cell_voltage_max": Quantity(
        "V", 3, ("Cellule la plus haute", "Highest cell"), _end("cell_voltage_max")
    ),
    "temperature_min": Quantity(
        "°C", 1, ("Température la plus basse", "Lowest temperature"), _end("temperature_min")
    ),
    "temperature_max": Quantity(
        "°C", 1, ("Température la plus haute", "Highest temperature"), _end("temperature_max")
    ),
    "cell_voltage_mean": Quantity("V", 3, ("Cellule moyenne", "Mean cell"), _mean),
    "cell_voltage_spread": Quantity(
        "V", 3, ("Écart entre cellules", "Cell spread"),
        _difference("cell_voltage_max", "cell_voltage_min"),
    ),
    "temperature_spread": Quantity(
        "°C", 1, ("Écart de température", "Temperature spread"),
        _difference("temperature_max", "temperature_min"), ("temperature_max", "temperature_min"),
    ),
    "above_ambient": Quantity(
        "°C", 1, ("Échauffement au-dessus de l’ambiante", "Above ambient"),
        _difference("temperature_max", "ambient_temperature"),
        ("temperature_max", "ambient_temperature"),
    ),
    "charge_rate": Quantity(
        "C", 2, ("Courant rapporté à la capacité", "Current over capacity"),
        _share(lambda facts: facts.capacity_ah, 1), ("current",),
    ),
    "load": Quantity(
        "%", 0, ("Part du courant assigné", "Part of the rated current"), _load, ("current",)
    ),
    "volts_per_cell": Quantity(
        "V", 3, ("Tension par élément", "Volts per cell"), _volts_per_cell,
        ("cell_voltage_mean", "pack_voltage"),
    ),
    "compensated_volts": Quantity(
        "V", 3, ("Tension par élément ramenée à 25 °C", "Volts per cell at 25 °C"), _compensated,
        ("cell_voltage_mean", "pack_voltage", "temperature_max"),
    ),
    "deviation": Quantity(
        "%", 1, ("Écart d’un bloc à la moyenne", "Deviation of a block"), _deviation,
        ("cell_voltage_min", "cell_voltage_mean", "cell_voltage_max"),
    ),
    "days_since_full": Quantity(
        "d", 0, ("Jours depuis la pleine charge", "Days since full charge"), _figure
    ),
    "hours_below_80": Quantity(
        "h", 0, ("Heures sous 80 % de charge", "Hours below 80% of charge"), _figure
    ),
    "soh_low": Quantity("%", 0, ("Borne basse de l’état de santé", "SOH, lower bound"), _figure),
    "idle_loss": Quantity("%", 1, ("Perte au repos par mois", "Idle loss per month"), _figure),
    "float_ratio": Quantity(
        "×", 1, ("Courant d’entretien sur sa référence", "Float current over its baseline"), _figure
    ),
    "ohmic_rise": Quantity(
        "%", 0, ("Hausse de la résistance", "Rise of the resistance"), _figure
    ),
    "capacity_test": Quantity("%", 0, ("Capacité mesurée", "Measured capacity"), _figure),
    "silence": Quantity("s", 0, ("Silence", "Silence"), _figure),
    "late": Quantity("×", 1, ("Retard en intervalles", "Intervals late"), _figure),
    "clock_skew": Quantity("s", 0, ("Écart d’horloge", "Clock error"), _figure),
    "missing_blocks": Quantity("", 0, ("Blocs manquants", "Missing blocks"), _figure),
}  # fmt: skip
"""What rules can compare besides the metrics of the registry."""

FIGURES = frozenset(code for code, each in QUANTITIES.items() if each.of is _figure)


def unit_of(code: str) -> str:
    """The unit of a metric or a quantity."""
    return QUANTITIES[code].unit if code in QUANTITIES else METRICS[code].unit


def digits_of(code: str) -> int:
    """How many decimals a sentence gives of it."""
    return QUANTITIES[code].digits if code in QUANTITIES else min(METRICS[code].digits, 2)


def comparable(code: str) -> bool:
    """Whether there is such a thing to compare."""
    return code in QUANTITIES or code in METRICS


def needs(code: str) -> tuple[str, ...]:
    """The metrics of the history that a metric or a quantity follows from; none for a figure."""
    if code in QUANTITIES and code not in METRICS:
        return QUANTITIES[code].needs
    return (code,)
