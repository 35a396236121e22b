"""Which metrics share a panel of the charts, in which colour, and which panels a battery has."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext

from collector.wire.metrics import METRICS

from .labels import label

MOST = 8
"""Panels drawn at once."""
QUANTITIES = {"V": "volt", "A": "curr", "W": "power", "°C": "temp", "Wh": "power", "Ah": "curr"}
"""A unit's colour."""


@dataclass(frozen=True, slots=True)
class Panel:
    """Lines of one quantity. `metrics`: the first one is the panel's own; it alone has a band and
    is compared between batteries. `colour` names a `--q-…` of the style sheet."""

    code: str
    metrics: tuple[str, ...]
    colour: str

    @property
    def name(self) -> str:
        return named(self.metrics[0])


SHARED = (
    Panel("soc", ("soc",), "soc"),
    Panel("power", ("power",), "power"),
    Panel("cells", ("cell_voltage_mean", "cell_voltage_min", "cell_voltage_max"), "volt"),
    Panel("temperature", ("temperature_max", "temperature_min", "ambient_temperature"), "temp"),
    Panel("pack_voltage", ("pack_voltage",), "volt"),
    Panel("current", ("current",), "curr"),
    Panel("cell_voltage_spread", ("cell_voltage_spread",), "volt"),
    Panel("soh", ("soh",), "soh"),
)
"""The first ones are shown unless others are asked for."""
USUAL = 4


def named(metric: str) -> str:
    """A metric's words; `cell_voltage.3` is its fourth cell's."""
    code, _, index = metric.partition(".")
    text = label(f"metric.{code}")
    return (
        gettext("%(metric)s, no. %(number)s", metric=text, number=int(index) + 1) if index else text
    )


def offered(values: Mapping[str, Any]) -> list[Panel]:
    """The panels of what a battery measures, `values` being its newest reading."""
    found = []
    for panel in SHARED:
        if known := tuple(code for code in panel.metrics if code in values):
            found.append(Panel(panel.code, known, panel.colour))
    together = {code for panel in SHARED for code in panel.metrics}
    return found + [_alone(code) for code in values if code not in together]


def chosen(offer: list[Panel], codes: Iterable[str]) -> list[Panel]:
    """The panels asked for, in the order of the offer; the usual ones where none is.

    A cell's or a sensor's own series is no part of the offer, and comes when asked for.
    """
    wanted = set(codes)
    found = [panel for panel in offer if panel.code in wanted]
    found += [_alone(code) for code in sorted(wanted) if _element(code)]
    return found[:MOST] or offer[:USUAL]


def _element(code: str) -> bool:
    metric, _, index = code.partition(".")
    known = METRICS.get(metric)
    return bool(known and known.is_array and index.isascii() and index.isdigit() and len(index) < 5)


def _alone(code: str) -> Panel:
    metric = METRICS.get(code.partition(".")[0])
    return Panel(code, (code,), QUANTITIES.get(metric.unit if metric else "", "soc"))
