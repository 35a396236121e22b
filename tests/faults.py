"""Faults of one cell put into the simulated battery, each in three severities."""

from collections.abc import Callable

import numpy as np

from app.processor.analytics.day import Day
from tests.pack import Cells, Simulation, changed, cycling

SEVERITIES = ("slight", "medium", "severe")
CELL = 6
_SMALL = (0.04, 0.08, 0.15)
_UNEVEN_AH = (1.5, 3.0, 6.0)
_LEAK_A = (0.010, 0.025, 0.060)
_EXTRA = (0.5, 1.0, 2.0)
"""Capacity lacking, Ah of a hundred behind, A, parts of a cell's resistance."""
FAULTS = ("none", "small", "uneven", "leaking", "connection", "frozen")


def faulty(fault: str, severity: str, seed: int, step_s: int = 60, depth: float = 0.85):
    """A battery of sixteen slightly different cells, even at full, the seventh with a fault."""
    size = SEVERITIES.index(severity)
    random = np.random.default_rng(seed)
    capacity = 1 + random.normal(0, 0.006, 16)
    r0 = 0.0006 * (1 + random.normal(0, 0.05, 16))
    leak, behind = np.zeros(16), np.zeros(16)
    alter: Callable[[int, Day], Day] = lambda number, day: day  # noqa: E731
    if fault == "small":
        capacity[CELL] *= 1 - _SMALL[size]
    elif fault == "uneven":
        behind[CELL] = _UNEVEN_AH[size]
    elif fault == "leaking":
        leak[CELL] = _LEAK_A[size]
    elif fault == "connection":
        r0[CELL] *= 1 + _EXTRA[size]
    elif fault == "frozen":
        alter = _frozen
    soc = 100 - (10 + behind) / capacity
    cells = Cells(capacity=capacity, r0=r0, leak_a=leak, soc=soc, step_s=step_s, seed=seed)
    return cells.pack(), Simulation(cells, cycling(depth), alter)


def _frozen(number: int, day: Day) -> Day:
    return changed(day, {("cell_voltage", CELL): np.full(len(day), 3.302)})
