"""What is usual for each column of a table of days, and how a drift away from it adds up.

The first weeks say what is usual and how far that strays; after that a one-sided cumulated sum
(CUSUM) of what lies beyond tells a drift from noise long before a limit would. After Page (1954).
"""

from collections.abc import Sequence

import numpy as np

from .base import Observed
from .day import Array

MAD_TO_SIGMA = 1.4826
MOST_A_DAY, SLACK, ALARM = 4.0, 1.0, 10.0
"""Of the sum, in standard deviations: what one day can add, what is forgiven, where it rings."""


def table_of(days: Sequence[Observed], name: str) -> Array:
    """A row per day and a column per cell of the lists that the evidence calls so; NaN for what
    is unknown, and for cells that a day has not."""
    rows = [day.evidence[name] for day in days]
    table = np.full((len(rows), max(map(len, rows))), np.nan)
    for at, row in enumerate(rows):
        table[at, : len(row)] = [np.nan if each is None else each for each in row]
    return table


def baseline(table: Array, least: float) -> tuple[Array, Array]:
    """What is usual for each column, and its standard deviation, `least` at the least."""
    usual = np.nan_to_num(_medians(table))
    spread = np.nan_to_num(_medians(np.abs(table - usual)))
    return usual, np.maximum(least, MAD_TO_SIGMA * spread)


def spread(values: Array) -> float:
    """A standard deviation that one or two strange values do not move; 0 where none is known."""
    known = values[~np.isnan(values)]
    if not len(known):
        return 0.0
    return MAD_TO_SIGMA * float(np.median(np.abs(known - np.median(known))))


def _medians(table: Array) -> Array:
    known = ~np.isnan(table).all(axis=0)
    found = np.full(table.shape[1], np.nan)
    found[known] = np.nanmedian(table[:, known], axis=0)
    return found


def cusum(z: Array) -> tuple[Array, Array]:
    """The sums day by day and column by column, and the day since which each last grew from
    nothing. `z`: standard deviations beyond what is usual."""
    sums, began = np.zeros_like(z), np.zeros(z.shape[1], int)
    before = np.zeros(z.shape[1])
    for row, values in enumerate(z):
        now = np.maximum(0.0, before + np.minimum(values, MOST_A_DAY) - SLACK)
        began[(before == 0) & (now > 0)] = row
        sums[row] = before = now
    return sums, began
