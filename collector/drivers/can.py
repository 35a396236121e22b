"""Any BMS on a CAN bus, described by a profile (`collector.signals.profile` says how).

It listens. A BMS that only answers is asked if `transmit` says so, and then only what the profiles
that come with the collector contain.
"""

from ..signals.profile import names
from ._can_profile import ADDRESS, CELL_COUNT, POSITIVE, opened, shipped_questions
from .base import Driver, Option

DRIVER = Driver(
    code="can",
    title=("Profil CAN (JK, Daly, Orion, …)", "CAN profile (JK, Daly, Orion, …)"),
    link="can",
    formats=("candump", "slcan", "trc"),
    open=lambda asset, options: opened(asset, options["profile"], options),
    options=(
        Option(
            "profile",
            (
                f"profil : {', '.join(names())}, ou le chemin d'un fichier .toml, relatif à celui "
                "de la configuration",
                f"profile: {', '.join(names())}, or the path of a .toml file, relative to that of "
                "the configuration",
            ),
            "generic",
            suffix=".toml",
        ),
        ADDRESS,
        CELL_COUNT,
        POSITIVE,
        Option(
            "transmit",
            (
                "yes : interroger un BMS qui ne parle pas de lui-même ; la liaison doit alors "
                "avoir acknowledge = true",
                "yes: ask a BMS that does not talk by itself; its link then needs "
                "acknowledge = true",
            ),
            "no",
            choices=("no", "yes"),
        ),
    ),
    sends=shipped_questions(),
    variants=tuple(
        {"profile": name}
        for name in names()
        if not name.startswith("lv_") and name not in ("generic", "pytes", "daly")
    ),
    turned=("positive_current", "discharge"),
)
