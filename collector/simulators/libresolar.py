"""A Libre Solar BMS on a pseudo-terminal: ThingSet text, pushed and on request.

Options: `firmware` (v21.0, v23.0, v23.1, main), `inputs` of the board (default 16, or as many as
the pack has cells), `publish` (yes: a report a second; no), `port` (uart, or shell: the command
shell of a USB port), `speed`.
"""

import threading
from collections.abc import Callable, Mapping
from time import monotonic

from ..drivers.base import OptionError
from ..words import either
from ._thingset_device import FIRMWARES, Device
from .base import Simulator, beats, choice, number, speed, split
from .pack import Pack
from .terminal import terminal

TRANSPORTS = ("pty",)
BEAT_S = 0.2
BEATS_PER_REPORT = 5
MOST_CELLS = 32
CHOICES = {"firmware": tuple(FIRMWARES), "publish": ("yes", "no"), "port": ("uart", "shell")}
DEFAULTS = {"firmware": "main", "publish": "yes", "port": "uart"}


def serve(
    pack: Pack,
    where: str,
    stop: threading.Event,
    options: Mapping[str, str],
    ready: Callable[[str], None],
) -> None:
    """See `simulators.base.Serve`."""
    _, link = split(where, TRANSPORTS)
    device, publishes, fast = _device(pack, options), _choice(options, "publish"), speed(options)
    with terminal(link) as port:
        ready(port.path)

        def answer(wait_s: float) -> None:
            """Answer requests until the next beat."""
            until = monotonic() + wait_s
            while (left := until - monotonic()) > 0:
                if requests := port.read(left):
                    port.write(device.receive(requests))

        for beat, passed in enumerate(beats(BEAT_S, stop, answer)):
            pack.step(passed * fast)
            if publishes == "yes" and beat % BEATS_PER_REPORT == 0:
                port.write(device.report())


def _device(pack: Pack, options: Mapping[str, str]) -> Device:
    cells = len(pack.cell_voltages)
    if pack.spec.strings > 1 or cells > MOST_CELLS:
        raise OptionError(
            either(
                f"un BMS Libre Solar a une seule chaîne, d'au plus {MOST_CELLS} cellules",
                f"a Libre Solar BMS has one string of at most {MOST_CELLS} cells",
            )
        )
    inputs = round(number(options, "inputs", max(16, cells), cells, MOST_CELLS))
    has_shell = _choice(options, "port") == "shell"
    return Device(pack, _choice(options, "firmware"), inputs, has_shell=has_shell)


def _choice(options: Mapping[str, str], name: str) -> str:
    return choice(options, name, CHOICES[name], DEFAULTS[name])


SIMULATOR = Simulator(
    "libresolar",
    ("BMS Libre Solar, ThingSet sur ligne série", "Libre Solar BMS, ThingSet on a serial line"),
    TRANSPORTS,
    serve,
)
