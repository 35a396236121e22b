"""A Green-BMS on a pseudo-terminal, silent until somebody asks for a page.

Options: `app` (yes: a phone app is connected and turns the pages, so that listening is enough; no),
`speed`.
"""

import threading
from collections.abc import Callable, Mapping
from time import monotonic

from ..drivers.base import OptionError
from ..words import either
from ._greenbms_unit import TICK_S, Unit
from .base import Simulator, beats, choice, speed, split
from .pack import Pack
from .terminal import terminal

TRANSPORTS = ("pty",)
MOST_CELLS = 40


def serve(
    pack: Pack,
    where: str,
    stop: threading.Event,
    options: Mapping[str, str],
    ready: Callable[[str], None],
) -> None:
    """See `simulators.base.Serve`."""
    _, link = split(where, TRANSPORTS)
    unit, fast = _unit(pack, options), speed(options)
    start = monotonic()
    with terminal(link) as port:
        ready(port.path)

        def listen(wait_s: float) -> None:
            """Obey commands until the next beat."""
            until = monotonic() + wait_s
            while (left := until - monotonic()) > 0:
                if commands := port.read(left):
                    unit.receive(commands, monotonic() - start)

        for passed in beats(TICK_S, stop, listen):
            pack.step(passed * fast)
            port.write(unit.tick(monotonic() - start))


def _unit(pack: Pack, options: Mapping[str, str]) -> Unit:
    if pack.spec.strings > 1 or len(pack.cell_voltages) > MOST_CELLS:
        raise OptionError(
            either(
                f"un Green-BMS a une seule chaîne, d'au plus {MOST_CELLS} cellules",
                f"a Green-BMS has one string of at most {MOST_CELLS} cells",
            )
        )
    return Unit(pack, has_app=choice(options, "app", ("yes", "no"), "no") == "yes")


SIMULATOR = Simulator(
    "greenbms",
    ("Green-BMS sur sa ligne série Bluetooth", "Green-BMS on its Bluetooth serial line"),
    TRANSPORTS,
    serve,
)
