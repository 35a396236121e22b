"""Low-voltage batteries on the CAN port of an inverter (0x351 to 0x382). Listens only.

They all send nearly the same. What differs is the dialect: a setting, since nothing on the bus says
it. A frame of another dialect is warned about, and the setting stays what it is.
"""

from collections.abc import Mapping
from typing import Any

from ._can_profile import CELL_COUNT, POSITIVE, FrameProfile, opened
from .base import Driver, Option

DIALECTS: Mapping[str, str] = {
    "pylontech": "lv_pylontech",
    "victron": "lv_victron",
    "sma": "lv_sma",
    "pytes": "pytes",
    "discover": "lv_discover",
    "luxpower": "lv_luxpower",
    "deye": "lv_deye",
}
"""Dialect to profile."""


def _open(asset: str, options: Mapping[str, Any]) -> FrameProfile:
    return opened(asset, DIALECTS[options["dialect"]], {**options, "address": None})


DRIVER = Driver(
    code="lv_can",
    title=(
        "LV-CAN : Pylontech, Victron/BYD, SMA, Pytes, Discover, LuxPower, Deye",
        "LV-CAN: Pylontech, Victron/BYD, SMA, Pytes, Discover, LuxPower, Deye",
    ),
    link="can",
    formats=("candump", "slcan", "trc"),
    open=_open,
    options=(
        Option(
            "dialect",
            (
                "ce que la batterie envoie : pylontech, victron (BYD, Pytes, JBD, REC), sma, pytes "
                "(0x400), discover, luxpower (EG4), deye",
                "what the battery sends: pylontech, victron (BYD, Pytes, JBD, REC), sma, pytes "
                "(0x400), discover, luxpower (EG4), deye",
            ),
            "pylontech",
            choices=tuple(DIALECTS),
        ),
        CELL_COUNT,
        POSITIVE,
    ),
    variants=tuple({"dialect": dialect} for dialect in DIALECTS if dialect != "luxpower"),
    turned=("positive_current", "discharge"),
)
