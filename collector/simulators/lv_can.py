"""A low-voltage battery as it talks to an inverter.

Options: `dialect` as for the driver, `speed`.
"""

import threading
from collections.abc import Callable, Mapping

from ..drivers.lv_can import DIALECTS
from ..signals.profile import load
from ._can_serving import TRANSPORTS
from ._can_serving import serve as serve_can
from ._can_talker import Talker
from .base import Simulator, choice, speed
from .pack import Pack

BIT_RATE = 500_000


def serve(
    pack: Pack,
    where: str,
    stop: threading.Event,
    options: Mapping[str, str],
    ready: Callable[[str], None],
) -> None:
    """See `simulators.base.Serve`."""
    profile = load(DIALECTS[choice(options, "dialect", DIALECTS, "pylontech")])
    serve_can(Talker(pack, profile, 0, speed(options)), where, BIT_RATE, stop, ready)


SIMULATOR = Simulator(
    "lv_can",
    (
        "Batterie LV-CAN sur CAN ou derrière un adaptateur SLCAN",
        "LV-CAN battery on CAN or behind an SLCAN adapter",
    ),
    TRANSPORTS,
    serve,
)
