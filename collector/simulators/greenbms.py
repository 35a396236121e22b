"""A Green-BMS on a pseudo-terminal, silent until somebody asks for a page.

Options: `app` (yes: a phone app is connected and turns the pages, so that listening is enough; no),
`speed`.
"""

import threading
from collections.abc import Callable, Mapping
from time import monotonic

from ..drivers.base import OptionError
from ._greenbms_unit import TICK_S, Unit
from .base import Simulator, beats, speed, split
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
        raise OptionError(f"a Green-BMS has one string of at most {MOST_CELLS} cells")
    app = options.get("app", "no")
    if app not in ("yes", "no"):
        raise OptionError(f"app must be yes or no, not {app}")
    return Unit(pack, has_app=app == "yes")


SIMULATOR = Simulator("greenbms", "Green-BMS on its Bluetooth serial line", TRANSPORTS, serve)
