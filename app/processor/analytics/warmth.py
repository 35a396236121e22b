"""Temperatures of a day: of the sensors where they are told one by one, else the extremes told."""

import numpy as np

from .day import Array, Day


def sensors(day: Day) -> Array:
    """°C: a row per reading, a column per sensor; the told extremes where there are no sensors."""
    table = day.array("cell_temperature")
    if table.shape[1]:
        return table
    return np.stack((day.scalar("temperature_min"), day.scalar("temperature_max")), axis=1)


def coldest(day: Day) -> Array:
    """°C of the coldest sensor of each reading; NaN where none is known."""
    return np.fmin(day.scalar("temperature_min"), np.fmin.reduce(sensors(day), axis=1))


def warmest(day: Day) -> Array:
    """°C of the warmest sensor of each reading."""
    return np.fmax(day.scalar("temperature_max"), np.fmax.reduce(sensors(day), axis=1))
