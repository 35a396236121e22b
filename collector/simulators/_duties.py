"""What is asked of a simulated battery over the day.

A duty is a function that, told the time, answers with the current wanted as a multiple of the
pack's capacity per hour (C), positive while charging, and whether the charger only floats. Times
are seconds since the start; `hour` is the local hour of the day.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import pi, sin
from random import Random

HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Demand:
    """`rate` in C, positive: charge. `floating`: the charger holds the float voltage only."""

    rate: float
    floating: bool = False


Duty = Callable[[float, float], Demand]


def backup(random: Random) -> Duty:
    """Mains with a charger on float; an outage every day or so puts the load on the battery."""
    outage_from = random.uniform(2, 20) * HOUR
    outage_to = outage_from + random.uniform(0.4, 2.5) * HOUR
    charged_at = 0.0
    load = random.uniform(0.12, 0.28)

    def demand(t: float, hour: float) -> Demand:
        nonlocal outage_from, outage_to, charged_at, load
        if t >= outage_to:
            charged_at = outage_to + 5 * HOUR
            outage_from = outage_to + random.expovariate(1 / (26 * HOUR)) + 6 * HOUR
            outage_to = outage_from + random.uniform(0.4, 2.5) * HOUR
            load = random.uniform(0.12, 0.28)
        if t >= outage_from:
            return Demand(-load * (1 + 0.06 * sin(t / 41) + random.gauss(0, 0.02)))
        return Demand(0.15, floating=t >= charged_at)

    return demand


def lighting(random: Random) -> Duty:
    """A solar lamp: sun by day under passing clouds, the lamp by night, dimmed after midnight."""
    cloud, cloud_until = 1.0, 0.0

    def demand(t: float, hour: float) -> Demand:
        nonlocal cloud, cloud_until
        if t >= cloud_until:
            cloud = random.choice((1.0, 1.0, 0.9, 0.6, 0.3))
            cloud_until = t + random.uniform(300, 3000)
        if 7 <= hour < 18.5:
            return Demand(0.22 * cloud * sin(pi * (hour - 7) / 11.5))
        return Demand(-0.03 if 0 <= hour < 5 else -0.055)

    return demand


def traction(random: Random) -> Duty:
    """A truck on two shifts: pulls and brakes, charges at noon and through the night."""
    rate, until = 0.0, 0.0

    def demand(t: float, hour: float) -> Demand:
        nonlocal rate, until
        if not (6 <= hour < 11.75 or 12.75 <= hour < 18):
            return Demand(0.3)
        if t >= until:
            rate = random.choices(
                (0.0, -random.uniform(0.05, 0.2), -random.uniform(0.25, 0.8), 0.15),
                weights=(4, 4, 2, 1),
            )[0]
            until = t + random.uniform(4, 40)
        return Demand(rate * random.uniform(0.95, 1.05))

    return demand


def shaving(random: Random) -> Duty:
    """Peak shaving behind a building's meter: into every peak of its demand, back between them."""
    period = random.uniform(0.8, 2.2) * HOUR
    phase = random.uniform(0, 2 * pi)
    depth = random.uniform(0.12, 0.3)

    def demand(t: float, hour: float) -> Demand:
        wave = sin(2 * pi * t / period + phase) + 0.25 * sin(2 * pi * t / 437)
        return Demand(depth * wave * (1 + random.gauss(0, 0.015)))

    return demand


DUTIES: dict[str, Callable[[Random], Duty]] = {
    "backup": backup,
    "lighting": lighting,
    "traction": traction,
    "shaving": shaving,
}
