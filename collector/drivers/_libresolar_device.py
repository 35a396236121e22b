"""Which Libre Solar device is meant, and the settings that all ways of reading it share."""

from collections.abc import Mapping
from typing import Any

from ..words import either
from . import _libresolar_objects as objects
from ._libresolar_bms import Bms
from ._libresolar_mppt import Mppt
from .base import Option, Tally

BMS, MPPT = "bms", "mppt"


def device(asset: str, tally: Tally, options: Mapping[str, Any]) -> Bms | Mppt:
    """What turns the data objects of the configured device into readings."""
    if options["device"] == MPPT:
        return Mppt(asset, tally)
    return Bms(asset, tally, options["cells"] or ())


def _inputs(text: str) -> tuple[int, ...]:
    """`8`: the first eight inputs. `1-7,16`: these."""
    numbers: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not (first.isdecimal() and (last.isdecimal() or not dash)):
            raise ValueError(
                either(
                    f"il faut un nombre de cellules, ou des entrées comme 1-7,16, et non {text}",
                    f"expected a number of cells, or inputs like 1-7,16, not {text}",
                )
            )
        low = int(first) if dash or "," in text else 1
        high = int(last or first)
        if not 1 <= low <= high <= objects.MAX_INPUTS:
            raise ValueError(
                either(
                    f"les entrées vont de 1 à {objects.MAX_INPUTS}, et non {part}",
                    f"inputs are numbered 1 to {objects.MAX_INPUTS}, not {part}",
                )
            )
        numbers.extend(range(low, high + 1))
    return tuple(dict.fromkeys(number - 1 for number in numbers))


OPTIONS = (
    Option(
        "device",
        (
            "bms, ou mppt : un régulateur de charge solaire",
            "bms, or mppt: a solar charge controller",
        ),
        BMS,
        choices=(BMS, MPPT),
    ),
    Option(
        "cells",
        (
            "combien d'entrées de la carte ont une cellule (8), ou lesquelles (1-7,16) ; "
            "sinon, celles au-dessus de 0,5 V",
            "how many of the board's inputs have a cell (8), or which (1-7,16); "
            "left out: those above 0.5 V",
        ),
        None,
        _inputs,
    ),
)
VARIANTS = ({}, {"device": MPPT})
