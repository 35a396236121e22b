"""A Libre Solar device: ThingSet text on a pseudo-terminal, binary on CAN, JSON over HTTP.

Options: `device` (bms, mppt: a charge controller), `firmware` of a BMS (v21.0, v23.0, v23.1, main),
`inputs` of its board (default 16, or as many as the pack has cells), `publish` (yes: a report a
second; no), `port` (uart, or shell: the command shell of a USB port), `speed`. On CAN an SLCAN
adapter stands on the pseudo-terminal of `can-pty`.
"""

import threading
from collections.abc import Callable, Mapping
from time import monotonic

from ..drivers.base import OptionError
from ..words import either
from ._can_serving import serve as serve_can
from ._http_service import web
from ._mppt_device import ChargeController
from ._thingset_device import FIRMWARES, ON_REQUEST, Device, written
from ._thingset_talker import Talker
from .base import Simulator, beats, choice, number, speed, split
from .pack import Pack
from .terminal import terminal

TRANSPORTS = ("pty", "can", "can-pty", "http")
BEAT_S = 0.2
BEATS_PER_REPORT = 5
MOST_CELLS = 32
DEVICE = "ts/libresolar"
CHOICES = {
    "device": ("bms", "mppt"),
    "firmware": tuple(FIRMWARES),
    "publish": ("yes", "no"),
    "port": ("uart", "shell"),
}
DEFAULTS = {"device": "bms", "firmware": "main", "publish": "yes", "port": "uart"}
BIT_RATE, OLD_BIT_RATE = 500_000, 250_000


def serve(
    pack: Pack,
    where: str,
    stop: threading.Event,
    options: Mapping[str, str],
    ready: Callable[[str], None],
) -> None:
    """See `simulators.base.Serve`."""
    transport, rest = split(where, TRANSPORTS)
    device, publishes, fast = _device(pack, options), _choice(options, "publish"), speed(options)
    if transport == "http":
        _serve_web(device, rest, stop, fast, ready)
    elif transport == "pty":
        _serve_line(device, rest, stop, publishes == "yes", fast, ready)
    else:
        is_old = _choice(options, "firmware") == "v21.0"
        on = f"can:{rest}" if transport == "can" else f"pty:{rest}"
        talker = Talker(device, publishes == "yes", fast)
        serve_can(talker, on, OLD_BIT_RATE if is_old else BIT_RATE, stop, ready)


def _serve_line(
    device: Device,
    link: str,
    stop: threading.Event,
    publishes: bool,
    fast: float,
    ready: Callable[[str], None],
) -> None:
    with terminal(link) as port:
        ready(port.path)

        def answer(wait_s: float) -> None:
            """Answer requests until the next beat."""
            until = monotonic() + wait_s
            while (left := until - monotonic()) > 0:
                if requests := port.read(left):
                    port.write(device.receive(requests))

        for beat, passed in enumerate(beats(BEAT_S, stop, answer)):
            device.pack.step(passed * fast)
            if publishes and beat % BEATS_PER_REPORT == 0:
                port.write(device.report())


def _serve_web(
    device: Device, rest: str, stop: threading.Event, fast: float, ready: Callable[[str], None]
) -> None:
    """A gateway that knows this device as `ts/DEVICE`; it answers groups and items."""
    lock = threading.Lock()

    def answer(path: str) -> bytes | None:
        group, _, item = path.removeprefix(f"{DEVICE}/").partition("/")
        with lock:
            items = device.groups().get(group)
        if items is None or (item and item not in items):
            return None
        return (items[item] if item else written(items, without=ON_REQUEST)).encode()

    with web(rest, answer) as address:
        ready(f"{address}/{DEVICE}")
        for passed in beats(BEAT_S, stop):
            with lock:
                device.pack.step(passed * fast)


def _device(pack: Pack, options: Mapping[str, str]) -> Device:
    if _choice(options, "device") == "mppt":
        return ChargeController(pack)
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
    (
        "BMS ou MPPT Libre Solar, ThingSet sur ligne série, CAN ou HTTP",
        "Libre Solar BMS or MPPT, ThingSet on a serial line, CAN or HTTP",
    ),
    TRANSPORTS,
    serve,
)
